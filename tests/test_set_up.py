"""docs/how-to/set-up-a-server.md, command by command in a root of its own, up to a doctor that is green."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour, start

from .conftest import HEADER, ROWS, SECRET
from .front_door import Ran
from .two_users import common_ground, everyones_python, needs_root, run_as

HERE = Path(__file__).parents[1]
PAGE = HERE / "docs" / "how-to" / "set-up-a-server.md"
LEFT_OUT = {
    "python3 -m venv": "it is there for the next line only",
    "/opt/smsctl/bin/pip install": "needs a network; test_wheel.py installs the wheel",
    " --now": "no systemd runs in this root: what is enabled is started by nobody",
    " --as-cron": "looks for an installation, and this is a source",
}
"""What of the page does not run here, and why: the lines that begin so, and the flags."""


def commands() -> list[str]:
    return re.findall(r"^\$ sudo (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def nightly() -> list[str]:
    """The words of cron's line for the backup, as the shell that cron starts has them."""
    (line,) = re.findall(r"^\d+ \d+ \* \* \* smsctl (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = ["sh", "-c", f"printf '%s\n' {line.replace(chr(92) + '%', '%')}"]
    return subprocess.run(told, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture
def root() -> Iterator[Path]:
    with common_ground() as made:
        for name in (
            "etc/cron.d",
            "etc/logrotate.d",
            "etc/systemd/system",
            "etc/tmpfiles.d",
            "usr/local/bin",
            "var/lib",
        ):
            (made / name).mkdir(parents=True)
        (made / "srv" / "export").mkdir(parents=True)
        people = made / "srv" / "export" / "recipients.csv"
        people.write_text("\n".join([HEADER, *ROWS, ""]), encoding="utf-8")
        yield made


class Server:
    """A root of its own, in which the page's commands run as they stand."""

    def __init__(self, root: Path, url: str) -> None:
        self._root, self._url = root, url

    def uid(self) -> int:
        (line,) = [
            one for one in (self._root / "etc/passwd").read_text().splitlines() if one.startswith("smsctl:")
        ]
        return int(line.split(":")[2])

    def run(self, command: str) -> Ran:
        program, *words = shlex.split(command)
        if program == "-u":
            _, _, *words = words
            return run_as(self.uid(), "--config", self._here("/etc/smsctl/config.toml"), *words)
        if program == "smsctl":
            return self._as_root([self._here(word) for word in words])
        if program.startswith("system"):
            return self._program(program, f"--root={self._root}", *words)
        if program == "install":  # of a user whom this root alone knows
            words = [str(self.uid()) if word == "smsctl" else word for word in words]
        return self._program(program, *(self._here(word) for word in words))

    def _as_root(self, words: list[str]) -> Ran:
        words += ["--url", self._url] if "init" in words else []
        python, path = everyones_python()
        done = subprocess.run(
            [*python, "-m", "smsctl", *words],
            input=f"{SECRET}\n",
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONPATH": path},
            check=False,
        )
        return Ran(code=done.returncode, out=done.stdout, err=done.stderr)

    def _program(self, *words: str) -> Ran:
        done = subprocess.run(words, capture_output=True, text=True, cwd=HERE, check=False)
        return Ran(code=done.returncode, out=done.stdout, err=done.stderr)

    def _here(self, word: str) -> str:
        return f"{self._root}{word}" if re.match("/[a-z]", word) else word

    def keep_the_ledger_here(self) -> None:
        """A config elsewhere than in /etc has its ledger beside it; let it lie as it would."""
        config = self._root / "etc/smsctl/config.toml"
        place = f'path = "{self._root}/var/lib/smsctl/ledger.db"'
        text = config.read_text(encoding="utf-8")
        config.write_text(
            re.sub(r'^path = "[^"]*ledger.db"', place, text, flags=re.MULTILINE), encoding="utf-8"
        )

    def found(self, name: str) -> tuple[str, bool, bool]:
        """The mode of a file, and whether user and group are the service's."""
        stat = (self._root / name).stat()
        return f"{stat.st_mode & 0o7777:04o}", stat.st_uid == self.uid(), stat.st_gid == self.uid()


@needs_root
@pytest.mark.skipif(
    not (shutil.which("systemd-sysusers") and shutil.which("systemd-tmpfiles")),
    reason="systemd-sysusers and systemd-tmpfiles are not installed here",
)
def test_the_page_leads_from_nothing_to_a_green_doctor(root: Path) -> None:
    with start(Behaviour(password=SECRET, as_a_gateway=True)) as simulator:
        server, seen = Server(root, simulator.url), list[str]()
        for typed in commands():
            left_out = [one for one in LEFT_OUT if one in typed]
            seen += left_out
            command = typed.replace(" --as-cron", "").replace(" --now", "")
            if not command.startswith(tuple(LEFT_OUT)):
                asks = command.endswith("municipality activate exempelkommun")
                ran = server.run(f"{command} --yes" if asks else command)
                assert ran.code == 0, (command, ran.said)
            if "config init" in command:
                server.keep_the_ledger_here()
        assert len(simulator.accepted()) == 1
        _, *words = nightly()
        assert words[:3] == ["--quiet", "ledger", "backup"]
        assert server.run(shlex.join(["-u", "smsctl", "smsctl", *words[:3], f"{root}{words[3]}"])).code == 0
    assert set(seen) == set(LEFT_OUT)
    assert [
        line for line in ran.out.splitlines() if line.split()[0] not in ("ok", "skipped", "warning")
    ] == []
    assert server.found("etc/smsctl") == ("0750", False, True)
    assert server.found("etc/smsctl/config.toml") == ("0640", False, True)
    assert server.found("etc/smsctl/gateway.secret") == ("0600", True, True)
    assert server.found("etc/smsctl/reports.secret") == ("0600", True, True)
    assert server.found("var/lib/smsctl") == ("0700", True, True)
    assert server.found("var/lib/smsctl/ledger.db") == ("0600", True, True)
    assert server.found("var/log/smsctl") == ("0750", True, True)
    units = root / "etc/systemd/system"
    assert (units / "timers.target.wants/smsctl.timer").is_symlink()
    assert (units / "multi-user.target.wants/smsctl-listen.service").is_symlink()
    assert "LoadCredential" not in "".join(one.read_text() for one in units.glob("*.service"))
