"""Blocks on a terminal. The only file that imports rich; it is itself imported only when needed."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Literal, cast

from rich import box
from rich.console import Console, Group, RenderableType
from rich.containers import Lines
from rich.measure import Measurement
from rich.padding import Padding
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable
from rich.text import Text as Styled

from smsctl.cli.output import plain
from smsctl.cli.output.blocks import GAP, Bars, Block, Fact, FactList, Quote, Table, Text, TextLine, Tone
from smsctl.cli.output.figures import count
from smsctl.cli.output.language import program, words
from smsctl.cli.output.stream import Stream

_STYLES = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.GOOD: "green",
    Tone.WARN: "yellow",
    Tone.BAD: "bold red",
    Tone.FAINT: "dim",
}
_GLUE = "\ue000"  # one cell wide, and nothing that rich folds at
_INSIDE_A_FIGURE = re.compile(r"(?<=[\d*]) (?=[\d*])|(?<=\d) (?=kr\b|%)")  # a number of telephone too
_AFTER_A_FIGURE = re.compile(r"(?<=\d) (?=[^\W\d_])")
_GAP = 2  # between the columns of a table
_SHORTEST_BAR = 10
_AT_ONCE_S = 1
_LONGEST_BAR = 40
_RATE_CELLS = len(" 10 000/s ")
_LONG_WORD = 18  # a longer one may be folded where a table would not fit
_MOST_LINES = 3  # of a cell, or so: where more were needed, there is no room for a table
_CUT_LINE = 24  # what is cut off at the end of a line has at least so much left


def show(blocks: Sequence[Block], stream: Stream) -> None:
    """Write the blocks, each line folded at the terminal's width; a table has one empty line around it."""
    console = _console(stream)
    above: Block | None = None
    for block in blocks:
        if _stands_apart(block, above):
            console.print()
        if not block == above == GAP:
            _print(block, console)
        above = block


def _stands_apart(block: Block, above: Block | None) -> bool:
    """Say whether an empty line is missing between two blocks; a table's title stands right above it."""
    if above is None or GAP in (above, block):
        return False
    has_title = isinstance(above, TextLine) and above.tone is Tone.STRONG
    return isinstance(above, Table) or (isinstance(block, Table) and not has_title)


def _print(block: Block, console: Console) -> None:
    match block:
        case TextLine():
            _print_line(block, console)
        case Quote():
            for line in plain.quote(block, console.width):
                console.print(Styled(line))
        case FactList():
            _print_facts(block, console)
        case Table():
            console.print(_table(block, console))
        case Bars():
            console.print(_bars(block, console))


def _print_line(line: TextLine, console: Console) -> None:
    command = _command_at_the_end(plain.safe(words(line.text)))
    too_wide = line.indent + len(command) > console.width
    if line.whole or too_wide or _has_wide_command(line, console):
        console.print(Group(_styled(line.text, line.tone, before=" " * line.indent)), soft_wrap=True)
        return
    shown = _styled(line.text, line.tone, command=command)
    console.print(Padding(shown, (0, 0, 0, line.indent), expand=False) if line.indent else Group(shown))


def _command_at_the_end(told: str) -> str:
    """Return the command that a line ends in, to be copied: half of it would be another command."""
    typed = program()
    _, found, rest = told.rpartition(f": {typed} ")
    return f"{typed} {rest}" if found and not rest.endswith((".", "`")) else ""


def _has_wide_command(line: TextLine, console: Console) -> bool:
    """Say whether a command with its config is too wide to be folded: then it is to be copied whole."""
    typed = program()
    return len(typed) + line.indent + _LONG_WORD > console.width and typed in words(line.text)


@contextmanager
def progress(label: Text, total: int, stream: Stream) -> Iterator[Callable[[int], None]]:
    """Show a progress bar while the block runs."""
    console = _console(stream)
    room = console.width - len(f"{words(label)} {count(total)}/{count(total)} 0:00:00")
    with Progress(*_columns(room), console=console, transient=True) as bars:
        task = bars.add_task(plain.safe(words(label)), total=total)
        yield lambda done: bars.update(task, completed=done)


