"""Blocks as plain text: no colour, no control characters, columns made of spaces."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence

from smsctl.cli.output.blocks import Bars, Block, FactList, Quote, Table, Text, TextLine

BAR_CELLS = 30
_MARGIN = "  │ "
_QUOTE_WIDTH = 78
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def safe(text: str) -> str:
    """Show control and format characters as escapes: foreign text must not steer a terminal."""
    if text.isprintable():
        return text
    return "".join(_escaped(char) if unicodedata.category(char) in _UNSAFE else char for char in text)


def lines_of(blocks: Sequence[Block], words: Callable[[Text], str], *, draws: bool = True) -> Iterator[str]:
    """Yield the lines of the screen; `words` translates a text, and bars are left out unless it `draws`."""

    def show(text: Text) -> str:
        return safe(words(text))

    for block in blocks:
        match block:
            case TextLine():
                yield " " * block.indent + show(block.text)
            case Quote():
                yield from quote(block)
            case FactList():
                yield from _facts(block, show)
            case Table():
                yield from _table(block, show)
            case Bars():
                yield from _bars(block, show, draws=draws)


def quote(block: Quote, width: int = _QUOTE_WIDTH) -> Iterator[str]:
    """Yield the lines of a text behind a bar, folded at most at the usual width."""
    import textwrap  # few screens show a text

    for line in block.body.split("\n"):
        for part in textwrap.wrap(safe(line), max(min(width, _QUOTE_WIDTH) - len(_MARGIN), 1)) or [""]:
            yield f"{_MARGIN}{part}".rstrip()


def bar(share: float, cells: int = BAR_CELLS) -> str:
    """Draw a share of 1 as a row of cells."""
    filled = round(min(max(share, 0.0), 1.0) * cells)
    return "█" * filled + "░" * (cells - filled)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - one byte


def _facts(block: FactList, show: Callable[[Text], str]) -> Iterator[str]:
    labels = [show(fact.label) for fact in block.facts]
    width = max(map(len, labels), default=0)
    for label, fact in zip(labels, block.facts, strict=True):
        for number, value in enumerate(fact.values):
            yield f"  {label if number == 0 else '':{width}}  {show(value)}".rstrip()


def _table(block: Table, show: Callable[[Text], str]) -> Iterator[str]:
    rows = [[show(column.title) for column in block.columns]]
    rows += [[show(cell) for cell in row] for row in block.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(block.columns))]
    for row in rows:
        cells = [
            f"{cell:>{width}}" if column.right else f"{cell:<{width}}"
            for cell, width, column in zip(row, widths, block.columns, strict=True)
        ]
        yield ("  " + "  ".join(cells)).rstrip()


def _bars(block: Bars, show: Callable[[Text], str], *, draws: bool) -> Iterator[str]:
    labels = [show(one.label) for one in block.bars]
    width = max(map(len, labels), default=0)
    for label, one in zip(labels, block.bars, strict=True):
        yield f"  {label:{width}}  {f'{bar(one.share)}  ' * draws}{show(one.caption)}".rstrip()
