"""What the finance office sees after some years: on 80 columns, on a telephone, on a screen and on paper."""

import csv
import re
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from smsctl.domain.message import Status
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.ledger.store import open_ledger

from ..conftest import MakeConfig
from ..front_door import Run, run_terminal
from ..ledger import sending
from ..ledger.conftest import on
from . import browser

TOWN = Municipality(
    key="exempelkommun",
    name="Exempelkommun",
    rate=PackageTerms(size=10, price_ore=490_033),
    in_packages=True,
)
LONG_NAME = "Kommunalförbundet för gemensam skolverksamhet i Exempelkommun"
MONTHS, PACKAGES = 30, 60
LATER = timedelta(days=31)
WHITE, BLUE = (255, 255, 255), (0x1F, 0x5F, 0x8B)


class _Years:
    """The ledger of the years, made once."""

    folder = Path("never")


@pytest.fixture(autouse=True, scope="module")
def _place(tmp_path_factory: pytest.TempPathFactory) -> None:
    _Years.folder = tmp_path_factory.mktemp("years") / "ledger"


@pytest.fixture
def config(make_config: MakeConfig) -> Path:
    """A site that has used two packages in each of 30 months; of the last mailing some is unknown or held."""
    there = {"exempelkommun": {"name": LONG_NAME, "package_size": 10, "package_price": "4900.33"}}
    path = make_config(municipalities=there)
    if not _Years.folder.exists():
        _Years.folder.mkdir(mode=0o700)
        live(_Years.folder / "ledger.simulate.db")
    shutil.copytree(_Years.folder, path.parent / "ledger")
    return path


def live(file: Path) -> None:
    ledger = open_ledger(file)
    day = date(2024, 6, 15)
    sending.activate(ledger, TOWN, on(day.isoformat()))
    for _ in range(MONTHS):
        moment = on(day.isoformat())
        made_of = sending.new(municipality=TOWN, parts=2, body=moment.day)
        mailing = sending.begin(ledger, 10, made_of, moment)
        is_last = day + LATER > date(2026, 11, 30)
        states = [Status.UNKNOWN, Status.HELD, *[Status.ACCEPTED] * 8] if is_last else ()
        sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=moment), states, moment)
        day = (day.replace(day=1) + LATER).replace(day=15)
    ledger.close()


def test_two_years_and_forty_packages_fit_on_80_columns(config: Path) -> None:
    lines = run_terminal(["--config", config, "usage"]).seen.partition("Simulation: ")[2].splitlines()
    assert max(map(len, lines)) <= 80
    months = [line for line in lines if re.match(r"  20\d\d-\d\d  █+", line)]
    assert len(months) == 24
    assert months[0].split() == ["2024-12", "█" * 30, "20", "parts,", "10", "messages,", "9", "800,66", "kr"]
    told = [re.match(r" +(\d+)  20\d\d-\d\d-\d\d  20", line) for line in lines]
    assert [int(one[1]) for one in told if one] == list(range(21, 61))
    text = " ".join(" ".join(lines).split())
    for said in (
        "Before 2024-12: 120 parts, 58 803,96 kr. Each month with: --csv FILE",
        "Not shown: 20 earlier packages; all with: --html FILE",
        "40 invoices are not handed over: 196 013,20 kr without VAT.",
        "Cost in all: 294 019,80 kr without VAT.",
        "Packages: 294 019,80 kr invoiced, 294 019,80 kr used, 0,00 kr left (prepaid).",
        "1 unknown, 1 held: 1 960,13 kr, counted as cost until settled.",
    ):
        assert said in text


def test_what_was_paid_for_and_not_used_at_the_end_of_a_year_is_told(config: Path, run: Run) -> None:
    argv = ("--config", config, "usage", "--until", "2024-12-31")
    (told,) = run(*argv, "--json").data["municipalities"]
    assert told["prepaid"] == {
        "before_ore": 0,
        "invoiced_ore": 14 * 490_033,
        "used_ore": 14 * 490_033,
        "lost_ore": 0,
        "left_ore": 0,
    }
    assert "0,00 kr left on 2024-12-31 (prepaid)." in " ".join(run(*argv).out.split())


