"""A gateway that goes wrong in every known way: what is stored is what the table says, and nothing twice.

Half of the faults are met on a line over which another request has gone before.
"""

import gc
import random
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import pytest

from smsctl.actions.stop_signal import StopReason
from smsctl.domain.gateway import Gateway, Options
from smsctl.domain.mailing import Mailing
from smsctl.domain.secret import Secret
from smsctl.errors import ExitCode
from smsctl.gateways import find
from smsctl.ledger.store import Ledger, open_ledger
from tests.actions.desk import Desk
from tests.gateways.certificates import server_context
from tests.gateways.fault_server import MAX_SILENCE_S, FaultServer, Line
from tests.proof import invariants
from tests.proof.conftest import Scale
from tests.proof.faults import FAULTS, MESSAGES, Fault, Taking, healthy
from tests.proof.weaknesses import Weakness, weakened

# CPython does not close what is reset before its handshake: SSLSocket._create meets ENOTCONN and raises.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Find such sockets here, where they are ignored, and not in whatever test comes next."""
    yield
    gc.collect()


Opener = Callable[[Path], Ledger]
_PER_LEDGER = 250
_CODES = {
    None: ExitCode.OK,
    StopReason.REFUSED: ExitCode.GATEWAY,
    StopReason.UNREACHED: ExitCode.STOPPED,
}


class Gateways:
    """The addresses at which things go wrong; `fault` is what happens there now."""

    def __init__(self, folder: Path, dice: random.Random, open_: ExitStack) -> None:
        self.fault = healthy
        self.taking = Taking(dice)
        self.on_kept_lines = 0
        trusted, self._bundle = server_context(folder)
        plain, secure = (open_.enter_context(self._server(tls)) for tls in (None, trusted))
        deaf = open_.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))  # and does not listen
        self._urls = {
            "http": plain.url,
            "tls": secure.url,
            "not trusted": secure.url,
            "no handshake": plain.url.replace("http:", "https:"),
            "nobody": f"http://127.0.0.1:{deaf.getsockname()[1]}",
            "no such host": "https://no-such-host.invalid",
        }

    def gateway(self, fault: Fault) -> Gateway:
        """Return the gateway as a config would name it."""
        limit_s = 0.2 if fault.hangs else 20.0
        return find("intelecom")(
            Options(
                username="demo",
                password=Secret("proof"),
                service_id=4711,
                url=self._urls[fault.place],
                connect_timeout_s=limit_s,
                read_timeout_s=limit_s,
                total_timeout_s=limit_s * 1.5,
                ca_bundle=self._bundle if fault.place == "tls" else None,
            )
        )

    def _server(self, tls: ssl.SSLContext | None) -> FaultServer:
        def serve(line: Line) -> None:
            fault = self.fault
            fault.serve(line, self.taking)
            while fault is healthy:
                select.select([line.connection], [], [], MAX_SILENCE_S)  # only now is it clear what happens
                fault = self.fault
                self.on_kept_lines += fault is not healthy
                fault.serve(line, self.taking)

        return FaultServer(serve, tls=tls)


class Place(NamedTuple):
    """A ledger, and the gateways."""

    desk: Desk
    gateways: Gateways


@contextmanager
def opened(folder: Path, dice: random.Random, opener: Opener = open_ledger) -> Iterator[Place]:
    with ExitStack() as open_:
        folder.mkdir()
        (folder / "desk").mkdir()
        desk = Desk(folder / "desk", package_size=37, opener=opener)
        open_.callback(desk.ledger.close)
        yield Place(desk, Gateways(folder, dice, open_))


def meet(place: Place, name: str, *, kept: bool = False) -> Mailing:
    """Let one mailing meet the fault, after another or not, and hold what is stored against the table."""
    fault, desk = FAULTS[name], place.desk
    gateway = place.gateways.gateway(fault)
    if kept and fault.place in {"http", "tls"}:
        place.gateways.fault = healthy
        desk.send(desk.mailing(MESSAGES), gateway)
    place.gateways.fault = fault
    mailing = desk.mailing(MESSAGES)
    result = desk.send(mailing, gateway)
    assert tuple(desk.in_order(mailing)) == tuple(fault.states), name
    code = _CODES[fault.stop]
    if {"unknown", "held"} & set(fault.states):
        code = ExitCode.UNSETTLED
    assert (result.stop, result.exit_code) == (fault.stop, code), name
    return mailing


def go_on(place: Place, mailing: Mailing) -> None:
    """Resume where the gateway is well again: what was given back is sent, and nothing else."""
    place.gateways.fault = healthy
    place.desk.send(mailing, place.gateways.gateway(healthy))
    assert "pending" not in place.desk.in_order(mailing)


def drawn(dice: random.Random) -> Iterator[str]:
    """Return every fault once, and then by chance; those that take time come seldom."""
    names = list(FAULTS)
    weights = [0.2 if fault.hangs else 1 for fault in FAULTS.values()]
    once = dice.sample(names, len(names))
    return chain(once, (dice.choices(names, weights)[0] for _ in iter(int, 1)))


def exchanges(folder: Path, dice: random.Random, how_many: int, opener: Opener = open_ledger) -> None:
    """Meet so many faults, one after the other, and compare ledger and gateway."""
    names = drawn(dice)
    on_kept_lines = 0
    for start in range(0, how_many, _PER_LEDGER):
        with opened(folder / f"from {start}", dice, opener) as place:
            for name in islice(names, min(_PER_LEDGER, how_many - start)):
                go_on(place, meet(place, name, kept=dice.random() < 0.5))
            on_kept_lines += place.gateways.on_kept_lines
            ledger = place.desk.ledger if opener is not open_ledger else place.desk.ledger.path
            invariants.compare(ledger, place.gateways.taking.accepted, rows=MESSAGES)
    assert on_kept_lines > how_many / 10


def test_every_fault_leaves_what_the_table_says_and_nothing_is_sent_twice(
    in_memory: Path, dice: random.Random, scale: Scale
) -> None:
    assert len(FAULTS) >= 20
    exchanges(in_memory, dice, scale.of(short=500, long=50_000))


def test_every_fault_leaves_the_same_in_a_ledger_on_a_server(
    in_memory: Path, dice: random.Random, scale: Scale, shared_ledgers: Opener
) -> None:
    exchanges(in_memory, dice, scale.of(short=len(FAULTS), long=10_000), shared_ledgers)


@pytest.mark.parametrize(
    ("weakness", "name"),
    [
        (Weakness.NOTHING_EVER_LEFT, "reset after reading"),
        (Weakness.NOTHING_EVER_LEFT, "no answer"),
        (Weakness.ANY_ERROR_IS_A_REFUSAL, "503"),
    ],
)
def test_the_table_finds_a_missing_guard(
    in_memory: Path, dice: random.Random, weakness: Weakness, name: str
) -> None:
    with (
        opened(in_memory / "place", dice) as place,
        weakened(weakness),
        pytest.raises(AssertionError, match=name),
    ):
        meet(place, name)


def test_without_the_phase_marker_messages_go_out_twice(in_memory: Path, dice: random.Random) -> None:
    with opened(in_memory / "place", dice) as place, weakened(Weakness.NOTHING_EVER_LEFT):
        for _ in range(20):
            mailing = place.desk.mailing(MESSAGES)
            place.gateways.fault = FAULTS["closed unanswered"]
            place.desk.send(mailing, place.gateways.gateway(place.gateways.fault))
            go_on(place, mailing)
        with pytest.raises(AssertionError, match="I1:"):
            invariants.compare(place.desk.ledger.path, place.gateways.taking.accepted)
