"""What a municipality has used, out of the sums: the cost of asking does not grow with the messages."""

from collections.abc import Mapping
from typing import NamedTuple

from smsctl.domain.message import COSTS, Status
from smsctl.domain.package import Package
from smsctl.ledger import packages
from smsctl.ledger.store import Ledger


class Month(NamedTuple):
    """One local month: messages that cost, and the parts drawn in it."""

    month: str  # 2026-11
    messages: int
    parts: int


class Usage(NamedTuple):
    """Everything that `usage` tells of one municipality."""

    municipality: str
    packages: tuple[Package, ...]
    parts: int  # drawn, and reserved for what is on the wire
    parts_outside: int  # of these, outside any package
    states: Mapping[Status, int]
    months: tuple[Month, ...]  # oldest first

    @property
    def messages(self) -> int:
        """Messages that cost."""
        return sum(n for state, n in self.states.items() if state in COSTS)

    @property
    def package(self) -> Package | None:
        """The package the next part comes from; the last one where none has room."""
        with_room = [one for one in self.packages if one.left > 0]
        return with_room[0] if with_room else next(reversed(self.packages), None)


def usage(ledger: Ledger, municipality: str) -> Usage:
    """Return the usage of one municipality; all zero where nothing was sent."""
    drawn: dict[int, int] = dict(
        ledger.rows(
            "SELECT package, SUM(parts) FROM day_parts WHERE municipality = ? GROUP BY package", municipality
        )
    )
    return Usage(
        municipality=municipality,
        packages=packages.packages_of(ledger, municipality),
        parts=sum(drawn.values()) + packages.parts_in_flight(ledger, municipality),
        parts_outside=drawn.get(packages.OUTSIDE, 0),
        states=_states(ledger, municipality),
        months=_months(ledger, municipality),
    )


def known_municipalities(ledger: Ledger) -> tuple[str, ...]:
    """Return every municipality the ledger has heard of, also those no longer in the config."""
    found = ledger.rows(
        "SELECT municipality FROM municipalities UNION SELECT municipality FROM day_counts ORDER BY 1"
    )
    return tuple(municipality for (municipality,) in found)


def _states(ledger: Ledger, municipality: str) -> dict[Status, int]:
    found = ledger.rows(
        "SELECT state, SUM(messages) FROM day_counts WHERE municipality = ?"
        " GROUP BY state HAVING SUM(messages) > 0",
        municipality,
    )
    return {Status(state): messages for state, messages in found}


def _months(ledger: Ledger, municipality: str) -> tuple[Month, ...]:
    messages: dict[str, int] = {}
    for month, state, n in ledger.rows(
        "SELECT substr(day, 1, 7), state, SUM(messages) FROM day_counts WHERE municipality = ? GROUP BY 1, 2",
        municipality,
    ):
        if Status(state) in COSTS:
            messages[month] = messages.get(month, 0) + n
    parts: dict[str, int] = dict(
        ledger.rows(
            "SELECT substr(day, 1, 7), SUM(parts) FROM day_parts WHERE municipality = ? GROUP BY 1",
            municipality,
        )
    )
    return tuple(
        Month(month=month, messages=messages.get(month, 0), parts=parts.get(month, 0))
        for month in sorted(messages.keys() | parts.keys())
    )
