"""Invoices on a screen, in an envelope and in a file; and the supplier's bill beside our figures."""

from collections.abc import Callable, Sequence

from smsctl.actions.compare import ComparedLine as Compared
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Column, Table, Text, TextLine, Tone
from smsctl.cli.output.phrases import NOTHING_LEAVES
from smsctl.errors import Sentence, say, say_n
from smsctl.ledger.invoices import Invoice

CURRENCY = "SEK"
HEADER = ("number", "municipality", "package", "date", "parts", "price", "currency")


def data(found: Sequence[Invoice]) -> list[dict[str, object]]:
    """Return the invoices for the envelope; the price is in öre."""
    return [
        {
            "number": one.number,
            "municipality": one.municipality,
            "package": one.package,
            "date": one.day,
            "parts": one.parts,
            "price_ore": one.price_ore,
            "currency": CURRENCY,
            "handed_over": one.handed_over_day,
        }
        for one in found
    ]


def rows(found: Sequence[Invoice]) -> list[list[object]]:
    """Return the rows under `HEADER`; the price as Excel in Sweden reads it, 4900,00."""
    return [
        [one.number, one.municipality, one.package, one.day, one.parts, _plain(one.price_ore), CURRENCY]
        for one in found
    ]


def listed(found: Sequence[Invoice], called: Callable[[str], str], *, simulated: bool) -> list[Block]:
    """Return the list, and the sum of what was not handed over; `called` gives a municipality's name."""
    head: list[Block] = [TextLine(NOTHING_LEAVES, Tone.WARN)] if simulated else []
    if not found:
        return [*head, TextLine(say("There are no invoices: no package was opened."))]
    columns = [
        Column(say("Invoice"), right=True),
        Column(say("Municipality")),
        Column(say("Package"), right=True),
        Column(say("Date")),
        Column(say("Parts"), right=True),
        Column(say("Price"), right=True),
        Column(say("Handed over")),
    ]
    table: list[list[Text]] = [
        [
            str(one.number),
            called(one.municipality),
            str(one.package),
            one.day,
            figures.count(one.parts),
            figures.money(one.price_ore),
            one.handed_over_day or say("not yet"),
        ]
        for one in found
    ]
    new = [one for one in found if one.handed_over_day is None]
    return [*head, Table(columns, table), TextLine(_not_handed_over(new))]


def exported(found: Sequence[Invoice], path: object, *, marked: bool) -> list[Block]:
    """Return what was written to a file."""
    if not found:
        return [
            TextLine(say("No invoice is new; {path} holds only the headings.", path=path)),
            TextLine(say("Also those that were handed over before: --all")),
        ]
    written = say_n(
        "{n} invoice written to {path}.", "{n} invoices written to {path}.", n=len(found), path=path
    )
    lines: list[Block] = [TextLine(written, Tone.GOOD)]
    if marked:
        lines.append(TextLine(say("They are marked as handed over.")))
    return lines


def compared(lines: Sequence[Compared]) -> list[Block]:
    """Return the comparison with what the file tells apart, and the sum."""
    if not lines:
        return [TextLine(say("Neither the supplier's file nor the ledger has any parts there."))]
    by_month, by_node = lines[0].month is not None, lines[0].node is not None
    columns = [
        *([Column(say("Month"))] if by_month else []),
        *([Column(say("Invoice node"))] if by_node else []),
        Column(say("Supplier's parts"), right=True),
        Column(say("Our parts"), right=True),
        Column(say("Difference"), right=True),
    ]
    table: list[list[Text]] = []
    for one in lines:
        named: list[Text] = []
        if by_month:
            named.append(one.month or "")
        if by_node:
            named.append(one.node or say("without"))
        parts: list[Text] = [
            figures.count(one.supplier),
            figures.count(one.ours),
            _signed(one.difference),
        ]
        table.append(named + parts)
    return [Table(columns, table), _verdict(lines)]


def compared_data(lines: Sequence[Compared]) -> dict[str, object]:
    """Return the comparison for the envelope."""
    return {
        "lines": [
            {
                "month": one.month,
                "invoice_node": one.node,
                "supplier_parts": one.supplier,
                "parts": one.ours,
                "difference": one.difference,
            }
            for one in lines
        ],
        "difference": sum(one.difference for one in lines),
    }


def _verdict(lines: Sequence[Compared]) -> TextLine:
    apart = sum(1 for one in lines if one.difference)
    if not apart:
        return TextLine(say("The supplier's figures and ours agree."), Tone.GOOD)
    return TextLine(
        say_n(
            "{n} line differs, by {parts} in all. What is unknown here may explain it: smsctl mailings list",
            "{n} lines differ, by {parts} in all. What is unknown here may explain it: smsctl mailings list",
            n=apart,
            parts=_signed(sum(one.difference for one in lines)),
        ),
        Tone.WARN,
    )


def _not_handed_over(new: Sequence[Invoice]) -> Sentence:
    if not new:
        return say("All of them are handed over.")
    return say_n(
        "{n} invoice is not handed over: {price}.",
        "{n} invoices are not handed over: {price}.",
        n=len(new),
        price=figures.money(sum(one.price_ore for one in new)),
    )


def _signed(parts: int) -> str:
    return f"{'+' if parts > 0 else '-' if parts < 0 else ''}{figures.count(abs(parts))}"


def _plain(ore: int) -> str:
    return f"{ore // figures.KRONA_ORE},{ore % figures.KRONA_ORE:02d}"