@contextmanager
def working(label: Text, stream: Stream) -> Iterator[Callable[[int, int], None]]:
    """Show while the block runs how much of it is done; nothing of what ends within a second."""
    from threading import Timer

    console, told = _console(stream), plain.safe(words(label))
    room = console.width - len(f"{told} 100% 0:00:00 ")
    bar = [BarColumn(min(room, _LONGEST_BAR))] if room >= _SHORTEST_BAR else []
    shown = [TextColumn("{task.description}", markup=False), *bar, TextColumn("{task.percentage:>3.0f}%")]
    bars = Progress(*shown, _TimeLeft(), console=console, transient=True)
    task = bars.add_task(told, total=1)
    start = Timer(_AT_ONCE_S, bars.start)
    start.start()
    try:
        yield lambda done, total: bars.update(task, completed=done, total=total)
    finally:
        start.cancel()
        start.join()
        bars.stop()


def _columns(room: int) -> Iterator[ProgressColumn]:
    """Yield what fits where so many cells are left beside label, figures and time: no figure is cut."""
    yield TextColumn("{task.description}", markup=False)
    if room >= _RATE_CELLS + _SHORTEST_BAR:
        yield BarColumn(min(room - _RATE_CELLS, _LONGEST_BAR))
    yield _Done()
    if room >= _RATE_CELLS:
        yield _Rate()
    if room >= 0:
        yield _TimeLeft()


class _Done(ProgressColumn):
    """How many are done, of how many; the first as wide as the second, so that nothing moves."""

    def render(self, task: Task) -> Styled:
        total = count(int(task.total or 0))
        return Styled(f"{count(int(task.completed)):>{len(total)}}/{total}", no_wrap=True)


class _Rate(ProgressColumn):
    """Messages a second, as soon as there is one."""

    def render(self, task: Task) -> Styled:
        return Styled(f"{count(int(task.speed))}/s" if task.speed and task.speed >= 1 else "", no_wrap=True)


class _TimeLeft(TimeRemainingColumn):
    """The time that is left, as soon as it can be told."""

    def render(self, task: Task) -> Styled:
        return Styled() if task.time_remaining is None else super().render(task)


def _console(stream: Stream) -> Console:
    # Foreign text is never markup, emoji codes or something to highlight.
    return Console(file=cast("IO[str]", stream), highlight=False, markup=False, emoji=False)


class _Whole(Styled):
    """Text that is folded between words, never inside a figure, 4 900,00 kr, or where a config is named."""

    def wrap(self, console: Console, width: int, **how: Any) -> Lines:  # noqa: ANN401 - as rich has it
        lines = super().wrap(console, width, **how)
        for line in lines:
            line.plain = line.plain.replace(_GLUE, " ")
        return lines


def _styled(text: Text, tone: Tone = Tone.PLAIN, *, before: str = "", command: str = "") -> Styled:
    told = plain.safe(words(text)).removesuffix(command)
    told = _INSIDE_A_FIGURE.sub(_GLUE, told) + command.replace(" ", _GLUE)
    typed = program()
    if " " in typed:
        told = told.replace(f"{typed} ", f"{typed} ".replace(" ", _GLUE))
    return _Whole(before + told, style=_STYLES[tone])


def _grid() -> RichTable:
    return RichTable.grid(padding=(0, 2), pad_edge=False)


def _print_facts(block: FactList, console: Console) -> None:
    """Print facts; a command that is wider than the place beside the labels gets a line of its own."""
    width = max((_label(fact).cell_len for fact in block.facts), default=0)
    above: list[Fact] = []
    for fact in block.facts:
        told = plain.safe(words(fact.values[-1])) if fact.values else ""
        command = _command_at_the_end(told)
        if width + _GAP + len(command) <= console.width:
            above.append(fact)
            continue
        above.append(fact._replace(values=[*fact.values[:-1], told.removesuffix(command).rstrip()]))
        console.print(_facts(above, width))
        console.print(Group(_styled(command)), soft_wrap=True)
        above = []
    if above:
        console.print(_facts(above, width))


