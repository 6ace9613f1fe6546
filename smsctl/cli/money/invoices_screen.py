"""Invoices on a screen, in an envelope and in a file; and the supplier's bill beside our figures."""

from collections.abc import Callable, Sequence

from smsctl.actions.compare import ComparedLine as Compared
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Text, TextLine, Tone
from smsctl.cli.output.fields import Field, as_it_is, count_of, data_of, money_of, table_of
from smsctl.errors import Sentence, say, say_n
from smsctl.ledger.invoices import Invoice

CURRENCY = "SEK"


def _fields(called: Callable[[str], str] = str) -> list[Field[Invoice]]:
    return [
        Field("number", lambda one: one.number, say("Invoice"), right=True),
        Field("municipality", lambda one: one.municipality, say("Municipality"), called),
        Field("package", lambda one: one.package, say("Package"), right=True),
        Field("date", lambda one: one.day, say("Date")),
        count_of("parts", lambda one: one.parts, say("Parts")),
        money_of("price_ore", lambda one: one.price_ore, say("Price")),
        Field("currency", lambda _: CURRENCY),
        Field("handed_over", lambda one: one.handed_over_day, say("Handed over"), _day, written=as_it_is),
    ]


def data(invoices: Sequence[Invoice]) -> list[dict[str, object]]:
    """Return the invoices for the envelope; the price is in öre."""
    return [data_of(_fields(), one) for one in invoices]


def fields(called: Callable[[str], str]) -> list[Field[Invoice]]:
    """Return the columns of a file: as a screen has them, and the municipality's key beside its name."""
    number, *others = _fields(called)
    key: Field[Invoice] = Field("", lambda one: one.municipality, say("Key"))
    return [number, key, *others, Field("", lambda _: CURRENCY, say("Currency"))]


def listed(invoices: Sequence[Invoice], called: Callable[[str], str]) -> list[Block]:
    """Return the list, and the sum of what was not handed over; `called` gives a municipality's name."""
    if not invoices:
        return [TextLine(say("There are no invoices: no package was opened."))]
    new = [one for one in invoices if one.handed_over_day is None]
    return [table_of(_fields(called), invoices), TextLine(_not_handed_over(new))]


def exported(invoices: Sequence[Invoice], path: object, *, marked: bool) -> list[Block]:
    """Return what was written to a file."""
    if not invoices:
        return [
            TextLine(say("No invoice is new; {path} holds only the headings.", path=path)),
            TextLine(say("Also those that were handed over before: --all")),
        ]
    written = say_n(
        "{n} invoice written to {path}.", "{n} invoices written to {path}.", n=len(invoices), path=path
    )
    lines: list[Block] = [TextLine(written, Tone.GOOD)]
    if marked:
        lines.append(TextLine(say("They are marked as handed over.")))
    return lines


def taken_back(invoices: Sequence[Invoice]) -> list[Block]:
    """Return which marks were taken back."""
    if not invoices:
        return [TextLine(say("No invoice is marked as handed over. Nothing was changed."))]
    told = say_n(
        "{n} invoice is not marked as handed over any more: {numbers}.",
        "{n} invoices are not marked as handed over any more: {numbers}.",
        n=len(invoices),
        numbers=", ".join(str(one.number) for one in invoices),
    )
    return [TextLine(told, Tone.GOOD)]


def compared(lines: Sequence[Compared]) -> list[Block]:
    """Return the comparison with what the file tells apart, and the sum."""
    if not lines:
        return [TextLine(say("Neither the supplier's file nor the ledger has any parts there."))]
    return [table_of(_compared_fields(lines[0]), lines), _verdict(lines)]


def compared_data(lines: Sequence[Compared]) -> dict[str, object]:
    """Return the comparison for the envelope."""
    return {
        "lines": [data_of(_compared_fields(one), one) for one in lines],
        "difference": sum(one.difference for one in lines),
    }


def _compared_fields(first: Compared) -> list[Field[Compared]]:
    """Return the fields; month and node are shown where the file tells them apart."""
    month = say("Month") if first.month is not None else None
    node = say("Cost centre") if first.by_cost_centre else say("Invoice node")
    key, other = ("cost_centre", "invoice_node") if first.by_cost_centre else ("invoice_node", "cost_centre")
    title = node if first.node is not None else None
    return [
        Field("month", lambda one: one.month, month),
        Field(key, lambda one: one.node, title, lambda name: name or say("without")),
        Field(other, lambda _: None),
        Field("supplier_parts", lambda one: one.supplier, say("Supplier's parts"), figures.count, right=True),
        Field("parts", lambda one: one.ours, say("Our parts"), figures.count, right=True),
        Field("difference", lambda one: one.difference, say("Difference"), _signed, right=True),
    ]


def _verdict(lines: Sequence[Compared]) -> TextLine:
    apart = sum(1 for one in lines if one.difference)
    if not apart:
        return TextLine(say("The supplier's figures and ours agree."), Tone.GOOD)
    return TextLine(
        say_n(
            "{n} line differs, by {parts} parts in all. What is unknown here may explain it:"
            " smsctl mailings list",
            "{n} lines differ, by {parts} parts in all. What is unknown here may explain it:"
            " smsctl mailings list",
            n=apart,
            parts=_signed(sum(one.difference for one in lines)),
        ),
        Tone.WARN,
    )


def _not_handed_over(new: Sequence[Invoice]) -> Sentence:
    if not new:
        return say("All of them are handed over.")
    return say_n(
        "{n} invoice is not handed over: {price} without VAT.",
        "{n} invoices are not handed over: {price} without VAT.",
        n=len(new),
        price=figures.money(sum(one.price_ore for one in new)),
    )


def _day(handed_over: str | None) -> Text:
    return handed_over or say("not yet")


def _signed(parts: int) -> str:
    return f"{'+' if parts > 0 else '-' if parts < 0 else ''}{figures.count(abs(parts))}"
