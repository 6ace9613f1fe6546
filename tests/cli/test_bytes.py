"""Bytes that are no UTF-8, files that fail while read, configs nested without end: a sentence each."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ..conftest import LiveGateway, MakeConfig
from ..front_door import OWN_TERMINAL, SMSCTL, Ran, Run, Terminal, run_terminal

LOCALES: tuple[Mapping[str, str], ...] = (
    {"LC_ALL": "C"},
    {"LC_ALL": "POSIX"},
    {"LC_ALL": "C.UTF-8"},
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
)
needs_bytes = pytest.mark.skipif(os.name != "posix", reason="words of a command line are bytes in POSIX only")


def run_bytes(*argv: bytes, stdin: bytes = b"", **environ: bytes) -> Ran:
    """Run a command as a process whose words and variables are any bytes."""
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"smsctl", *argv],
        input=stdin,
        capture_output=True,
        env={**os.environb, **{name.encode(): value for name, value in environ.items()}},
        timeout=60,
        check=False,
    )
    return Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


@pytest.fixture
def config(make_config: MakeConfig, message: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_config(gateway={"password": {"source": "file", "path": "secret"}})
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("SMSCTL_CONFIG", str(path))
    return path


@needs_bytes
@pytest.mark.parametrize("locale", LOCALES, ids=lambda one: "-".join(one.values()))
def test_a_word_that_is_no_text_is_refused_before_anything_is_done(
    locale: Mapping[str, str], config: Path
) -> None:
    environ = {name: value.encode() for name, value in locale.items()}
    ran = run_bytes(b"send", b"message.txt", b"--all", b"--yes", b"--key", b"k\xff", **environ)
    assert (ran.code, ran.out) == (2, "")
    assert "not in UTF-8: 'k\\udcff'" in ran.err
    assert not (config.parent / "ledger").exists()
    known = run_bytes(
        b"--simulate", b"send", b"message.txt", b"--group", "vårdnadshavare".encode(), b"--yes", **environ
    )
    assert known.code == 0, known.said


WORDS = (
    (b"block", b"add", b"+46701740699", b"--reason", b"\xe5"),
    (b"test", b"+46701740605", b"hej \xff"),
    (b"send", b"\xff.txt", b"--all", b"--yes"),
    (b"--json", b"usage", b"--municipality", b"\xc3"),
    (b"\xff",),
    (b"ledger", b"backup", b"\xff.db"),
)


@needs_bytes
@pytest.mark.parametrize("argv", WORDS, ids=lambda words: ascii(b" ".join(words)))
def test_it_is_refused_wherever_it_stands(argv: tuple[bytes, ...], config: Path) -> None:
    ran = run_bytes(*argv)
    assert ran.code == 2
    assert "not in UTF-8" in ran.said
    assert "Traceback" not in ran.said


@needs_bytes
@pytest.mark.parametrize(
    "name", ["SMSCTL_LANGUAGE", "LANGUAGE", "SUDO_USER", "HOME", "COLUMNS", "TERM", "TZ"]
)
def test_variables_that_are_no_text_stop_nothing(name: str, config: Path) -> None:
    ran = run_bytes(b"--simulate", b"test", b"+46701740605", b"hej", **{name: b"/\xff"})
    assert ran.code == 0, ran.said


@needs_bytes
def test_a_path_of_the_config_that_is_no_text_is_told(config: Path) -> None:
    ran = run_bytes(b"usage", SMSCTL_CONFIG=b"/tmp/\xff.toml")
    assert (ran.code, "Traceback" in ran.said) == (8, False)


@needs_bytes
def test_a_password_that_is_no_text_is_told_and_not_kept(config: Path) -> None:
    ran = run_bytes(b"credential", b"set", stdin=b"canary\xff\n")
    assert ran.code == 8
    assert "UTF-8" in ran.err
    assert "canary" not in ran.said
    assert not (config.parent / "secret").exists()


@needs_bytes
def test_a_password_that_is_typed_in_another_encoding_is_told_and_not_kept(config: Path) -> None:
    typing = [sys.executable, "-c", OWN_TERMINAL, *SMSCTL]
    with Terminal("credential", "set", program=typing) as terminal:
        terminal.wait_for("(not shown)")
        terminal.type("canary\udcff")
        ran = terminal.end()
    assert (ran.code, "UTF-8" in ran.seen, "canary" in ran.seen) == (8, True, False), ran.seen
    assert not (config.parent / "secret").exists()


@needs_bytes
@pytest.mark.parametrize("secret", ["l\udcf6sen", "a\nb"])
def test_for_what_is_no_password_nothing_is_handed_over(
    live_gateway: LiveGateway, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    live = live_gateway()
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", secret)
    sent = run("--config", live.config, "send", "--all", message, "--yes", "--max-parts", 9)
    doctor = run("--config", live.config, "doctor")
    assert (sent.code, doctor.code, live.simulator.accepted()) == (8, 8, ()), sent.err
    assert "SMSCTL_GATEWAY_SECRET holds no secret" in sent.err
    assert secret not in sent.said


def test_with_json_no_password_is_asked_for_on_a_terminal(config: Path) -> None:
    ran = run_terminal(["credential", "set", "--json"])
    assert (ran.code, ran.json["messages"][0]["code"]) == (2, "usage"), ran.seen


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="only Linux has a file whose reading fails")
@pytest.mark.parametrize(
    "line",
    [
        "send /proc/self/mem --all --yes",
        "reports import /proc/self/mem",
        "block import /proc/self/mem",
        "invoices compare /proc/self/mem",
        "config import /proc/self/mem",
        "recipients check --recipients /proc/self/mem",
        "--config /proc/self/mem usage",
    ],
)
def test_a_file_that_opens_and_cannot_be_read_is_told(line: str, config: Path, run: Run) -> None:
    ran = run("--simulate", *line.split())
    assert ran.code == 8
    assert "/proc/self/mem cannot be read: Input/output error" in ran.err.replace("The config file ", "")


DEEP = {
    "lists": "x = " + "[" * 2000 + "]" * 2000,
    "tables": "x = " + "{a=" * 2000 + "1" + "}" * 2000,
    "keys": "x" + ".a" * 2000 + " = 1",
    "heading": "[" + ".".join("a" * 2000) + "]",
    "open": "[" * 100_000,
}


@pytest.mark.parametrize("kind", DEEP)
def test_a_config_nested_without_end_is_refused(kind: str, config: Path, run: Run) -> None:
    config.write_text(DEEP[kind])
    for line in ("usage", "config check", "config set sender X", "config show"):
        ran = run(*line.split())
        assert ran.code == 8, (line, ran.said)
        assert ran.err.strip()


@pytest.mark.parametrize("file", ["/", ".", "", "..", "folder"])
def test_a_backup_needs_a_file(file: str, config: Path, run: Run) -> None:
    (config.parent / "folder").mkdir()
    assert run("--simulate", "test", "+46701740605", "hej").code == 0
    ran = run("--simulate", "ledger", "backup", file)
    assert ran.code == 8
    assert "is a folder, not a file" in ran.err


@pytest.mark.parametrize(
    "line", ["recipients check --column --help", "send message.txt --all --reason --help"]
)
def test_help_that_was_taken_for_a_value_is_told(line: str, config: Path, run: Run) -> None:
    ran = run(*line.split())
    assert (ran.code, "--help stands where a value should" in ran.err) == (2, True)
    assert run("recipients", "check", "--column", "--help", "x").code == 2
