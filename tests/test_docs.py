"""The documents say what the program is: nothing drifts, nothing is missing, no link is dead."""

import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from smsctl.actions.notify import RunFacts
from smsctl.cli import app, command_tree, contents, flags
from smsctl.config.keys import KEYS
from smsctl.domain.message import Status
from smsctl.domain.recipients import SkipReason
from smsctl.errors import ExitCode, say

from .catalogues import swedish
from .test_house import Nobody

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
SWEDISH = ROOT / "docs" / "sv"
MANUAL = ROOT / "man" / "smsctl.1"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_SHOWING = sorted(page for kind in ("how-to", "tutorial") for page in ROOT.glob(f"docs/**/{kind}/*.md"))

_CONSOLE = re.compile(r"^ *```console\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_PLACE = re.compile(r"\{[^{}]*\}")
_TELLING = 8  # characters that are not filled in: of fewer, as in "{text} {first}", anything is one
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TYPED = re.compile(r"^(?:[$#] )?(?:sudo (?:-u \S+ )?)?smsctl ([a-z].*)", re.MULTILINE)
_INLINE = re.compile(r"`smsctl ([a-z][^`]*)`")
_PROMPTED = re.compile(r"^\$ (?:sudo (?:-u \S+ )?)?smsctl ([a-z].*)", re.MULTILINE)
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_CITED = re.compile(r'(?<![\w-])((?:[\w-]+/)*[\w-]+\.md)((?:(?:,| and)(?: |\n[ #]*)"[^"\n]+")*)')
_DECISION = re.compile(r"\bdecisions?[ /]([0-9]{4})")
_BY_NUMBER = re.compile(r"\.md (?:section )?[0-9]|[\w,] \((?:[a-z]+ )?[0-9]{1,2}\.[0-9]{1,2}\)")


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _words_of(page: str) -> str:
    return _read(REFERENCE / page)


def test_no_generated_page_differs_from_the_program() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"run: python docs/generate.py\n{ran.stdout}{ran.stderr}"


@pytest.mark.parametrize("command", contents.COMMANDS)
def test_every_command_is_described(command: str) -> None:
    assert f"\n## {command}\n" in _words_of("commands.md")
    assert f"\n.SS smsctl {command}".replace("-", r"\-") in _read(MANUAL)


@pytest.mark.parametrize("field", [name for name in flags.Flags._fields if name != "typed"])
def test_every_flag_of_all_commands_is_described(field: str) -> None:
    flag = f"--{field.replace('_', '-')}"
    assert f"| `{flag}" in _words_of("commands.md")
    assert f"\n\\fB{flag}".replace("-", r"\-") in _read(MANUAL)


@pytest.mark.parametrize("key", [key.dotted for key in KEYS])
def test_every_key_is_described(key: str) -> None:
    section, _, name = key.rpartition(".")
    heading = f"\n## [{section}]\n" if section else "\n## At the top\n"
    table = _words_of("config.md").partition(heading)[2].partition("\n## ")[0]
    assert f"| `{name}` |" in table


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_described(code: ExitCode) -> None:
    assert f"\n| {int(code)} | " in _words_of("exit-codes.md")
    assert f"\n\\fB{int(code)}\\fR\n" in _read(MANUAL)


@pytest.mark.parametrize("word", [*Status, *SkipReason])
def test_every_state_and_skip_reason_is_described(word: str) -> None:
    assert f"\n| `{word}` | " in _words_of("states.md")


def _links() -> list[tuple[Path, str]]:
    found = ((page, target) for page in PAGES for target in _LINK.findall(_FENCED.sub("", _read(page))))
    return [(page, target) for page, target in found if not re.match(r"[a-z]+:", target)]


def test_no_link_is_dead() -> None:
    assert not [
        f"{page.relative_to(ROOT)}: {target}" for page, target in _links() if not _leads(page, target)
    ]


def _leads(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    meant = page.parent / path if path else page
    return meant.exists() and (not anchor or anchor in _anchors(meant))


@cache
def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made on the web."""
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(_read(page)))
    return {title.strip().replace(" ", "-") for title in plain}


def _sources() -> list[Path]:
    """Return the files that cite pages: the code, the tests, what is installed beside them."""
    folders = ("smsctl", "tests", "benchmarks", "docs", "translations")
    code = [page for folder in folders for page in (ROOT / folder).rglob("*.py")]
    beside = [page for page in (ROOT / "contrib").rglob("*") if page.is_file()]
    return [*code, *(ROOT / "smsctl").rglob("*.sql"), *beside, ROOT / "pyproject.toml"]


def _dead_citations(text: str) -> list[str]:
    """Return what `text` cites and is not there: pages by the end of their path, headings, decisions."""
    dead = [found.group() for found in _BY_NUMBER.finditer(text)]
    dead += [number for number in _DECISION.findall(text) if not any(ROOT.glob(f"docs/decisions/{number}-*"))]
    for cited, headings in _CITED.findall(text):
        titles = _headings(cited)
        dead += [cited] if not titles else []
        dead += [f"{cited}: {title}" for title in re.findall(r'"(.+?)"', headings) if title not in titles]
    return dead


@cache
def _headings(cited: str) -> set[str]:
    """Return the headings of the pages whose path ends so; none where there is no such page."""
    pages = [
        page for page in (*PAGES, *ROOT.glob("benchmarks/*.md")) if page.as_posix().endswith(f"/{cited}")
    ]
    return {title for page in pages for title in _HEADING.findall(_read(page))}


def test_no_citation_is_dead() -> None:
    dead = [f"{page.relative_to(ROOT)}: {one}" for page in _sources() for one in _dead_citations(_read(page))]
    assert not dead


@pytest.mark.parametrize(
    ("dead", "text"),
    [
        ("wires/puzzel", "(wires/puzzel{md})"),
        ("wire/puzzel", '# wire/puzzel{md}, "Sender" and "Number of the beast"'),
        ("wire/puzzel", 'wire/puzzel{md},\n    "Number of the beast".'),
        (" 2", "exit-codes{md} 2"),
        ("(3.5)", "beyond, it is cut (3{dot}5)"),
        ("0999", "as decision {no}"),
    ],
)
def test_a_dead_citation_is_found(dead: str, text: str) -> None:
    (found,) = _dead_citations(text.format(md=".md", dot=".", no="0999"))
    assert dead in found


def test_every_proof_is_told_of_and_what_is_told_of_is_there() -> None:
    page = (ROOT / "docs/explanation/never-twice.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(test_\w+\.py)`", page, re.MULTILINE)
    assert sorted(told) == sorted(one.name for one in (ROOT / "tests/proof").glob("test_*.py"))


def test_every_page_is_in_the_index() -> None:
    indexes = (ROOT / "docs" / "README.md", SWEDISH / "README.md")
    linked = {(page.parent / target).resolve() for page, target in _links() if page in indexes}
    kinds = {"tutorial", "how-to", "reference", "explanation"}
    chapters = {page for page in PAGES if kinds & set(page.relative_to(ROOT).parts)}
    assert chapters
    assert chapters <= linked


def _read_in_swedish() -> list[Path]:
    kinds = ("tutorial", "how-to", "explanation")
    return [page for kind in kinds for page in sorted((ROOT / "docs" / kind).glob("*.md"))]


@pytest.mark.parametrize("page", _read_in_swedish(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_swedish_page_stands_beside_the_english_one_and_is_in_step(page: Path) -> None:
    swedish = SWEDISH / page.relative_to(ROOT / "docs")
    assert swedish.exists()
    assert _bones(swedish) == _bones(page)


def _bones(page: Path) -> tuple[list[int], list[str], Counter[str]]:
    """Return what is the same in both languages: levels of headings, commands, figures outside of code."""
    text = _read(page)
    prose = re.sub(r"\]\([^)]*\)", "]", _FENCED.sub("", text))
    figures = re.findall(r"\d(?:[\d.,\u00a0\u202f :–-]*\d)?", prose)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)]
    commands = [line for line in "\n".join(_FENCED.findall(text)).splitlines() if line.startswith("$ ")]
    return levels, commands, Counter(re.sub(r"\D", "", figure) for figure in figures)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_prints_exists(page: Path) -> None:
    for words in _typed(page):
        assert words[0] in contents.COMMANDS or " ".join(words[:2]) in contents.COMMANDS, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_flag_that_a_page_prints_with_a_command_exists(page: Path) -> None:
    known = {"--help", *_FLAG.findall(_words_of("commands.md"))}
    assert {word for words in _typed(page) for word in words if _FLAG.fullmatch(word)} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_of_a_page_can_be_typed(page: Path) -> None:
    for line in _PROMPTED.findall(_read(page)):
        _, words = flags.take(shlex.split(line.replace(" ID", " 1"), comments=True))
        with suppress(Nobody.AskedError):  # the line was read, and the command has begun
            command_tree.build(app.command_in(words))(args=words, standalone_mode=False, obj=Nobody())


@pytest.mark.parametrize("page", _SHOWING, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_sentence_that_a_page_shows_of_the_program_is_one_of_it(page: Path) -> None:
    ours = _sentences(is_swedish=page.is_relative_to(SWEDISH))
    assert [line for line in _shown(_read(page)) if not ours.match(line)] == []


@pytest.mark.parametrize(
    ("line", "is_ours"),
    [
        ("$ smsctl credential check\nThe secret gateway comes from the file /x.", True),
        ("  ok  secret  gateway comes from the file /x.", False),
        ("  ok  login   The gateway took the login.", True),
        ("Nobody has ever said such words.", False),
    ],
)
def test_a_sentence_that_is_none_of_it_is_found(line: str, *, is_ours: bool) -> None:
    (shown,) = _shown(f"```console\n{line}\n```\n")
    assert (_sentences(is_swedish=False).match(shown) is not None) == is_ours


def _shown(text: str) -> list[str]:
    """Return the sentences among what blocks show of the program; of a table's line, its last cell."""
    lines = (line.strip() for block in _CONSOLE.findall(text) for line in block.splitlines())
    cells = (re.split(" {2,}", line)[-1] for line in lines if line[:1] not in "$│#")
    return [cell for cell in cells if cell.endswith(("?", ".")) and any(map(str.isalpha, cell))]


@cache
def _sentences(*, is_swedish: bool) -> re.Pattern[str]:
    """Match a line that begins with a whole sentence of the program, whatever stands in its places."""
    said = [message.string if is_swedish else message.id for message in swedish()]
    forms = [form for one in said if one for form in ((one,) if isinstance(one, str) else one)]
    literal = [[re.escape(part) for part in _PLACE.split(form)] for form in forms]
    whole = ("(?:.+?)".join(parts) for parts in literal if sum(map(len, parts)) >= _TELLING)
    return re.compile(f"(?:{'|'.join(whole)})[.]?(?:$|(?<=[.?]) |: )", re.IGNORECASE)


def _typed(page: Path) -> list[list[str]]:
    """Return the words of every smsctl command that a page prints, in a block or within a sentence."""
    text = _read(page)
    blocks = _TYPED.findall("\n".join(_FENCED.findall(text)))
    return [line.split() for line in (*blocks, *_INLINE.findall(_FENCED.sub("", text)))]


def test_what_a_command_of_notify_is_given_is_described() -> None:
    facts = RunFacts(command="", exit_code=ExitCode.OK, mode="", config="", host="", text=say("done"))
    pages = (ROOT / "docs/how-to/cron.md", SWEDISH / "how-to/cron.md", MANUAL)
    for name in ("SMSCTL_TEXT", *facts.variables):
        assert [page.name for page in pages if not re.search(rf"{name}\b", page.read_text("utf-8"))] == []


def test_the_manual_page_is_valid() -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("this machine has no groff to read a manual page with")
    ran = subprocess.run(
        [groff, "-man", "-Tutf8", "-ww", MANUAL], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "mailings resolve" in re.sub(r".\x08|\x1b\[[0-9;]*m", "", ran.stdout)


def test_the_map_of_the_tests_is_true() -> None:
    """Every test that it names is there, and each module of the core has its tests: in its file, or named."""
    contributing = _read(ROOT / "CONTRIBUTING.md")
    guards = contributing.partition("\n## What guards what\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_/.]+)`", guards))
    modules = {
        path.relative_to(ROOT / "smsctl").with_suffix("").as_posix()
        for folder in ("ledger", "actions")
        for path in (ROOT / "smsctl" / folder).rglob("[a-z]*.py")
    }
    tests = {name for name in named if name.endswith((".py", "/"))} - {"tests/", "ledger/", "actions/"}
    assert [name for name in tests if not (ROOT / "tests" / name).exists()] == []
    without = {name for name in modules if not (ROOT / "tests" / _test_of(name)).exists()}
    told = {name for name in named - tests if "/" in name} - {"tests/", "ledger/", "actions/"}
    assert (without - told, told - modules) == (set(), set())


def _test_of(module: str) -> str:
    folder, _, name = module.partition("/")
    return f"{folder}/test_{name}.py"


def test_a_decision_has_a_number_of_its_own() -> None:
    records = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [name.partition("-")[0] for name in records]
    assert sorted(set(numbers)) == numbers
    for name, number in zip(records, numbers, strict=True):
        text = (ROOT / "docs" / "decisions" / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {number}: "), name
