"""Invoices: one line for each package that was opened, never changed, and a mark when it was handed over.

The bill of the supplier is compared with what was drawn: parts per local month and invoice node.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment, Period
from smsctl.errors import RuleError, say
from smsctl.ledger import audit
from smsctl.ledger.store import Ledger


class Invoice(NamedTuple):
    """One line of a bill: a package at the price it was opened for."""

    number: int
    municipality: str
    package: int
    day: str  # 2026-11-22, local: when the package opened
    parts: int
    price_ore: int  # without VAT
    handed_over_day: str | None  # to whoever pays; None: not yet


def invoices_of(
    ledger: Ledger, municipality: str | None = None, *, only_new: bool = False
) -> tuple[Invoice, ...]:
    """Return the invoices of one municipality or of all, oldest first; `only_new`: not yet handed over."""
    found = ledger.records(
        "SELECT number, municipality, package, day, parts, price_ore, handed_over_day FROM invoices"
        " WHERE municipality = COALESCE(?, municipality) AND (? = 0 OR handed_over_day IS NULL)"
        " ORDER BY number",
        municipality,
        int(only_new),
    )
    return tuple(Invoice(**one) for one in found)


def prices_of(ledger: Ledger, mailing: int) -> list[int]:
    """Return the prices in öre of the packages that a mailing has opened, oldest first."""
    found = ledger.rows(
        "SELECT price_ore FROM packages WHERE opened_by_mailing = ? ORDER BY municipality, number", mailing
    )
    return [int(price_ore) for (price_ore,) in found]


_HAND_OVER = (
    "UPDATE invoices SET handed_over_day = ?, handed_over_at = ? WHERE number = ? AND handed_over_day IS NULL"
)


def hand_over(ledger: Ledger, handed: Sequence[Invoice], moment: Moment, actor: Actor) -> None:
    """Mark invoices as handed over, in the open transaction. Raises RuleError where one is already."""
    for one in handed:
        if not ledger.write(_HAND_OVER, moment.day, moment.at, one.number):
            raise RuleError(
                say(
                    "Somebody else has handed over invoice {number} meanwhile: nothing is marked, and this"
                    " list is not to be used.",
                    number=one.number,
                ),
                hint=say("Write the list once more, to another file."),
            )
        subject, detail = f"invoice {one.number}", _detail(one.municipality, one.package)
        audit.record(ledger, moment, actor, "hand-over", subject, detail)


def take_back(
    ledger: Ledger, municipality: str | None, moment: Moment, actor: Actor, *, even_earlier: bool = False
) -> tuple[Invoice, ...]:
    """Take back the marks that were made last, in the open transaction; return the invoices, unmarked.

    Those of one export have the same time; of marks that were made before it was kept, the latest day counts.
    Raises RuleError where those are taken back already, as by another host, and `even_earlier` is not meant.
    """
    latest = ledger.one(
        "SELECT MAX(COALESCE(handed_over_at, handed_over_day)) FROM invoices"
        " WHERE municipality = COALESCE(CAST(? AS TEXT), municipality)",
        municipality,
    )
    if latest and latest[0] and not even_earlier:
        _must_be_the_last(ledger, municipality, str(latest[0]))
    found = ledger.records(
        "SELECT number, municipality, package, day, parts, price_ore, NULL AS handed_over_day FROM invoices"
        " WHERE municipality = COALESCE(CAST(? AS TEXT), municipality)"
        " AND COALESCE(handed_over_at, handed_over_day) = ? ORDER BY number",
        municipality,
        latest[0] if latest else None,
    )
    taken = tuple(Invoice(**one) for one in found)
    for one in taken:
        ledger.write(
            "UPDATE invoices SET handed_over_day = NULL, handed_over_at = NULL WHERE number = ?", one.number
        )
        subject, detail = f"invoice {one.number}", _detail(one.municipality, one.package)
        audit.record(ledger, moment, actor, "hand-over-undone", subject, detail)
    return taken


def _detail(municipality: str | None, package: object) -> str:
    return f"{municipality}, package {package}"


def _must_be_the_last(ledger: Ledger, municipality: str | None, marked: str) -> None:
    """Raise RuleError where marks that were made later than these have been there, as the audit tells."""
    newest = ledger.one(
        "SELECT MAX(at) FROM audit WHERE action = 'hand-over'"
        " AND (CAST(? AS TEXT) IS NULL OR detail BETWEEN ? AND ?)",  # the number of a package is between
        municipality,
        *(_detail(municipality, one) for one in ("0", ":")),
    )
    if newest and newest[0] and str(newest[0])[: len(marked)] > marked:
        raise RuleError(
            say(
                "What was marked last is taken back already, and what was marked before, on {day}, stays so.",
                day=marked[: len("2026-11-22")],
            ),
            hint=say("If that is to be taken back too: smsctl invoices export --undo --all"),
        )


def parts_by_month_and_node(
    ledger: Ledger, period: Period, *, cost_centres_only: bool = False
) -> dict[tuple[str, str], int]:
    """Return the parts drawn per local month and node that the gateway was told to invoice ("": none).

    The node is the cost centre, or the invoice node of the municipality where there is none.

    A correction counts in the month in which it was made.
    """
    drawn: defaultdict[tuple[str, str], int] = defaultdict(int)
    for month, node, parts in ledger.rows(
        "SELECT substr(e.day, 1, 7), COALESCE(b.cost_centre, CASE WHEN ? = 0 THEN g.invoice_node END, ''),"
        " SUM(e.parts)"
        " FROM entries e JOIN mailings g ON g.id = e.mailing LEFT JOIN batches b ON b.id = e.batch"
        " WHERE e.day >= COALESCE(?, '') AND e.day <= COALESCE(?, '9999') GROUP BY 1, 2",
        int(cost_centres_only),
        *period,
    ):
        drawn[month, node] += parts
    return dict(drawn)
