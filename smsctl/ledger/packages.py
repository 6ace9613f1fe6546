"""Packages and the entries that draw on them: the only place where parts become money.

What must stay true: the sum of a municipality's entries is the parts of its messages that cost; no
package holds more than its size; numbers have no gaps; every package has exactly one invoice.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import COSTS, Status
from smsctl.domain.moment import Moment
from smsctl.domain.municipality import ServiceState
from smsctl.domain.package import Draw, Package, PackageTerms, draw
from smsctl.ledger import costs, counts
from smsctl.ledger.store import Ledger

OUTSIDE = 0
"""The package number of parts that belong to no package."""

_CLOCKS_DIFFER = timedelta(days=2)


class Booking(NamedTuple):
    """On whose account parts are booked, and by which mailing and batch."""

    municipality: str
    mailing: int
    batch: int | None
    terms: PackageTerms | None  # None: this municipality has no packages
    may_open: bool  # False for `test`: what does not fit is booked outside any package


def on_account_of(mailing: Mailing, batch: int | None) -> Booking:
    """Return on whose account the parts of a mailing's batch are booked."""
    return Booking(
        municipality=mailing.municipality.key,
        mailing=mailing.id,
        batch=batch,
        terms=mailing.municipality.package,
        may_open=mailing.kind == "send",
    )


def packages_of(ledger: Ledger, municipality: str) -> tuple[Package, ...]:
    """Return the packages that matter now, by number: those with room that are not closed, and the newest.

    The parts on the wire are reserved on the first with room.
    """
    reserved = parts_in_flight(ledger, municipality)
    found: list[Package] = []
    for one in with_what_is_drawn(ledger, municipality):
        here = min(reserved, one.size - one.used)
        reserved -= here
        found.append(one._replace(reserved=here))
    return tuple(found)


def with_what_is_drawn(ledger: Ledger, municipality: str) -> list[Package]:
    """Return the packages as `packages_of`, with nothing reserved on them."""
    found = ledger.rows(
        "SELECT number, size, price_ore, used FROM packages WHERE municipality = ?"
        " AND ((used < size AND closed_day IS NULL)"
        "  OR number = (SELECT MAX(number) FROM packages WHERE municipality = ?)) ORDER BY number",
        municipality,
        municipality,
    )
    return [Package(number=n, size=size, price_ore=ore, used=used) for n, size, ore, used in found]


def parts_in_flight(ledger: Ledger, municipality: str, mailing: int | None = None) -> int:
    """Return the parts of batches that are marked and not yet settled, of all mailings or of one."""
    return ledger.number(
        "SELECT COALESCE(SUM(parts), 0) FROM batches"
        " WHERE municipality = ? AND settled_at IS NULL AND mailing = COALESCE(?, mailing)",
        municipality,
        mailing,
    )


EXPIRED = "decision IS NULL AND at_once = 0 AND expires_at <= ?"
"""Of an approval: nobody has given it in time, which no writer has noted yet."""

OVER = (
    "SELECT mailing FROM approvals WHERE ([EXPIRED]) OR (decision = 'expired' AND EXISTS (SELECT 1"
    " FROM mailing_counts w WHERE w.mailing = approvals.mailing AND w.state = 'pending' AND w.messages > 0))"
).replace("[EXPIRED]", EXPIRED)
"""The mailings of those, and of which some is pending still."""

_HALF_DONE = (
    "SELECT 1 FROM batches WHERE settled_at IS NULL UNION ALL SELECT 1 FROM openings"
    " UNION ALL SELECT 1 FROM mailings WHERE half_cancelled = 1 UNION ALL [OVER] LIMIT 1"
).replace("[OVER]", OVER)


def anything_half_done(ledger: Ledger, now: str) -> bool:
    """Say whether a batch is on the wire or a mailing is being opened, or was when a process died.

    Or whether a mailing waits that nobody has approved in time, or is cancelled in part.
    """
    return ledger.one(_HALF_DONE, now) is not None


