"""Standard streams that fail under a command: the reader goes away, the disk is full, nobody opened them."""

import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smsctl.cli.contents import COMMANDS, TELLS_ONLY

from ..conftest import SECRET, LiveGateway, MakeConfig
from ..front_door import SMSCTL, Ran, Run, Terminal, run_here
from ..ledger.places import on_small_disk, why_no_mounts
from .conftest import guardians

OWN_LIFE = {"simulator", "reports listen"}  # they run until they are stopped
ARGV = {
    "test": "test +46701740605 hej",
    "send": "send message.txt --all --yes",
    "mailings show": "mailings show 1",
    "mailings resume": "mailings resume 1",
    "mailings cancel": "mailings cancel 1",
    "mailings resolve": "mailings resolve 1 --as sent --yes",
    "mailings skipped": "mailings skipped 1",
    "mailings failed": "mailings failed 1",
    "municipality order": "municipality order exempelkommun --yes",
    "municipality activate": "municipality activate exempelkommun --yes",
    "municipality deactivate": "municipality deactivate exempelkommun --yes",
    "invoices export": "invoices export invoices.csv",
    "invoices compare": "invoices compare --month 2026-01 --parts 1",
    "reports import": "reports import reports.csv",
    "inbox show": "inbox show 1",
    "block add": "block add +46701740609",
    "block remove": "block remove +46701740609",
    "block import": "block import recipients.csv",
    "gateway verify-dedup": "gateway verify-dedup +46701740605 --yes",
    "config set": "config set sender Skolan",
    "config import": "config import plugin.txt",
    "ledger backup": "ledger backup copy.db",
    "ledger accept-restore": "ledger accept-restore --reason restored",
    "purge": "purge --older-than 90d --decision KS-1 --yes",
    "schedule": "schedule send message.txt --all --at 07:30 --max-parts 9",
    "completion": "completion bash",
    "simulator incoming": "simulator incoming +46701740605 hej",
}
KINDS = ("reader gone", "full", "closed")


@pytest.fixture
def site(make_config: MakeConfig, run: Run, message: Path, tmp_path: Path) -> Path:
    """A config in simulate mode, one mailing in its ledger, and a text; commands start in its folder."""
    config = make_config(rows=guardians(2))
    if not _Sent.ledger.exists():
        assert run("--config", config, "send", message, "--all", "--yes").code == 0
        shutil.copytree(tmp_path / "ledger", _Sent.ledger)
    else:
        shutil.copytree(_Sent.ledger, tmp_path / "ledger")
    return config


class _Sent:
    """The ledger after one mailing, made once."""

    ledger = Path("never")


@pytest.fixture(autouse=True, scope="module")
def _place(tmp_path_factory: pytest.TempPathFactory) -> None:
    _Sent.ledger = tmp_path_factory.mktemp("sent") / "ledger"


@contextmanager
def failing(kind: str) -> Iterator[io.TextIOWrapper]:
    """A stream that fails as the operating system lets it fail."""
    if kind == "reader gone":
        reader, number = os.pipe()
        os.close(reader)
    else:
        number = os.open("/dev/full" if kind == "full" else os.devnull, os.O_WRONLY if kind == "full" else 0)
    file = os.fdopen(number, "w", encoding="utf-8")
    try:
        yield file
    finally:
        os.set_inheritable(number, False)  # it is still open: whoever lost it has put nothing in its place
        file.close()


def run_into(kind: str, stream: str, *argv: object) -> Ran:
    """Run a command here, with one of its standard streams failing; tell what the others got."""
    from smsctl.cli.app import main

    before = sys.stdin, sys.stdout, sys.stderr
    good = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with failing(kind) as bad:
        sys.stdin = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        sys.stdout, sys.stderr = (bad, good) if stream == "stdout" else (good, bad)
        try:
            code = main([str(word) for word in argv])
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
    good.seek(0)
    told = good.read()
    return Ran(code=int(code), out=told, err=told)


def argv_of(command: str, config: Path) -> list[str]:
    return ["--config", str(config), *shlex.split(ARGV.get(command, command))]


