"""Charts as SVG, to stand inside a page: no scripts, nothing fetched, and each told in words too.

Colours are classes, so that the page decides how they look on screen and on paper.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from smsctl.cli.output.blocks import Text
from smsctl.cli.output.language import words

WIDTH = 720
NARROW = 360  # for a phone, where the wide one would be too small to read
_BAR_HEIGHT = 28
_CHART_HEIGHT = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 22, 22, 26  # around the columns; half a label fits beside the last one
_LABEL = 52  # the least room for one
_FIGURE = 7  # and for each digit above a column
_STEPS = (1, 2, 5)
_LINES = 4  # across the chart, at the most one more


class Stack(NamedTuple):
    """One column: its label, what stands in it from the bottom up, and what is told of it."""

    label: str
    values: Sequence[int]
    figure: str  # above the column
    told: Text


def share_bar(share: float, caption: Text) -> str:
    """Draw a share of 1 as a bar that fills from the left."""
    filled = round(min(max(share, 0.0), 1.0) * WIDTH)
    return (
        f'<svg class="share" viewBox="0 0 {WIDTH} {_BAR_HEIGHT}" role="img" aria-label="{_said(caption)}">'
        f'<rect class="room" width="{WIDTH}" height="{_BAR_HEIGHT}" rx="4"/>'
        f'<rect class="part0" width="{filled}" height="{_BAR_HEIGHT}" rx="4"/></svg>'
    )


def columns(
    stacks: Sequence[Stack], caption: Text, *, shown: Callable[[int], str] = str, width: int = WIDTH
) -> str:
    """Draw columns side by side over a scale that begins at nought; `shown` tells a value of the scale."""
    highest = max((sum(_drawn(one)) for one in stacks), default=0)
    step = step_for(highest)
    top = step * max(-(-highest // step), 1)
    scale = (_CHART_HEIGHT - _TOP - _BOTTOM) / top
    lines = [_line(value, shown(value), scale, width) for value in range(0, top + 1, step)]
    pitch = (width - _LEFT - _RIGHT) / max(len(stacks), 1)
    every = math.ceil(_LABEL / pitch)
    drawn = [
        _column(one, _LEFT + number * pitch, pitch, scale)
        for number, one in enumerate(_as_far_as_there_is_room(stacks, every, pitch))
    ]
    kind = "columns" if width == WIDTH else "narrow"
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {_CHART_HEIGHT}" role="img" aria-label="{_said(caption)}">'
        f"{''.join(lines)}{''.join(drawn)}</svg>"
    )


def step_for(highest: int) -> int:
    """Return the distance between the lines of a scale: 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power * _LINES >= highest:
                return step * power
        power *= 10


def _as_far_as_there_is_room(stacks: Sequence[Stack], every: int, pitch: float) -> Iterator[Stack]:
    """Leave out labels but every so many, the last one always told; and all figures where one is too wide."""
    fit = all(len(one.figure) * _FIGURE <= pitch for one in stacks)
    for after, one in zip(range(len(stacks) - 1, -1, -1), stacks, strict=True):
        label = "" if after % every else one.label
        yield one._replace(label=label, figure=one.figure if fit else "")


def _drawn(stack: Stack) -> list[int]:
    # A month of corrections may be below nought; the table beside the chart tells its figure.
    return [max(value, 0) for value in stack.values]


def _line(value: int, text: str, scale: float, width: int) -> str:
    y = _CHART_HEIGHT - _BOTTOM - value * scale
    return (
        f'<line x1="{_LEFT}" x2="{width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="scale" x="{_LEFT - 8}" y="{y + 4:.1f}">{escape(text)}</text>'
    )


def _column(stack: Stack, x: float, pitch: float, scale: float) -> str:
    width, y = min(pitch * 0.7, 48.0), float(_CHART_HEIGHT - _BOTTOM)
    middle = x + pitch / 2
    drawn = [f"<g><title>{_said(stack.told)}</title>"]
    for place, value in enumerate(_drawn(stack)):
        y -= value * scale
        drawn.append(
            f'<rect class="part{place}" x="{middle - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}"'
            f' height="{value * scale:.1f}"/>'
        )
    for text, below in ((stack.figure, y - 6), (stack.label, float(_CHART_HEIGHT - 8))):
        if text:
            drawn.append(f'<text x="{middle:.1f}" y="{below:.1f}">{escape(text)}</text>')
    return "".join([*drawn, "</g>"])


def _said(text: Text) -> str:
    return escape(words(text), quote=True)
