"""Usage as the finance office reads it: the package as a bar, the months, the latest mailings."""

from collections.abc import Sequence

from smsctl.cli.render import figures, returns
from smsctl.cli.render.blocks import GAP, Bar, Bars, Block, Column, Line, Table, Text, Tone
from smsctl.cli.render.mailings import listed
from smsctl.cli.render.phrases import NOTHING_LEAVES
from smsctl.domain.mailing import Mailing, Tally
from smsctl.domain.message import Status
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import Package
from smsctl.errors import say, say_n
from smsctl.ledger.undelivered import Returns
from smsctl.ledger.usage import Month, Usage

_MONTHS_SHOWN = 12


def data(found: Usage, came_back: Returns | None) -> dict[str, object]:
    """Return the fixed keys of the envelope, and the months."""
    package = found.package
    return {
        "municipality": found.municipality,
        "package": None
        if package is None
        else {
            "number": package.number,
            "size": package.size,
            "used": package.size - package.left,
            "left": package.left,
            "price_ore": package.price_ore,
        },
        "parts": found.parts,
        "parts_outside_packages": found.parts_outside,
        "messages": found.messages,
        "states": {str(state): n for state, n in found.states.items()},
        "reports": returns.data(came_back),
        "months": [
            {"month": one.month, "messages": one.messages, "parts": one.parts} for one in found.months
        ],
    }


def table(every: Sequence[Usage], *, simulated: bool) -> list[Block]:
    """Return one line for each municipality."""
    columns = [
        Column(say("Municipality")),
        Column(say("Package"), right=True),
        Column(say("Used"), right=True),
        Column(say("Left"), right=True),
        Column(say("Parts in all"), right=True),
        Column(say("Messages"), right=True),
        Column(say("Unsettled"), right=True),
    ]
    rows: list[list[Text]] = []
    for found in every:
        package = found.package
        rows.append(
            [
                found.municipality,
                "-" if package is None else str(package.number),
                "-" if package is None else figures.percent(package.size - package.left, package.size),
                "-" if package is None else figures.count(package.left),
                figures.count(found.parts),
                figures.count(found.messages),
                figures.count(found.states.get(Status.UNKNOWN, 0) + found.states.get(Status.HELD, 0)),
            ]
        )
    return [*_head(simulated=simulated), Table(columns, rows)]


def one(
    municipality: Municipality,
    found: Usage,
    came_back: Returns | None,
    latest: Sequence[tuple[Mailing, Tally]],
    zone: str,
    *,
    simulated: bool,
) -> list[Block]:
    """Return one municipality in full."""
    blocks: list[Block] = [*_head(simulated=simulated), Line(municipality.name, Tone.STRONG)]
    if found.package:
        blocks += _package(found.package)
    elif municipality.in_packages:
        blocks.append(Line(say("No package is open.")))
    parts = say_n(
        "{count} part used in all",
        "{count} parts used in all",
        n=found.parts,
        count=figures.count(found.parts),
    )
    outside = figures.count(found.parts_outside)
    blocks.append(
        Line(say("{parts}, {outside} of them outside any package.", parts=parts, outside=outside))
        if found.package and found.parts_outside
        else Line(say("{parts}.", parts=parts))
    )
    blocks += [*_unsettled(found), *returns.blocks(came_back), *_months(found.months[-_MONTHS_SHOWN:])]
    if latest:
        blocks += [GAP, Line(say("Latest mailings"), Tone.STRONG), *listed(latest, zone, simulated=False)]
    return blocks


def _head(*, simulated: bool) -> list[Block]:
    return [Line(NOTHING_LEAVES, Tone.WARN)] if simulated else []


def _package(package: Package) -> list[Block]:
    used = package.size - package.left
    share = used / package.size
    caption = say(
        "{percent}: {used} of {size} parts used, {left} left",
        percent=figures.percent(used, package.size),
        used=figures.count(used),
        size=figures.count(package.size),
        left=figures.count(package.left),
    )
    bar = Bar(say("Package {number}", number=package.number), share, "", Tone.GOOD)
    return [
        Bars([bar]),
        Line(caption, indent=2),
        Line(say("Price of the package: {price}", price=figures.money(package.price_ore)), indent=2),
    ]


def _unsettled(found: Usage) -> list[Block]:
    counted = [(state, found.states.get(state, 0)) for state in (Status.UNKNOWN, Status.HELD)]
    return [
        Line(
            say(
                "{count} {state}: counted as cost until settled.",
                count=figures.count(n),
                state=figures.state(state),
            ),
            Tone.WARN,
        )
        for state, n in counted
        if n
    ]


def _months(months: Sequence[Month]) -> list[Block]:
    if not months:
        return []
    longest = max(1, *(one.parts for one in months)) if len(months) > 1 else max(1, months[0].parts)
    bars = [
        Bar(
            month.month,
            month.parts / longest,
            say(
                "{parts} parts, {messages} messages",
                parts=figures.count(month.parts),
                messages=figures.count(month.messages),
            ),
        )
        for month in months
    ]
    return [GAP, Line(say("Parts per month"), Tone.STRONG), Bars(bars)]