EVERY = [one for one in COMMANDS if one not in OWN_LIFE]
TELLING = {"List", "Show", "Tell", "Find", "Check", "Say", "Print", "Compare", "Log"}
TRIED = (  # the kind, the stream, and how it is told
    *((kind, "stdout", flags) for kind in KINDS for flags in ((), ("--json",))),
    ("full", "stdout", ("--quiet",)),
    ("full", "stderr", ()),
    ("reader gone", "stderr", ("--quiet",)),
)


def test_what_tells_and_does_nothing_is_what_its_line_says() -> None:
    assert {name for name, line in COMMANDS.items() if line.split()[0] in TELLING} == TELLS_ONLY


@pytest.mark.parametrize("command", EVERY)
def test_every_command_outlives_its_streams(
    command: str, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = tmp_path.with_name(f"{tmp_path.name}-aside")
    shutil.copytree(tmp_path, aside)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    argv = argv_of(command, site)
    own = run_here(*argv).code
    for kind, stream, flags in TRIED:
        _as_before(tmp_path, aside)
        ran = run_into(kind, stream, *argv, *flags)
        lost = stream == "stdout" and kind != "reader gone" and flags != ("--quiet",)
        code = 9 if lost and own == 0 and command in TELLS_ONLY else own
        assert ran.code == code, (kind, stream, flags, ran.err)
        if code != own:
            assert "The standard output cannot be written" in ran.err
        assert "Traceback" not in ran.err


def _as_before(folder: Path, aside: Path) -> None:
    shutil.rmtree(folder / "ledger")
    for made in {one.name for one in folder.iterdir()} - {one.name for one in aside.iterdir()} - {"ledger"}:
        (folder / made).unlink()
    shutil.copytree(aside, folder, dirs_exist_ok=True)


@pytest.mark.parametrize("command", EVERY)
def test_every_command_outlives_the_folder_it_was_started_in(
    command: str, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    config, *words = shlex.split(f"{site} {ARGV.get(command, command)}")
    files = [str(tmp_path / word) if word.endswith((".txt", ".csv", ".db")) else word for word in words]
    monkeypatch.setenv("SMSCTL_CONFIG", "config.toml")
    for argv in (["--config", config, *files], ["--config", "config.toml", *words], words):
        ran = run(*argv)
        assert ran.code != 1, ran.err
        assert ran.said.strip()


@pytest.mark.parametrize("argv", ["--version", "--help", "send --help", "mailings --help"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_is_lost_is_told(argv: str, kind: str) -> None:
    ran = run_into(kind, "stdout", *argv.split())
    assert ran.code == (0 if kind == "reader gone" else 9)


def test_a_dry_run_is_run_for_its_output(site: Path, message: Path) -> None:
    argv = ("--config", site, "send", message, "--all", "--dry-run")
    assert run_into("full", "stdout", *argv).code == 9
    assert run_into("reader gone", "stdout", *argv).code == 0


ROUNDS = (
    "{} <&-",
    "{} 2>&-",
    "{} --quiet <&- >&- 2>&-",
    "{} --key one >/dev/full",
    "{} 2>/dev/full",
    "{} >/dev/full 2>&1",
    "{} | true",
    "{} 2>&1 | true",
    "{} --json >/dev/full",
    "{} --json >&-",
    "cd gone && rmdir ../gone && {}",
)


@pytest.mark.parametrize("line", ROUNDS)
def test_a_run_that_sends_does_its_work_whatever_becomes_of_its_streams(
    line: str, live_gateway: LiveGateway, message: Path, tmp_path: Path
) -> None:
    live = live_gateway(rows=guardians(2))
    (tmp_path / "gone").mkdir()
    command = f"send {message} --all --yes --max-parts 9 --max-new-packages 1"
    ran = in_bash(line, f"--config {live.config} {command}", tmp_path)
    assert (ran.code, "Traceback" in ran.said) == (0, False), ran.said
    assert len(live.simulator.accepted()) == 2


@pytest.mark.parametrize("line", ["{} <&- >&- 2>&-", "{} >/dev/full 2>&1", "{} --json 2>&1 | true"])
def test_the_site_is_told_of_a_run_whose_streams_are_lost(
    line: str, make_config: MakeConfig, message: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    told = tmp_path / "told"
    config = make_config(
        mode="live", gateway={"url": "http://127.0.0.1:9"}, notify={"command": f"touch {told}"}
    )
    ran = in_bash(line, f"--config {config} send {message} --all --yes --max-parts 0", tmp_path)
    assert ran.code == 5, ran.said
    assert told.exists()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{} usage | true", 0),
        ("{} usage --csv - | true", 0),
        ("{} usage --csv - >/dev/full", 9),
        ("{} audit | true", 0),
        ("{} usage >&-", 9),
        ("{} audit --json >/dev/full", 9),
        ("{} mailings list >/dev/full 2>&1", 9),
        ("{} mailings list <&- 2>&-", 0),
        ("{} --version >/dev/full", 9),
        ("{} --version >&-", 9),
        ("{} --version | true", 0),
        ("{} send --help >/dev/full", 9),
        ("{} nonsense 2>/dev/full", 2),
        ("{} nonsense --json >/dev/full", 2),
    ],
)
def test_what_is_run_for_its_output_fails_with_it(line: str, code: int, site: Path, tmp_path: Path) -> None:
    ran = in_bash(line, "", tmp_path)
    assert (ran.code, "Traceback" in ran.said) == (code, False), ran.said


def test_a_table_is_printed_where_the_file_is_a_dash(
    site: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ("usage --csv -", "mailings skipped 1 --csv -", "invoices export --csv -"):
        ran = run("--config", site, *words.split(), "--quiet")
        assert ran.code == 0
        title, *rows = ran.out.splitlines()
        assert ";" in title
        assert all(row.count(";") == title.count(";") for row in rows if row)
        assert run_into("full", "stdout", "--config", site, *words.split()).code == 9
        assert run_into("reader gone", "stdout", "--config", site, *words.split()).code == 0
        assert run("--config", site, *words.split(), "--json").code == 2
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize(
    "words", ["usage --csv", "usage --html", "invoices export --csv", "inbox list --export", "ledger backup"]
)
def test_a_file_that_the_disk_has_no_room_for_is_told_and_not_left(
    words: str, site: Path, tmp_path: Path
) -> None:
    if why := why_no_mounts(tmp_path):
        pytest.skip(why)
    small = tmp_path / "small"
    small.mkdir()
    command = [*SMSCTL, "--config", str(site), *words.split(), str(small / "file")]
    fill = f"head -c 99999 /dev/zero >{small}/fill 2>/dev/null || true"
    script = ["sh", "-c", f'"$@"; code=$?; ls {small}; exit $code', "sh", *command]
    ran = on_small_disk(small, script, size="4k", before=f"{{ {fill}; }}")
    assert ran.returncode == 9, ran.stderr
    assert "No space left" in ran.stderr
    assert "Name a place with room for it" in ran.stderr
    assert ran.stdout.split() == ["fill"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_page_that_fits_in_part_is_lost(
    unbuffered: str, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However Python was told to write: of a part it was told that it was all."""
    if why := why_no_mounts(tmp_path):
        pytest.skip(why)
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    small = tmp_path / "small"
    small.mkdir()
    command = [*SMSCTL, "--config", str(site), "usage", "--html", "-"]
    ran = on_small_disk(small, ["sh", "-c", f'"$@" >{small}/page', "sh", *command], size="4k")
    assert (ran.returncode, "The standard output cannot be written" in ran.stderr) == (9, True), ran.stderr


def in_bash(line: str, argv: str, folder: Path) -> Ran:
    """Run a line with smsctl in it as a person types it, with pipefail."""
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed here")
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.format(f"{shlex.join(SMSCTL)} {argv}")],
        cwd=folder,
        env=os.environ | {"SMSCTL_CONFIG": str(folder / "config.toml"), "PYTHONSAFEPATH": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


def test_who_pipes_the_output_away_is_still_asked(site: Path, message: Path, tmp_path: Path) -> None:
    line = f"{shlex.join(SMSCTL)} --config {site} send {message} --all > {tmp_path / 'told'}"
    with Terminal("-c", line, program=["sh"]) as terminal:
        terminal.wait_for("[y/N]")
        assert "2 messages" in terminal.seen  # the plan goes where the question is
        terminal.type("y")
        assert terminal.end().code == 0
    assert "accepted" in (tmp_path / "told").read_text(encoding="utf-8")
