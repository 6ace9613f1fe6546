"""A real browser without a window, where one is installed: it makes a picture of a page."""

import shutil
import struct
import subprocess
import zlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_NARROWEST_WINDOW = 500
Colour = tuple[int, int, int]


def find(folder: Path) -> tuple[str, str]:
    """Return the path of a browser that makes pictures in the folder; else why there is none.

    Some systems install a program of that name that only tells what else to install, or one that is locked
    out of every folder but its own.
    """
    blank, picture = folder / "blank.html", folder / "blank.png"
    blank.write_text("<p>blank", encoding="utf-8")
    why = f"no browser is installed: none of {', '.join(NAMES)}"
    for found in filter(None, map(shutil.which, NAMES)):
        try:
            photograph(found, blank, picture, width=100, height=100)
        except (OSError, subprocess.SubprocessError) as error:
            why = f"{found} makes no picture here: {error}"
        else:
            if picture.exists():
                return found, ""
            why = f"{found} makes no picture in {folder}"
    return "", why


def photograph(browser: str, page: Path, picture: Path, *, width: int = 900, height: int = 1600) -> None:
    """Write a picture of the page; the browser has a profile of its own and no network."""
    subprocess.run(
        [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-sandbox",
            "--hide-scrollbars",
            "--proxy-server=127.0.0.1:9",
            "--force-device-scale-factor=1",
            f"--user-data-dir={picture.parent / 'profile'}",
            f"--window-size={width},{height}",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=90,
    )


def photograph_at(browser: str, page: Path, picture: Path, *, width: int, height: int) -> None:
    """Write a picture of the page in a window of that width, also of one narrower than any browser makes."""
    frame = page.with_name(f"{page.stem}-{width}.html")
    frame.write_text(
        f'<body style="margin:0;background:#fff"><iframe src="{page.name}"'
        f' style="border:0;width:{width}px;height:{height}px"></iframe>',
        encoding="utf-8",
    )
    photograph(browser, frame, picture, width=max(width, _NARROWEST_WINDOW), height=height)


class Drawn(NamedTuple):
    """A picture point by point."""

    channels: int
    lines: list[bytes]

    def colours(self, left: int = 0, right: int | None = None) -> Counter[Colour]:
        """Return how many points have which colour, of some of its columns."""
        found, channels = Counter[Colour](), self.channels
        for line in self.lines:
            seen = line[left * channels : None if right is None else right * channels]
            found.update(zip(seen[0::channels], seen[1::channels], seen[2::channels], strict=True))
        return found


def colours(picture: Path) -> Counter[Colour]:
    """Return how many points of a PNG have which colour."""
    return read(picture).colours()


def read(picture: Path) -> Drawn:
    """Return the points of a PNG (8 bits, RGB or RGBA)."""
    data = picture.read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert (depth, kind) in ((8, 2), (8, 6)), "a PNG of another kind"
    channels = 3 if kind == 2 else 4
    stride, packed, place = width * channels, b"", 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            packed += data[place + 8 : place + 8 + length]
        place += length + 12
    raw, above, lines = zlib.decompress(packed), bytes(stride), list[bytes]()
    for y in range(height):
        start = y * (stride + 1)
        above = _unfilter(raw[start], raw[start + 1 : start + 1 + stride], above, channels)
        lines.append(above)
    return Drawn(channels=channels, lines=lines)


def _unfilter(kind: int, line: bytes, above: bytes, channels: int) -> bytes:
    """Undo the PNG filter of one line (PNG specification, section 9)."""
    if kind == _NONE or (kind == _UP and not any(line)):
        return line if kind == _NONE else above
    found = bytearray(line)
    for x, value in enumerate(line):
        left = found[x - channels] if x >= channels else 0
        up = above[x]
        if kind == _PAETH:
            guess = _paeth(left, up, above[x - channels] if x >= channels else 0)
        else:
            guess = (0, left, up, (left + up) // 2)[kind]
        found[x] = (value + guess) & 0xFF
    return bytes(found)


_NONE, _UP, _PAETH = 0, 2, 4


def _paeth(left: int, up: int, corner: int) -> int:
    by_left, by_up, by_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if by_left <= by_up and by_left <= by_corner:
        return left
    return up if by_up <= by_corner else corner