def parts_on_day(ledger: Ledger, municipality: str, day: str) -> int:
    """Return the parts that cost of the batches claimed on a local day or later, on the wire or drawn.

    Later than today is what a clock that was ahead has dated: it counts as sent today.

    Taken from the messages' states and not from the entries: a correction is entered on the day it is
    made, and must not make room on that day for what was sent on another.
    """
    found = ledger.rows(
        "SELECT state, parts FROM day_counts WHERE municipality = ? AND day >= ?", municipality, day
    )
    return sum(int(parts) for state, parts in found if Status(state) in COSTS)


def parts_of_user_on_day(ledger: Ledger, user: str, day: str) -> int:
    """Return the parts that cost of the batches claimed on a local day or later, of what the user began."""
    # Ids rise with time but for a clock that went back, so that not every batch there ever was is looked at.
    long_before = (date.fromisoformat(day) - _CLOCKS_DIFFER).isoformat()
    return ledger.number(
        "WITH today AS (SELECT b.id, b.mailing, b.parts, b.settled_at FROM batches b"
        " JOIN mailings g ON g.id = b.mailing WHERE b.claimed_day >= ? AND g.created_by = ?"
        "  AND b.id > COALESCE((SELECT id FROM batches WHERE claimed_day < ? ORDER BY id DESC LIMIT 1), 0))"
        " SELECT (SELECT COALESCE(SUM(parts), 0) FROM today WHERE settled_at IS NULL)"
        " + (SELECT COALESCE(SUM(e.parts), 0) FROM entries e JOIN today ON today.id = e.batch"
        "  WHERE e.mailing IN (SELECT mailing FROM today))",
        day,
        user,
        long_before,
    )


def parts_of_mailing(ledger: Ledger, mailing: Mailing) -> int:
    """Return the parts that the mailing costs so far, on the wire or drawn."""
    return _cost(counts.of_mailing(ledger, mailing.id))


def opened_for(ledger: Ledger, mailing: Mailing) -> int:
    """Return how many new packages count against the mailing's ceiling.

    Those that it opened itself; and those that another mailing, since this one was made, opened beyond its
    own ceiling. The other was planned for the room left in a package, and this one may have used that up.
    """
    counted = 0
    for opener, allowed, opened, since in ledger.rows(
        "SELECT g.id, g.max_new_packages, COUNT(*), SUM(CASE WHEN p.opened_at >= ? THEN 1 ELSE 0 END)"
        " FROM packages p JOIN mailings g ON g.id = p.opened_by_mailing"
        " WHERE p.municipality = ? GROUP BY g.id, g.max_new_packages",
        mailing.created_at,
        mailing.municipality.key,
    ):
        if opener == mailing.id:
            counted += opened
        elif allowed is not None:
            counted += min(since, max(opened - allowed, 0))
    return counted


def draws_of_mailing(ledger: Ledger, mailing: int) -> tuple[Draw, ...]:
    """Return what a mailing has drawn, one Draw per package; OUTSIDE carries size 0 and price 0."""
    found = ledger.rows(
        "SELECT e.package, SUM(e.parts), MAX(COALESCE(p.opened_by_mailing, 0)),"
        " MAX(COALESCE(p.size, 0)), MAX(COALESCE(p.price_ore, 0))"
        " FROM entries e LEFT JOIN packages p ON p.municipality = e.municipality AND p.number = e.package"
        " WHERE e.mailing = ? GROUP BY e.package ORDER BY e.package",
        mailing,
    )
    return tuple(
        Draw(package=package, parts=parts, opens=opener == mailing, size=size, price_ore=price)
        for package, parts, opener, size, price in found
    )


def open_package(
    ledger: Ledger, municipality: str, terms: PackageTerms, moment: Moment, mailing: int | None
) -> int:
    """Open the municipality's next package and make its invoice, in the open transaction."""
    number = ledger.number("SELECT MAX(number) FROM packages WHERE municipality = ?", municipality) + 1
    ledger.insert(
        "packages",
        municipality=municipality,
        number=number,
        size=terms.size,
        price_ore=terms.price_ore,
        opened_at=moment.at,
        opened_day=moment.day,
        opened_by_mailing=mailing,
    )
    from smsctl.ledger import invoices  # seldom needed

    invoices.make(ledger, municipality, number, terms, moment, mailing)
    return number