def _label(fact: Fact) -> Styled:
    return _styled(fact.label, before="  ")


def _facts(facts: Sequence[Fact], width: int | None = None) -> RichTable:
    grid = _grid()
    grid.add_column(no_wrap=True, style="dim", min_width=width)
    grid.add_column(overflow="fold")  # the end of a path, its file, is what tells
    for fact in facts:
        for number, value in enumerate(fact.values):
            command = _command_at_the_end(plain.safe(words(value)))
            label = _label(fact) if number == 0 else Styled()
            grid.add_row(label, _styled(value, fact.tone, command=command))
    return grid


def _table(block: Table, console: Console) -> RenderableType:
    """Return the rows under their titles; where the terminal is too narrow for that, each as facts."""
    titles = [_styled(column.title) for column in block.columns]
    rows = [[_cell(cell) for cell in row] for row in block.rows]
    widths = _widths(block, [titles, *rows], console)
    if not widths:
        return Group(*_cards(block))
    table = RichTable(
        box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold", show_edge=False
    )
    for column, title, width in zip(block.columns, titles, widths, strict=True):
        justify: Literal["right", "left"] = "right" if column.right else "left"
        overflow: Literal["ellipsis", "fold"] = "ellipsis" if column.cut else "fold"
        table.add_column(title, justify=justify, width=width, overflow=overflow, no_wrap=column.cut)
    for row in rows:
        table.add_row(*row)
    return Padding(table, (0, 0, 0, 1), expand=False)


def _cell(text: Text) -> Styled:
    """Return a cell, in which a figure and what it counts stay together."""
    return _Whole(_AFTER_A_FIGURE.sub(_GLUE, _styled(text).plain))


def _widths(block: Table, rows: Sequence[Sequence[Styled]], console: Console) -> list[int]:
    """Return a width for each column, the widest narrowed first, down to its words; empty: no room."""
    options = console.options
    sizes = [
        [Measurement.get(console, options, cell) for cell in column] for column in zip(*rows, strict=True)
    ]
    widths = [max(one.maximum for one in column) for column in sizes]
    least = [
        min(wide, _CUT_LINE)
        if column.cut
        else min(max(wide // _MOST_LINES, *(one.minimum for one in cells)), _LONG_WORD)
        for column, cells, wide in zip(block.columns, sizes, widths, strict=True)
    ]
    room = console.width + 1 - _GAP * len(widths)
    while sum(widths) > room:
        spare = [(width, place) for place, width in enumerate(widths) if width > least[place]]
        if not spare:
            return []
        widths[max(spare)[1]] -= 1
    return widths


def _cards(block: Table) -> Iterator[RenderableType]:
    for number, row in enumerate(block.rows):
        if number:
            yield ""
        facts = [Fact(column.title, [cell]) for column, cell in zip(block.columns, row, strict=True)]
        yield _facts([fact for fact in facts if fact.values != [""]])


def _bars(block: Bars, console: Console) -> RichTable:
    rows = [(_styled(one.label, before="  "), _styled(one.caption)) for one in block.bars]
    beside = [max(1, *(row[place].cell_len for row in rows)) + _GAP for place in (0, 1)]
    cells = min(max(console.width - sum(beside), _SHORTEST_BAR), plain.BAR_CELLS)
    grid = _grid()
    for one, (label, caption) in zip(block.bars, rows, strict=True):
        drawn = Styled(plain.bar(one.share, cells), style=_STYLES[one.tone] or "cyan", no_wrap=True)
        grid.add_row(label, drawn, caption)
    return grid
