"""Pictures of the terminal for the README and the tutorial: what a real run shows, as SVG.

The runs are live ones against the simulator, on a terminal of 80 columns, at a time of their own: so a
picture is the same on every machine and on every day, and `generate.py` holds it against drift.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from smsctl.simulator.server import Behaviour, start

ROOT = Path(__file__).parents[1]
LANGUAGES = ("en", "sv")
_COLUMNS = 80
_LONGEST_S = 60
_QUESTION = re.compile(r"\[[yj]/N\] \Z")
_AT = """
import sys
from types import SimpleNamespace
from smsctl.cli import clock
from smsctl.host import users
from smsctl.domain.moment import Actor
from datetime import datetime
at = datetime.fromisoformat(sys.argv[1]).timestamp()
clock.time = SimpleNamespace(time=lambda: at)
users.whoever = lambda: Actor(user="school", host="server")
from smsctl.cli.app import main
sys.exit(main(sys.argv[2:]))
"""
_HISTORY = (  # so that usage has months to tell of
    ("2026-09-01T09:00+02:00", ("municipality", "activate", "exempelkommun")),
    (
        "2026-09-14T10:00+02:00",
        (
            "send",
            "--group",
            "staff",
            "--group",
            "guardians",
            "--skip-invalid",
            "--text",
            "Hej! Välkommen till höstterminen.",
        ),
    ),
    ("2026-10-12T10:00+02:00", ("send", "--group", "guardians", "--text", "Hej! Föräldramöte tisdag kl 18.")),
    (
        "2026-11-24T10:00+01:00",
        ("send", "--group", "students", "--skip-invalid", "--text", "Hej! Idrotten är inställd i dag."),
    ),
)
_CEILINGS = {"municipality": (), "send": ("--max-parts", "100", "--max-new-packages", "0")}
_TODAY = "2026-11-27T10:00+01:00"
_SEND = ("send", "--group", "guardians", "examples/message.txt")
_SHOWN = {
    "plan": _SEND,
    "story": ("mailings", "show", "1"),
    "usage": ("usage", "--municipality", "exempelkommun"),
}
_MARGIN, _HEADING_HEIGHT, _CHART_WIDTH = 20, 36, 720
_HEADING_OR_CHART = re.compile(
    r"<h[23]>(?P<heading>.*?)</h[23]>"
    rf'|<svg class="(?P<kind>share|columns)" viewBox="0 0 {_CHART_WIDTH} (?P<height>\d+)"'
    r' role="img" aria-label="(?P<said>[^"]*)">(?P<drawn>.*?)</svg>',
    re.DOTALL,
)
_LIGHT = TerminalTheme(
    (255, 255, 255),
    (36, 41, 47),
    [
        (36, 41, 47),
        (207, 34, 46),
        (17, 99, 41),
        (130, 80, 0),
        (9, 105, 218),
        (130, 80, 223),
        (27, 124, 131),
        (110, 119, 129),
    ],
)
_PAGE = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

_CHARTS = """<svg viewBox="{size}" xmlns="http://www.w3.org/2000/svg">
<style>
text {{ font-family: sans-serif; }}
{rules}
svg text.heading {{ font-size: 16px; font-weight: 600; text-anchor: start; }}
</style>
<rect width="100%" height="100%" fill="#ffffff"/>
{drawn}
</svg>
"""


def pictures() -> dict[Path, str]:
    """Return every picture with its text."""
    return {path: picture for language in LANGUAGES for path, picture in _of(language)}


def _of(language: str) -> Iterator[tuple[Path, str]]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, start(Behaviour(as_a_gateway=True)) as simulator:
        config = _set_up(Path(folder), simulator.url, language)
        for at, words in _HISTORY:
            _run(config, at, (*words, "--yes", *_CEILINGS[words[0]]))
        for name, words in _SHOWN.items():
            seen = _seen(config, _TODAY, words)
            yield (
                _place(name, language),
                _drawn(name, f"smsctl {' '.join(words)}", seen.replace(folder, "/etc/smsctl")),
            )
        page = Path(folder, "usage.html")
        _run(config, _TODAY, ("usage", "--municipality", "exempelkommun", "--html", str(page)))
        yield _place("usage-page", language), _charts(page.read_text(encoding="utf-8"))


def _place(name: str, language: str) -> Path:
    return ROOT / "docs" / "pictures" / f"{name}{'' if language == 'en' else f'.{language}'}.svg"


def _charts(page: str) -> str:
    """Return the charts of a page, each below its heading, as one picture in the colours of the page."""
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w+)", style))
    drawn: list[str] = []
    heading, top = "", _MARGIN
    for piece in _HEADING_OR_CHART.finditer(page):
        if piece["heading"]:
            heading = re.sub(r"<[^>]+>", "", piece["heading"])
            continue
        height, below = int(piece["height"]), top + _HEADING_HEIGHT
        told = f"{heading}: {piece['said']}" if piece["kind"] == "share" else heading
        box = f'x="{_MARGIN}" y="{below}" width="{_CHART_WIDTH}" height="{height}"'
        drawn.append(f'<text class="heading" x="{_MARGIN}" y="{below - 10}">{told}</text>')
        drawn.append(f'<svg {box} viewBox="0 0 {_CHART_WIDTH} {height}">{piece["drawn"]}</svg>')
        top += _HEADING_HEIGHT + height
    rules = "\n".join(
        line for line in style.splitlines() if re.match(r"svg (text|line)|\.(room|part\d) ", line)
    )
    rules = re.sub(r"var\(--(\w+)\)", lambda name: colours[name[1]], rules)
    size = f"0 0 {_CHART_WIDTH + 2 * _MARGIN} {top + _MARGIN}"
    return _CHARTS.format(size=size, rules=rules, drawn="\n".join(drawn))


def _set_up(folder: Path, url: str, language: str) -> Path:
    shutil.copytree(ROOT / "examples", folder / "examples")
    for file in (folder / "examples").iterdir():
        os.utime(file, (1_795_760_000, 1_795_760_000))
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    text = text.replace('mode = "simulate"', f'language = "{language}"\nmode = "live"', 1)
    text = text.replace("[gateway]\n", f'[gateway]\nurl = "{url}"\n', 1)
    text = text.replace('source = "keyring"', 'source = "file"\npath = "gateway.secret"', 1)
    secret = folder / "gateway.secret"
    secret.touch(mode=0o600)
    secret.write_text("demo\n", encoding="utf-8")
    config = folder / "config.toml"
    config.write_text(text, encoding="utf-8")
    return config


def _command(config: Path, at: str, words: Sequence[str]) -> list[str]:
    placed = [str(config.parent / one) if one.startswith("examples/") else one for one in words]
    return [sys.executable, "-c", _AT, at, "--config", str(config), *placed]


def _environment() -> dict[str, str]:
    return os.environ | {
        "TERM": "xterm-256color",
        "COLUMNS": str(_COLUMNS),
        "LINES": "60",
    }


def _run(config: Path, at: str, words: Sequence[str]) -> None:
    done = subprocess.run(
        _command(config, at, words), env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")


def _seen(config: Path, at: str, words: Sequence[str]) -> str:
    """Return what a terminal shows of a command; its question is left without a yes."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        _command(config, at, words),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=_environment(),
        start_new_session=True,
    )
    os.close(slave)
    seen, until = b"", time.monotonic() + _LONGEST_S
    while time.monotonic() < until and not _QUESTION.search(seen.decode(errors="replace")):
        if select.select([master], [], [], 0.2)[0]:
            try:
                piece = os.read(master, 65_536)
            except OSError:  # it has ended
                break
            seen += piece
    process.kill()
    process.wait()
    os.close(master)
    return seen.decode().replace("\r\n", "\n")


def _drawn(name: str, title: str, seen: str) -> str:
    seen = re.sub(r"\b[0-9a-f]{10}(?=-b?\d)", "27048f5d2c", seen)
    console = Console(
        width=_COLUMNS, record=True, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.from_ansi(f"$ {title}\n{seen.rstrip()}\n"), soft_wrap=True)
    return console.export_svg(title="", theme=_LIGHT, code_format=_PAGE, unique_id=f"smsctl-{name}")
