"""A real browser without a window, where one is installed: it makes a picture of a page."""

import shutil
import struct
import subprocess
import zlib
from collections import Counter
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
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


def colours(picture: Path) -> Counter[Colour]:
    """Return how many points of a PNG (8 bits, RGB or RGBA) have which colour."""
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
    raw, above, found = zlib.decompress(packed), bytearray(stride), Counter[Colour]()
    for y in range(height):
        start = y * (stride + 1)
        line = _unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above, channels)
        found.update(zip(line[0::channels], line[1::channels], line[2::channels], strict=True))
        above = line
    return found


def _unfilter(kind: int, line: bytearray, above: bytearray, channels: int) -> bytearray:
    """Undo the PNG filter of one line (PNG specification, section 9)."""
    for x, value in enumerate(line):
        left = line[x - channels] if x >= channels else 0
        corner = above[x - channels] if x >= channels else 0
        guess = (0, left, above[x], (left + above[x]) // 2, _paeth(left, above[x], corner))[kind]
        line[x] = (value + guess) & 0xFF
    return line


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))
