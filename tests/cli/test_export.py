"""What `--csv`, `--html` and `--export` write: whole, for nobody else, and over nothing unasked."""

import csv
import io
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smsctl.cli.output.export import write_csv
from smsctl.cli.output.fields import Field
from smsctl.domain.columns import find_columns
from smsctl.errors import Sentence, say
from smsctl.host import disk

from ..conftest import MakeConfig
from ..front_door import Run, run_process
from ..ledger.places import on_small_disk, python, why_no_mounts
from .conftest import guardians

WRITERS = (
    "usage --csv",
    "usage --html",
    "invoices export --csv",
    "mailings skipped 1 --csv",
    "mailings failed 1 --csv",
    "mailings list --csv",
    "audit --csv",
    "inbox list --export",
    "reports unmatched --export",
)
OLD = "what was there before"


@pytest.fixture
def site(make_config: MakeConfig, run: Run, message: Path) -> Path:
    """A config in simulate mode, with one mailing in its ledger."""
    config = make_config(rows=guardians(2))
    assert run("--config", config, "send", message, "--all", "--yes").code == 0
    return config


@pytest.mark.parametrize("words", WRITERS)
def test_an_earlier_file_is_replaced_only_where_that_is_asked_for(
    words: str, site: Path, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "made"
    path.write_text(OLD)
    path.chmod(0o644)
    refused = run("--config", site, *words.split(), path)
    assert (refused.code, "--replace" in refused.err, path.read_text()) == (8, True, OLD)
    for _ in range(2):
        assert run("--config", site, *words.split(), path, "--replace").code == 0
    assert OLD not in path.read_text("utf-8-sig")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not [one.name for one in tmp_path.iterdir() if one.name.startswith(".")]


@pytest.mark.parametrize("kind", ["folder", "link", "loop", "device", "pipe"])
def test_what_is_no_plain_file_is_not_replaced(kind: str, site: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "there"
    goal = tmp_path / "goal"
    goal.write_text(OLD)
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(goal)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = Path("/dev/null")
    ran = run("--config", site, "usage", "--csv", path, "--replace")
    assert (ran.code, goal.read_text()) == (8, OLD)
    assert path.is_symlink() == (kind in {"link", "loop"})
    assert ("Name another file" in ran.err, "--replace" in ran.err) == (True, False), ran.err


def test_where_no_file_can_be_made_another_folder_is_named(site: Path, run: Run, tmp_path: Path) -> None:
    ran = run("--config", site, "usage", "--csv", tmp_path / "gone" / "usage.csv")
    assert (ran.code, "Name a file in a folder" in ran.err, "--replace" in ran.err) == (8, True, False)


def test_a_pipe_that_has_a_name_is_refused_and_not_waited_for(site: Path) -> None:
    """As `--csv >(gzip)` gives it to a command."""
    ran = run_process("--config", site, "usage", "--csv", "/dev/stdout")
    assert (ran.code, "File exists" in ran.err) == (8, True), ran.said


def test_two_tables_have_two_files(site: Path, run: Run, tmp_path: Path) -> None:
    for name in (tmp_path / "made", "-"):
        ran = run("--config", site, "usage", "--csv", name, "--html", name)
        assert (ran.code, "name one file" in ran.err) == (2, True), ran.said
    assert not (tmp_path / "made").exists()


def test_what_smsctl_needs_itself_is_not_replaced(site: Path, run: Run) -> None:
    names = [site, site.parent / "recipients.csv", *(site.parent / "ledger").iterdir()]
    before = [path.read_bytes() for path in names if path.is_file()]
    for path in names:
        ran = run("--config", site, "usage", "--csv", path, "--replace")
        assert (ran.code, "smsctl needs it itself" in ran.err) == (2, True), ran.said
    assert [path.read_bytes() for path in names if path.is_file()] == before


def test_replace_without_a_file_is_told(site: Path, run: Run) -> None:
    assert run("--config", site, "usage", "--replace").code == 2
    assert run("--config", site, "usage", "--csv", "-", "--replace").code == 2


def test_a_full_disk_leaves_the_earlier_file_as_it_was(site: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if why := why_no_mounts(small):
        pytest.skip(why)
    code = """
import sys
from pathlib import Path
from smsctl.cli.app import main
config, folder = sys.argv[1], Path(sys.argv[2])
made = folder / "usage.html"
made.write_text("old")
(folder / "fill").open("wb", buffering=0).write(b"x" * 999999)
print("code", int(main(["--config", config, "usage", "--html", str(made), "--replace"])))
print(made.read_text(), sorted(one.name for one in folder.iterdir()))
"""
    ran = on_small_disk(small, python(code, site, small), size="12k")
    assert ran.stdout.split("\n")[:2] == ["code 9", "old ['fill', 'usage.html']"], ran.stdout + ran.stderr


_WRITER = """
import sys
from pathlib import Path
from smsctl.host import disk
target, replace = Path(sys.argv[1]), sys.argv[2] == "replace"
print("ready", flush=True)
for n in range(1_000_000):
    disk.write_whole(target, str(n % 10).encode() * 500_000, replace=replace)
    if not replace:
        target.unlink()
"""


@pytest.mark.parametrize("how", ["replace", "new"])
def test_a_kill_leaves_all_of_a_file_or_none_of_it(how: str, tmp_path: Path) -> None:
    target = tmp_path / "file"
    for turn in range(8):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, target, how], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.02 + turn * 0.007)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        for one in tmp_path.iterdir():  # a draft that was about to get its name is whole too
            found = one.read_bytes()
            assert (len(found), len(set(found))) == (500_000, 1)
        disk.write_whole(target, b"next", replace=target.exists())
        target.unlink()


def test_what_a_kill_has_left_is_cleared_away_a_day_later(tmp_path: Path) -> None:
    names = [f".{sign * 16}.smsctl" for sign in "0aef"]
    left, fresh, a_link, linked = [*(tmp_path / name for name in names)]
    others = [tmp_path / name for name in (f".{'0' * 16}.smsctl.csv", f".{'g' * 16}.smsctl", ".smsctl")]
    a_link.symlink_to(linked)
    for one in (left, fresh, linked, *others):
        one.write_bytes(b"46701740605")
        if one is not fresh:
            os.utime(one, (0, 0))
    os.utime(linked, None)
    os.utime(a_link, (0, 0), follow_symlinks=False)
    disk.write_whole(tmp_path / "file", b"one")
    assert {*tmp_path.iterdir()} == {fresh, a_link, linked, *others, tmp_path / "file"}


def test_where_linux_makes_no_nameless_file_it_is_written_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "another")
    target = tmp_path / "file"
    disk.write_whole(target, b"one")
    with pytest.raises(FileExistsError):
        disk.write_whole(target, b"two")
    disk.write_whole(target, b"three", replace=True)
    assert (target.read_bytes(), [*tmp_path.iterdir()]) == (b"three", [target])


