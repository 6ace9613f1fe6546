"""Usage by cost centre: who inside a municipality has drawn how many parts, and what those cost."""

from collections.abc import Callable, Iterable, Sequence

from smsctl.cli.money.usage_words import when
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.fields import Field, count_of, data_of, money_of, table_of
from smsctl.domain.moment import Period
from smsctl.errors import say
from smsctl.ledger.costs import CostLine


def _money(ore: int | None) -> str:
    return "-" if ore is None else figures.money(ore)


def fields(called: Callable[[str], str]) -> list[Field[CostLine]]:
    """Return the columns: all of them of a file, and the keys of the envelope."""
    return [
        Field("", lambda one: one.municipality, say("Key")),
        Field("", lambda one: one.municipality, say("Municipality"), called),
        Field("month", lambda one: one.month, say("Month")),
        Field("cost_centre", lambda one: one.cost_centre, say("Cost centre")),
        count_of("parts", lambda one: one.parts, say("Parts")),
        money_of("cost_ore", lambda one: one.cost_ore, say("Cost without VAT"), _money),
    ]


def data(lines: Iterable[CostLine], municipality: str) -> list[dict[str, object]]:
    """Return the lines of a municipality for the envelope; the cost is in öre, without VAT."""
    return [data_of(fields(str), one) for one in lines if one.municipality == municipality]


def screen(lines: Sequence[CostLine], period: Period, called: Callable[[str], str]) -> list[Block]:
    """Return a line for each cost centre of each municipality, over all months of the period."""
    head = TextLine(say("By cost centre, {when}", when=when(period)), Tone.STRONG)
    if not lines:
        return [head, TextLine(say("Nothing has been sent."))]
    payer: Field[CostLine] = Field("", lambda one: one.municipality, say("Municipality"), called)
    return [head, table_of([payer, *OF_ONE], summed(lines))]


OF_ONE: Sequence[Field[CostLine]] = (
    Field("", lambda one: one.cost_centre, say("Cost centre"), lambda name: name or say("without")),
    Field("", lambda one: one.parts, say("Parts"), figures.count, right=True),
    Field("", lambda one: one.cost_ore, say("Cost without VAT"), _money, right=True),
)
"""A cost centre of one municipality, over all months of a period."""


def summed(lines: Sequence[CostLine]) -> list[CostLine]:
    """Return a line for each cost centre of each municipality, over all months."""
    found: dict[tuple[str, str], CostLine] = {}
    for one in lines:
        key = (one.municipality, one.cost_centre)
        found[key] = _with(found[key], one) if key in found else one
    return list(found.values())


def _with(line: CostLine, other: CostLine) -> CostLine:
    known = [one.cost_ore for one in (line, other) if one.cost_ore is not None]
    return line._replace(parts=line.parts + other.parts, cost_ore=sum(known) if known else None)
