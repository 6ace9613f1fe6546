"""Where every row of a recipients file is: in the audience or outside, sent to or skipped, and why."""

from collections.abc import Mapping, Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Fact, FactList, Text, TextLine, Tone
from smsctl.domain.audience import Outside, OutsideRows
from smsctl.domain.recipients import Recipients, told_counts
from smsctl.errors import Sentence, say, say_n

_ROWS_TOLD = 50
_MUNICIPALITIES_TOLD = 10


def data(
    rows: int,
    ready: int,
    skipped: Mapping[str, int],
    audience_rows: int | None,
    outside: Sequence[OutsideRows],
) -> dict[str, object]:
    """Return the sums for the envelope; `audience_rows` is None where nobody counted the rows outside."""
    sums: dict[str, object] = {"rows": rows, "ready": ready, "skipped": told_counts(skipped)}
    if audience_rows is None:
        return sums
    by_reason: dict[str, int] = {}
    municipalities: dict[str, int] = {}
    for one in outside:
        by_reason[str(one.reason)] = by_reason.get(str(one.reason), 0) + one.rows
        if one.municipality:
            municipalities[one.municipality] = one.rows
    return {
        **sums,
        "audience_rows": audience_rows,
        "file_rows": audience_rows + sum(by_reason.values()),
        "outside": by_reason,
        "other_municipalities": municipalities,
    }


def data_of(recipients: Recipients) -> dict[str, object]:
    """Return the sums of a file that was judged."""
    sums = data(
        recipients.rows,
        len(recipients.ready),
        counted(recipients),
        recipients.audience_rows,
        recipients.outside,
    )
    return {**sums, "answered_stop": len(recipients.stopped)} if recipients.stopped else sums


def skipped(counted: Mapping[str, int]) -> list[Fact]:
    """Return how many get no message, by reason."""
    return [Fact(figures.count(n), [figures.reason(reason)]) for reason, n in counted.items()]


def outside(left_out: Sequence[OutsideRows]) -> list[Block]:
    """Return the rows that are not in the audience, by why."""
    n = sum(one.rows for one in left_out)
    if not n:
        return []
    named = [one for one in left_out if one.municipality][:_MUNICIPALITIES_TOLD]
    counted: list[tuple[int, Text]] = [
        (one.rows, say("of {municipality}", municipality=one.municipality)) for one in named
    ]
    for reason in Outside:
        rows = sum(one.rows for one in left_out if one.reason is reason and one not in named)
        if rows:
            counted.append((rows, _OUTSIDE[reason]))
    title = say_n(
        "{count} row of the file is outside the audience:",
        "{count} rows of the file are outside the audience:",
        n=n,
        count=figures.count(n),
    )
    return [TextLine(title), FactList([Fact(figures.count(rows), [why]) for rows, why in counted])]


def to_phone(protected: Sequence[int], stopped: Sequence[int] = ()) -> list[Block]:
    """Return those who get no SMS and must be reached another way: on a screen, by their rows only."""
    blocks: list[Block] = []
    if protected:
        told = say_n(
            "{n} must get no SMS: phone them (row {rows}).",
            "{n} must get no SMS: phone them (rows {rows}).",
            n=len(protected),
            rows=listed(protected),
        )
        blocks.append(TextLine(told, Tone.WARN))
    if stopped:
        told = say_n(
            "{n} has answered STOP: phone them (row {rows}).",
            "{n} have answered STOP: phone them (rows {rows}).",
            n=len(stopped),
            rows=listed(stopped),
        )
        blocks.append(TextLine(told, Tone.WARN))
    return blocks


def newly_split(recipients: Recipients) -> list[Sentence]:
    """Say how many are in the audience by a cell that older versions took for one group."""
    if not recipients.newly_split:
        return []
    return [
        say_n(
            "{n} is in by a cell with several groups, which is split at ; | and line breaks too: {cells}",
            "{n} are in by a cell with several groups, which is split at ; | and line breaks too: {cells}",
            n=recipients.newly_split,
            cells=", ".join(f'"{cell}"' for cell in recipients.newly_split_cells),
        )
    ]


def counted(recipients: Recipients) -> dict[str, int]:
    """Return how many are skipped, by reason, as a screen tells them."""
    return {str(reason): len(people) for reason, people in recipients.skipped.items()}


def listed(rows: Sequence[int], most: int = _ROWS_TOLD) -> str:
    """Return the numbers of the first rows, with a mark where there are more."""
    told = ", ".join(map(str, rows[:most]))
    return f"{told} …" if len(rows) > most else told


_OUTSIDE: Mapping[Outside, Sentence] = {
    Outside.OTHER_GROUP: say("in other groups"),
    Outside.OTHER_MUNICIPALITY: say("of other municipalities"),
    Outside.NO_MUNICIPALITY: say("without a municipality"),
    Outside.HIDDEN: say("hidden in the workbook"),
    Outside.WHERE: say("with another value than --where asks for"),
}
