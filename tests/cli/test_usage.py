import re
import stat
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from smsctl.cli.output import svg
from smsctl.simulator.server import Behaviour

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run, run_terminal
from . import browser
from .conftest import guardians

TOWN = "exempelkommun"
HALF_A_LABEL = 25  # of a month in 11 px


@pytest.fixture
def config(live_gateway: LiveGateway, message: Path, run: Run) -> Path:
    """A site with a package of ten parts, of which nine are used; one test SMS went outside of it."""
    live = live_gateway(rows=guardians(9), active=False, municipalities={TOWN: {"package_size": 10}})
    for words in (
        ("test", "+46701740699", "hej"),
        ("municipality", "activate", TOWN, "--yes"),
        ("send", message, "--all", "--yes", "--max-parts", 9),
    ):
        assert run("--config", live.config, *words).code == 0
    return live.config


def test_usage_answers_at_a_glance(config: Path) -> None:
    seen = " ".join(run_terminal(["--config", config, "usage"]).seen.split())
    for told in (
        "Exempelkommun",
        "Package 1 ███████████████████████████",
        "90 %: 9 of 10 parts used, 1 left",
        "At the pace of the last 90 days it is used up on 20",
        "Price of the package: 4 900,00 kr",
        "10 parts used in all, 1 of them outside any package.",
        "Parts and cost per month",
        "10 parts, 10 messages, 4 900,00 kr",
        "Cost in all: 4 900,00 kr without VAT, 490,00 kr of it outside any package.",
        "Packages: 4 900,00 kr invoiced, 4 410,00 kr used, 490,00 kr left (prepaid).",
        "Packages",
        "Latest mailings",
        "9 9 4 410,00 kr",
    ):
        assert told in seen


