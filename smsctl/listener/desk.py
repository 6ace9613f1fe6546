"""Where what came in is stored: many requests wait, one thread writes, and each group shares a commit.

What must stay true: `hand_in` says yes only after the commit that holds what was handed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event

from smsctl.domain.push import Parcel
from smsctl.errors import SmsctlError

Store = Callable[[Sequence[Parcel]], None]
"""Stores all parcels durably, or raises and stores none."""

_LONGEST_WAIT_S = 50  # Intelecom gives up after 60 (wire/puzzel.md, "Delivery reports")
_LOOK_UP_S = 0.5
_GROUP = 64


@dataclass(slots=True)
class _Case:
    """One parcel on the desk."""

    parcel: Parcel
    stored: bool = False
    done: Event = field(default_factory=Event)


class Desk:
    """Takes parcels from any thread; one thread, which owns the ledger, serves."""

    def __init__(
        self, store: Store, *, on_trouble: Callable[[Exception], None], on_turn: Callable[[], object]
    ) -> None:
        """`on_trouble` hears why a group was not stored; `on_turn` is called between groups."""
        self._store = store
        self._on_trouble = on_trouble
        self._on_turn = on_turn
        self._cases: SimpleQueue[_Case] = SimpleQueue()

    def hand_in(self, parcel: Parcel) -> bool:
        """Wait until the parcel is stored; False: it is not, or not yet."""
        case = _Case(parcel)
        self._cases.put(case)
        case.done.wait(_LONGEST_WAIT_S)
        return case.stored

    def serve(self, closed: Event) -> None:
        """Store what is handed in, until the door is closed and nobody waits."""
        while True:
            group = self._next_group()
            if group:
                self._store_group(group)
            elif closed.is_set():
                return
            self._on_turn()

    def _next_group(self) -> list[_Case]:
        group: list[_Case] = []
        try:
            group.append(self._cases.get(timeout=_LOOK_UP_S))
            while len(group) < _GROUP:
                group.append(self._cases.get_nowait())
        except Empty:
            pass
        return group

    def _store_group(self, group: list[_Case]) -> None:
        try:
            self._store([case.parcel for case in group])
        except SmsctlError as error:  # the ledger's trouble is everybody's
            self._on_trouble(error)
        except Exception as error:  # noqa: BLE001  # one parcel must not keep the others out
            if len(group) > 1:
                for case in group:
                    self._store_group([case])
                return
            self._on_trouble(error)
        else:
            for case in group:
                case.stored = True
        for case in group:
            case.done.set()