def any_invoice_untold(ledger: Ledger) -> bool:
    """Say whether a mailing has made an invoice of which nobody was told (`smsctl.ledger.invoices`)."""
    return ledger.one("SELECT 1 FROM facts WHERE name LIKE 'untold-invoice %' LIMIT 1") is not None


def book(ledger: Ledger, booking: Booking, parts: int, moment: Moment, reason: str) -> None:
    """Draw `parts` from the municipality's packages, or give them back when negative.

    Runs in the transaction that changes the messages' states.
    """
    if parts > 0:
        for package, taken in _sources(ledger, booking, parts, moment):
            _enter(ledger, booking, package, taken, moment, reason)
    elif parts < 0:
        _give_back(ledger, booking, -parts, moment, reason)


def book_change(
    ledger: Ledger,
    mailing: Mailing,
    batch: int | None,
    before: counts.Sums,
    after: counts.Sums,
    moment: Moment,
    reason: str,
) -> None:
    """Draw or give back, in the open transaction, what the messages cost more or less than before."""
    book(ledger, on_account_of(mailing, batch), _cost(after) - _cost(before), moment, reason)


def _cost(states: counts.Sums) -> int:
    return sum(one.parts for state, one in states.items() if state in COSTS)


def _sources(ledger: Ledger, booking: Booking, parts: int, moment: Moment) -> Iterable[tuple[int, int]]:
    if booking.terms is None:
        return [(OUTSIDE, parts)]
    # What other batches reserve is drawn when they settle; here only what is really left counts.
    draws = draw(with_what_is_drawn(ledger, booking.municipality), parts, booking.terms)
    if not any(one.opens for one in draws):
        return [(one.package, one.parts) for one in draws]
    if booking.may_open and not _has_ended(ledger, booking.municipality):
        for one in draws:
            if one.opens:
                open_package(ledger, booking.municipality, booking.terms, moment, booking.mailing)
        return [(one.package, one.parts) for one in draws]
    inside = [(one.package, one.parts) for one in draws if not one.opens]
    rest = parts - sum(taken for _, taken in inside)
    return [*inside, (OUTSIDE, rest)] if rest else inside


def _has_ended(ledger: Ledger, municipality: str) -> bool:
    """Say whether the service was ended while the parts were on the wire: then no package is opened.

    It may even have been ordered again meanwhile.
    """
    row = ledger.one("SELECT state FROM municipalities WHERE municipality = ?", municipality)
    return row is not None and row[0] != ServiceState.ACTIVE


def _give_back(ledger: Ledger, booking: Booking, parts: int, moment: Moment, reason: str) -> None:
    """Correct on the packages the batch's parts came from, the newest first."""
    drawn = ledger.rows(
        "SELECT package, SUM(parts) FROM entries"
        " WHERE mailing = ? AND COALESCE(batch, 0) = COALESCE(?, batch, 0)"
        " GROUP BY package HAVING SUM(parts) > 0 ORDER BY package DESC",
        booking.mailing,
        booking.batch,
    )
    for package, there in drawn:
        taken = min(parts, there)
        if taken:
            _enter(ledger, booking, package, -taken, moment, reason)
            parts -= taken
    if parts:
        message = "more parts are given back than were drawn"
        raise AssertionError(message)


def _enter(ledger: Ledger, booking: Booking, package: int, parts: int, moment: Moment, reason: str) -> None:
    keys = {"municipality": booking.municipality, "day": moment.day, "package": package}
    ledger.append(
        "entries",
        at=moment.at,
        **keys,
        mailing=booking.mailing,
        batch=booking.batch,
        parts=parts,
        reason=reason,
    )
    ledger.add("day_parts", keys, parts=parts)
    costs.enter(ledger, booking.municipality, booking.mailing, booking.batch, package, parts, moment.day)
    if package != OUTSIDE:
        ledger.write_later(
            "UPDATE packages SET used = used + ?, used_up_day = CASE WHEN used + ? = size THEN ? END"
            " WHERE municipality = ? AND number = ?",
            parts,
            parts,
            moment.day,
            booking.municipality,
            package,
        )