def test_one_part_is_told_as_one(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway().config
    assert run("--config", config, "test", "+46701740699", "hej").code == 0
    assert re.search(r"█  1 part, 1 message, 0,49 kr\n", run("--config", config, "usage").out)


def test_the_envelope_tells_packages_forecast_and_mailings(config: Path, run: Run) -> None:
    (used,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert used["package"] == {"number": 1, "size": 10, "used": 9, "left": 1, "price_ore": 490_000}
    assert (used["parts"], used["parts_outside_packages"], used["messages"]) == (10, 1, 10)
    (package,) = used["packages"]
    assert (package["invoice"], package["used_up"], package["handed_over"]) == (1, None, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", used["runs_out"])
    assert [(one["parts"], one["cost_ore"]) for one in used["mailings"]] == [(9, 441_000), (1, 49_000)]


def test_a_period_leaves_out_what_is_outside_it(config: Path, run: Run) -> None:
    (used,) = run("--config", config, "usage", "--until", "2020-12", "--json").data["municipalities"]
    assert (used["parts"], used["messages"], used["states"], used["months"], used["mailings"]) == (
        0,
        0,
        {},
        [],
        [],
    )
    assert used["package"]["used"] == 9
    ran = run("--config", config, "usage", "--since", "2020-01", "--until", "2020-12-31")
    assert "Nothing that costs was sent from 2020-01-01 to 2020-12-31." in ran.out


@pytest.mark.parametrize(
    ("until", "day"),
    [
        ("2026-11", "2026-11-30"),
        ("2026-12", "2026-12-31"),
        ("2026-02", "2026-02-28"),
        ("2028-02", "2028-02-29"),
        ("2026-11-07", "2026-11-07"),
    ],
)
def test_a_month_ends_on_its_last_day(until: str, day: str, make_config: MakeConfig, run: Run) -> None:
    told = run("--config", make_config(), "usage", "--since", "2026-02", "--until", until, "--json").data
    assert (told["since"], told["until"]) == ("2026-02-01", day)


@pytest.mark.parametrize("flag", ["--since", "--until"])
@pytest.mark.parametrize(
    "day", ["yesterday", "2026-02-30", "2026-1", "2026-13", "2026-W48", "20261122", "2026", ""]
)
def test_a_day_that_does_not_exist_is_refused(flag: str, day: str, make_config: MakeConfig, run: Run) -> None:
    assert run("--config", make_config(), "usage", flag, day).code == 2


def test_a_file_has_the_months_of_every_municipality(config: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    assert run("--config", config, "usage", "--csv", path).code == 0
    header, only = path.read_text(encoding="utf-8-sig").splitlines()
    assert header == "Key;Municipality;Month;Messages;Parts;Outside packages;Cost without VAT"
    assert re.fullmatch(rf"{TOWN};Exempelkommun;\d{{4}}-\d\d;10;10;1;4900,00", only)


def test_several_municipalities_stand_in_one_table(make_config: MakeConfig, run: Run) -> None:
    towns = {"other": {"name": "Annanstans", "package_size": 7, "package_price": "1.00"}}
    config = make_config(default_municipality=TOWN, municipalities=towns)
    out = run("--config", config, "usage").out
    assert re.search(r"^  Exempelkommun +-", out, re.MULTILINE)
    assert re.search(r"^  Annanstans +-", out, re.MULTILINE)


def test_what_has_no_price_is_told_beside_what_all_of_them_cost(
    make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    config = make_config(default_municipality=TOWN, municipalities={"other": {"name": "Annanstans"}})
    for town in (TOWN, "other"):
        assert run("--config", config, "test", "+46701740605", "Hej", "--municipality", town).code == 0
    assert run("--config", config, "usage", "--html", tmp_path / "page.html").code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for told in (run("--config", config, "usage").out, page.replace("\u00a0", " ")):
        assert "2 municipalities in all: 2 parts, 0,49 kr without VAT." in told
        assert "Not in that: 1 part without a known price." in told


@pytest.mark.parametrize(
    "command",
    ["usage", "mailings list", "recipients check", "config show", "config check", "credential check"],
)
def test_every_command_warns_when_a_package_is_nearly_used(command: str, config: Path, run: Run) -> None:
    told = "Exempelkommun: 90 % of package 1 is used; 1 part is left."
    assert told in run("--config", config, *command.split()).err
    enveloped = run("--config", config, *command.split(), "--json").json["messages"]
    assert [one["text"] for one in enveloped].count(told) == 1


def test_a_package_that_is_used_up_is_told_with_what_comes_next(config: Path, run: Run) -> None:
    ran = run("--config", config, "test", "+46701740698", "hej")
    told = "Exempelkommun: package 1 is used up; the next part opens a package, and makes an invoice."
    assert told in ran.err
    assert told in run("--config", config, "config", "check").err


def test_a_command_that_needs_no_ledger_makes_none_to_look_at_its_packages(
    make_config: MakeConfig, run: Run
) -> None:
    config = make_config()
    assert run("--config", config, "config", "check").code == 0
    assert not (config.parent / "ledger").exists()


def test_a_ledger_that_cannot_be_read_stops_no_command_that_does_not_need_it(config: Path, run: Run) -> None:
    (config.parent / "ledger" / "ledger.db").write_bytes(b"not a ledger")
    ran = run("--config", config, "config", "check")
    assert (ran.code, ran.err) == (0, "")


def test_nobody_is_warned_of_a_package_that_is_not_used_up_soon_or_no_longer_open(
    config: Path, run: Run
) -> None:
    run("--config", config, "municipality", "deactivate", TOWN)
    assert run("--config", config, "usage").err == ""


def test_what_is_left_of_a_package_is_foreseen_only_where_the_next_part_comes_from_one(
    config: Path, message: Path, run: Run
) -> None:
    spent = ("--config", config, "test", "+46701740699", "hej")
    assert run(*spent).code == 0
    assert "the next part opens a package" in run("--config", config, "usage", "--municipality", TOWN).out
    packages = 'package_size = 10\npackage_price = "4900.00"\n'
    text = config.read_text(encoding="utf-8")
    assert packages in text
    config.write_text(text.replace(packages, 'part_price = "0.50"\n'), encoding="utf-8")
    seen = run("--config", config, "usage", "--municipality", TOWN)
    assert "100 %: 10 of 10 parts used, 0 left" in seen.out
    assert "the next part opens a package" not in seen.out + seen.err
    (told,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert told["runs_out"] is None
    message.write_text("Hej en gång till\n", encoding="utf-8")
    planned = run("--config", config, "send", message, "--all", "--dry-run", "--max-parts", 9)
    assert planned.code == 0
    assert "of package 1 is used" not in planned.out + planned.err


class _Page(HTMLParser):
    """What a page would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [(name, value) for name, value in attrs if name in ("src", "href", "style", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]


@pytest.fixture
def page(config: Path, run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "usage.html"
    ran = run("--config", config, "usage", "--html", path)
    assert ran.code == 0
    assert f"Written to {path}." in ran.out
    return path


def test_the_page_stands_alone(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = _Page(text)
    assert not found.links
    assert not {"script", "link", "iframe", "img", "object", "form"} & set(found.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


def test_the_page_is_well_formed_and_told_to_who_cannot_see_it(page: Path) -> None:
    root = ET.fromstring(page.read_text(encoding="utf-8").removeprefix("<!DOCTYPE html>"))
    assert root.get("lang")
    drawings = root.findall(".//svg")
    assert len(drawings) == 5  # the package; kronor and parts by month, for a screen and for a phone
    assert all(one.get("role") == "img" and one.get("aria-label") for one in drawings)
    for table in root.findall(".//table"):
        heads = table.findall("thead/tr/th")
        assert all(head.get("scope") == "col" for head in heads)
        assert all(len(row) == len(heads) for row in table.findall("tbody/tr"))


def test_the_page_tells_what_the_finance_office_asks(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    for told in ("Exempelkommun", "90 %: 9 of 10 parts used, 1 left", "4 900,00 kr", "4 410,00 kr"):
        assert told in text
    assert "70174" not in text


def test_the_page_tells_what_is_not_settled(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    config = live_gateway(Behaviour(internal_error_share=1), rows=guardians(9)).config
    run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9)
    run("--config", config, "usage", "--html", tmp_path / "usage.html")
    told = " ".join((tmp_path / "usage.html").read_text(encoding="utf-8").split())
    assert "9 unknown: 4,41 kr, counted as cost until settled." in told


@pytest.mark.parametrize("width", [svg.WIDTH, svg.NARROW])
@pytest.mark.parametrize("months", [1, 12, 13, 24])
def test_no_label_of_the_chart_is_cut_off_or_runs_into_the_next(months: int, width: int) -> None:
    stacks = [svg.Stack(f"20{n // 12 + 20}-{n % 12 + 1:02}", [n], "10 000", "told") for n in range(months)]
    root = ET.fromstring(svg.columns(stacks, "told", width=width))
    labels = {
        text: float(one.get("x", "0"))
        for one in root.findall("g/text")
        if "-" in (text := "".join(one.itertext()))
    }
    assert stacks[-1].label in labels
    assert all(HALF_A_LABEL < x < width - HALF_A_LABEL for x in labels.values())
    places = sorted(labels.values())
    assert all(right - left > 2 * HALF_A_LABEL for left, right in pairwise(places))
    assert ("10 000" in svg.columns(stacks, "told")) == (months <= 14)


def test_the_page_escapes_foreign_text(make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    config = make_config(municipalities={TOWN: {"name": "<script>alert(1)</script> & Co"}})
    path = tmp_path / "usage.html"
    assert run("--config", config, "usage", "--html", path).code == 0
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in path.read_text(encoding="utf-8")
    assert "<script" not in path.read_text(encoding="utf-8")


def test_a_browser_shows_the_charts(page: Path, tmp_path: Path) -> None:
    found, why = browser.find(tmp_path)
    if why:
        pytest.skip(why)
    picture = tmp_path / "usage.png"
    browser.photograph(found, page, picture)
    seen = browser.colours(picture)
    assert seen[255, 255, 255] > sum(seen.values()) / 2  # a calm page
    assert seen[0x1F, 0x5F, 0x8B] > 10_000  # the package and the month
    assert seen[0xB3, 0x64, 0x1C] > 100  # what went outside of it
    assert seen[0xE8, 0xED, 0xF1] > 1000  # what is left


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4])
def test_a_picture_is_read_point_by_point(kind: int, tmp_path: Path) -> None:
    import struct
    import zlib

    def piece(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    plain = [bytes([1, 2, 3, 250, 250, 250]), bytes([1, 2, 3, 1, 2, 3])]
    lines, above = b"", bytes(6)
    for line in plain:
        guesses = []
        for x in range(6):
            left, corner = (line[x - 3], above[x - 3]) if x >= 3 else (0, 0)
            guess = left + above[x] - corner
            nearest = min((left, above[x], corner), key=lambda one: abs(guess - one))
            guesses.append((0, left, above[x], (left + above[x]) // 2, nearest)[kind])
        lines += bytes([kind]) + bytes((a - b) & 0xFF for a, b in zip(line, guesses, strict=True))
        above = line
    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    picture = tmp_path / "one.png"
    picture.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + piece(b"IHDR", header)
        + piece(b"IDAT", zlib.compress(lines))
        + piece(b"IEND", b"")
    )
    assert browser.colours(picture) == {(1, 2, 3): 3, (250, 250, 250): 1}