def test_a_table_is_as_excel_in_sweden_opens_it(tmp_path: Path) -> None:
    fields: list[Field[Sentence | str | None]] = [Field("", lambda one: one, say("Municipality"))]
    told = ["Åre", "+46701740605", "-4900,50", "12", "=1+1", "-x", "a;b", None, say("yes")]
    path = tmp_path / "file.csv"
    assert write_csv(path, fields, told) is None
    assert path.read_bytes().startswith(b"\xef\xbb\xbfMunicipality\r\n\xc3\x85re\r\n")
    with path.open(encoding="utf-8-sig", newline="") as file:
        _, *rows = csv.reader(file, delimiter=";")
    assert [row[0] if row else "" for row in rows] == [
        *("Åre", "46701740605", "-4900,50", "12", "'=1+1", "'-x", "a;b", "", "yes")
    ]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("a\x1b[2Jb", "a\\u001b[2Jb"),
        ("a\x07\x9b\x7fb", "a\\u0007\\u009b\\u007fb"),
        ("a\u202eb", "a\\u202eb"),
        ("Hej\nalla\tni\r\n👩\u200d🏫 sko\xadla", "Hej\nalla\tni\r\n👩\u200d🏫 sko\xadla"),
    ],
)
def test_what_steers_a_screen_is_written_as_its_number(cell: str, written: str) -> None:
    fields: list[Field[str]] = [Field("", lambda one: one, say("Municipality"))]
    page = write_csv(Path("-"), fields, [cell]) or ""
    assert list(csv.reader(io.StringIO(page, newline=""), delimiter=";"))[1] == [
        written.replace("\r\n", "\n")
    ]


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("words", ["failed", "skipped"])
def test_a_list_to_correct_is_known_again_in_either_language(
    words: str, language: str, site: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_LANGUAGE", language)
    out = run("--config", site, "mailings", words, 1, "--csv", "-").out
    assert find_columns(out.splitlines()[0].split(";")).reason is not None


def test_the_headings_are_in_the_readers_language(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_LANGUAGE", "sv")
    out = run("--config", make_config(), "usage", "--csv", "-").out
    assert out.splitlines()[0].startswith("Nyckel;Kommun;Månad;Meddelanden;Delar;")


def test_every_command_that_writes_a_file_can_replace_it() -> None:
    pages = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
    sections = pages.read_text(encoding="utf-8").split("\n## ")
    writing = [one for one in sections if re.search(r"^\| `--(csv|html|export) ", one, re.MULTILINE)]
    assert len(writing) >= 10
    assert not [one.partition("\n")[0] for one in writing if "| `--replace` |" not in one]