def test_months_packages_and_mailings_come_to_the_same_in_every_file(config: Path, run: Run) -> None:
    (told,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert (told["packages_in_all"], len(told["packages"])) == (PACKAGES, 40)
    assert told["unsettled"] == {
        "unknown": 1,
        "held": 1,
        "parts": 4,
        "cost_ore": 196_013,
        "mailings_in_all": 1,
        "mailings": [{"mailing": MONTHS, "unknown": 1, "held": 1, "parts": 4, "cost_ore": 196_013}],
    }
    assert told["cost_ore"] == sum(one["cost_ore"] for one in told["months"]) == 29_401_980
    for by, rows in (("month", MONTHS), ("package", PACKAGES), ("mailing", MONTHS)):
        out = run("--config", config, "usage", "--csv", "-", "--by", by).out
        lines = list(csv.DictReader(out.splitlines(), delimiter=";"))
        assert len(lines) == rows
        assert {one["Municipality"] for one in lines} == {LONG_NAME}
        kronor = [one["Cost without VAT"].split(",") for one in lines]
        assert sum(int(whole) * 100 + int(ore) for whole, ore in kronor) == told["cost_ore"]
    assert run("--config", config, "usage", "--by", "week").code == 2


@pytest.fixture
def page(config: Path, run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "usage.html"
    assert run("--config", config, "usage", "--html", path).code == 0
    return path


def test_the_page_tells_every_package_and_what_is_not_settled(page: Path) -> None:
    text = re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8").partition("</style>")[2])
    told = " ".join(text.split())
    for said in (
        "Not settled 1 unknown, 1 held: 1 960,13 kr, counted as cost until settled.",
        "Before 2024-12 60 120 58 803,96 kr",
        "In all 300 600 294 019,80 kr",
        "60 invoices are not handed over: 294 019,80 kr without VAT.",
    ):
        assert said in told
    assert "Not shown" not in told
    prose = " ".join(re.findall(r"<p[^>]*>(.*?)</p>", page.read_text(encoding="utf-8")))
    assert not re.search(r"\d (\d{3}|kr)\b", prose)  # no figure is folded on a narrow page
    assert page.read_text(encoding="utf-8").count('<td class="right" data-title="Package">') == PACKAGES


@pytest.fixture
def chromium(tmp_path: Path) -> str:
    found, why = browser.find(tmp_path)
    if why:
        pytest.skip(why)
    return found


def test_a_browser_shows_all_of_it_on_a_telephone_a_tablet_and_a_screen(
    page: Path, chromium: str, tmp_path: Path
) -> None:
    for width, height in ((420, 1800), (800, 1100), (1280, 900)):
        picture = tmp_path / f"{width}.png"
        browser.photograph_at(chromium, page, picture, width=width, height=height)
        drawn = browser.read(picture)
        seen = drawn.colours()
        assert seen[WHITE] > sum(seen.values()) / 2
        assert seen[BLUE] > 15_000  # the package, and the charts
        for left in (0, width - 10):  # nothing reaches into the margins
            assert set(drawn.colours(left, left + 10)) == {WHITE}, (width, left)


def test_it_is_printed_on_paper(page: Path, chromium: str, tmp_path: Path) -> None:
    paper = tmp_path / "usage.pdf"
    subprocess.run(
        [
            *(chromium, "--headless", "--disable-gpu", "--no-sandbox", "--proxy-server=127.0.0.1:9"),
            *(f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={paper}", page.as_uri()),
        ],
        check=True,
        capture_output=True,
        timeout=90,
    )
    sheets = paper.read_bytes().count(b"/Type /Page\n")
    assert 2 <= sheets <= 6
