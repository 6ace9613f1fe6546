"""Invoices: one line for each package that was opened, never changed, and a mark when it was handed over.

Of one that a mailing has made, somebody is told: that this is still to be done is written with it.

The bill of the supplier is compared with what was drawn: parts per local month and invoice node.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment, Period
from smsctl.domain.package import PackageTerms
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


class UntoldInvoice(NamedTuple):
    """An invoice that a mailing has made, and of which nobody was told yet."""

    number: int
    price_ore: int
    mailing: int
    reference: str  # of the mailing


_UNTOLD = "untold-invoice "


def make(
    ledger: Ledger, municipality: str, package: int, terms: PackageTerms, moment: Moment, mailing: int | None
) -> None:
    """Make the invoice of a package, in the transaction that opens it; without a mailing, a person does."""
    number = ledger.number("SELECT MAX(number) FROM invoices") + 1
    ledger.insert(
        "invoices",
        number=number,
        municipality=municipality,
        package=package,
        day=moment.day,
        parts=terms.size,
        price_ore=terms.price_ore,
    )
    if mailing is not None:  # whoever opens one by hand sees it
        name = f"{_UNTOLD}{number}"
        ledger.write_later("INSERT INTO facts (name, value) VALUES (?, ?)", name, str(mailing))


def untold(ledger: Ledger) -> list[UntoldInvoice]:
    """Return the invoices of which nobody was told, the oldest first."""
    marks = ledger.rows("SELECT name, value FROM facts WHERE name LIKE 'untold-invoice %'")
    found = []
    for number, mailing in sorted((int(name.removeprefix(_UNTOLD)), int(value)) for name, value in marks):
        row = ledger.one(
            "SELECT i.number, i.price_ore, g.id, g.reference FROM invoices i JOIN mailings g ON g.id = ?"
            " WHERE i.number = ?",
            mailing,
            number,
        )
        found += [UntoldInvoice(*row)] if row else []
    return found


def are_told(ledger: Ledger, told: Iterable[UntoldInvoice]) -> None:
    """Write that somebody was told of these, in a transaction of its own."""
    with ledger.transaction():
        for one in told:
            ledger.write("DELETE FROM facts WHERE name = ?", f"{_UNTOLD}{one.number}")


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
    note_of_list(ledger, None)


_LIST = "list-of-invoices"


def list_without_marks(ledger: Ledger) -> tuple[str, str] | None:
    """Return the day and the place of a list that was to be written, and whose invoices are not marked."""
    noted = ledger.fact(_LIST)
    day, _, place = (noted or "").partition(" ")
    return (day, place) if noted else None


def note_of_list(ledger: Ledger, noted: tuple[str, str] | None) -> None:
    """Note the day and the place of a list that is about to be written, in the open transaction; or none."""
    if noted:
        ledger.keep_fact(_LIST, " ".join(noted))
    else:
        ledger.write("DELETE FROM facts WHERE name = ?", _LIST)


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
