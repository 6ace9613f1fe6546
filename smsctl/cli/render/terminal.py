"""Blocks on a terminal. The only file that imports rich; it is itself imported only when needed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TextIO

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table as RichTable
from rich.text import Text as Styled

from smsctl.cli.render import plain
from smsctl.cli.render.blocks import Bars, Block, Facts, Line, Table, Text, Tone
from smsctl.cli.render.language import words

_STYLES = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.GOOD: "green",
    Tone.WARN: "yellow",
    Tone.BAD: "bold red",
    Tone.FAINT: "dim",
}


def show(blocks: Sequence[Block], stream: TextIO) -> None:
    """Write the blocks, each line folded at the terminal's width."""
    console = _console(stream)
    for block in blocks:
        match block:
            case Line():
                shown = _styled(block.text, block.tone, before=" " * block.indent)
                console.print(shown, soft_wrap=block.whole)
            case Facts():
                console.print(_facts(block))
            case Table():
                console.print(_table(block))
            case Bars():
                console.print(_bars(block))


@contextmanager
def progress(label: Text, total: int, stream: TextIO) -> Iterator[Callable[[int], None]]:
    """Show a progress bar while the block runs."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_console(stream), transient=True) as bars:
        task = bars.add_task(plain.safe(words(label)), total=total)
        yield lambda done: bars.update(task, completed=done)


class _Rate(ProgressColumn):
    """Messages a second."""

    def render(self, task: Task) -> Styled:
        return Styled(f"{task.speed or 0:.0f}/s")


def _console(stream: TextIO) -> Console:
    # Foreign text is never markup, emoji codes or something to highlight.
    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _styled(text: Text, tone: Tone = Tone.PLAIN, *, before: str = "") -> Styled:
    return Styled(before + plain.safe(words(text)), style=_STYLES[tone])


def _grid() -> RichTable:
    return RichTable.grid(padding=(0, 2), pad_edge=False)


def _facts(block: Facts) -> RichTable:
    grid = _grid()
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column()
    for fact in block.facts:
        for number, value in enumerate(fact.values):
            label = _styled(fact.label, before="  ") if number == 0 else Styled()
            grid.add_row(label, _styled(value, fact.tone))
    return grid


def _table(block: Table) -> RichTable:
    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold")
    for column in block.columns:
        justify: Literal["right", "left"] = "right" if column.right else "left"
        table.add_column(_styled(column.title), justify=justify, no_wrap=column.right, overflow="fold")
    for row in block.rows:
        table.add_row(*(_styled(cell) for cell in row))
    return table


def _bars(block: Bars) -> RichTable:
    grid = _grid()
    for one in block.bars:
        drawn = Styled(plain.bar(one.share), style=_STYLES[one.tone] or "cyan")
        grid.add_row(_styled(one.label, before="  "), drawn, _styled(one.caption))
    return grid
