"""What is copied from contrib/ into /etc does what `smsctl schedule` would have printed."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from smsctl.cli import flags
from smsctl.cli.operations import slot_formats as render
from smsctl.cli.operations.slot_formats import read_slot

from .front_door import Run

ROOT = Path(__file__).parents[1]
CONTRIB = ROOT / "contrib"
UNITS = sorted(CONTRIB.glob("systemd/*"))

SLOT = read_slot("07:30", "mon")
WORDS = shlex.split(
    "/usr/local/bin/smsctl --config /etc/smsctl/config.toml --quiet send --group guardians --yes"
    " --max-parts 2000 --max-new-packages 0 --key guardians-message-{week} /etc/smsctl/message.txt"
)
SITE = render.Site(
    user="smsctl",
    writable=(Path("/var/lib/smsctl"), Path("/var/log/smsctl")),
    credentials=("gateway",),
    time_zone="Europe/Stockholm",
)


def in_force(path: Path) -> str:
    """The file without the words for the reader at its top."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    while lines[0].startswith("#") or not lines[0].strip():
        lines.pop(0)
    return "".join(lines)


def test_the_unit_and_the_timer_are_what_schedule_prints() -> None:
    assert in_force(CONTRIB / "systemd" / "smsctl.service") == render.service(
        "guardians-message", WORDS, SITE
    )
    assert in_force(CONTRIB / "systemd" / "smsctl.timer") == render.timer("guardians-message", SLOT, SITE)


def test_a_unit_leaves_a_shared_ledger_to_all_who_share_it() -> None:
    """systemd gives a StateDirectory= to the unit's user, with its mode, at each start."""
    shared = render.service("guardians-message", WORDS, SITE._replace(is_shared=True))
    assert "ReadWritePaths=-/var/lib/smsctl\n" in shared
    assert "UMask=0007\n" in shared
    assert "StateDirectory" not in shared


def test_the_crontab_is_the_line_that_schedule_prints_with_a_user() -> None:
    (line,) = [one for one in (CONTRIB / "cron.d" / "smsctl").read_text().splitlines() if one[:1].isdigit()]
    when, user, command = re.fullmatch(r"((?:\S+ ){5})(\S+) (.*)", line).groups()  # type: ignore[union-attr]
    assert user == "smsctl"
    assert when + command == render.crontab(SLOT, WORDS)


def test_the_commands_are_read_by_smsctl_itself(run: Run, tmp_path: Path) -> None:
    from smsctl.cli.app import command_in

    for words in (WORDS, exec_start(CONTRIB / "systemd" / "smsctl-listen.service")):
        _, rest = flags.take(words[1:])
        assert command_in(rest) in ("send", "reports listen")
    assert run(*WORDS[1:]).code == 8  # there is no such config here, and that is all there is to say


def exec_start(path: Path) -> list[str]:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.read(path, encoding="utf-8")
    return shlex.split(unit["Service"]["ExecStart"])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_has_nothing_against_a_unit(path: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.service"
    plain.write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n", encoding="utf-8")
    if why := systemd_says(plain):
        pytest.skip(f"systemd judges no unit here: {why}")
    for unit in UNITS:  # the program that is installed there is not here
        text = re.sub(r"/usr/(local/)?bin/smsctl", sys.executable, unit.read_text(encoding="utf-8"))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    assert systemd_says(tmp_path / path.name) == ""


def systemd_says(unit: Path) -> str:
    """What is wrong with a unit, or why nobody can tell; other units of this machine are not judged."""
    program = shutil.which("systemd-analyze")
    if program is None:
        return "it is not installed"
    # A systemd without the last flag (before 250) does not know all that our units say either.
    verify = (program, "verify", "--man=no", "--recursive-errors=no")
    done = subprocess.run([*verify, unit], capture_output=True, text=True, check=False)
    ours = "\n".join(line for line in done.stderr.splitlines() if unit.stem in line)
    return ours or (done.stderr if done.returncode else "")


def test_logrotate_keeps_to_its_file(tmp_path: Path) -> None:
    text = in_force(CONTRIB / "logrotate" / "smsctl")
    assert re.fullmatch(r"/var/log/smsctl/\*\.log \{\n(    [a-z]+( [a-z0-9]+)*\n)+\}\n", text)
    program = shutil.which("logrotate", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin")))
    if program is None:
        pytest.skip("logrotate is not installed here")
    user, group, why = whoever_runs_this()
    if why:
        pytest.skip(why)
    place = tmp_path / "logs"
    place.mkdir(mode=0o700)
    (place / "smsctl.log").write_text("{}\n", encoding="utf-8")
    here = text.replace("/var/log/smsctl/", f"{place}/").replace("smsctl smsctl\n", f"{user} {group}\n")
    (tmp_path / "config").write_text(here, encoding="utf-8")
    (tmp_path / "config").chmod(0o600)  # or logrotate would not trust it
    done = subprocess.run(
        [program, "--force", "--state", tmp_path / "state", tmp_path / "config"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    fresh, kept = sorted(place.iterdir(), key=lambda file: file.stat().st_size)
    assert (fresh.name, fresh.stat().st_mode & 0o777) == ("smsctl.log", 0o640)
    assert kept.read_text(encoding="utf-8") == "{}\n"


def whoever_runs_this() -> tuple[str, str, str]:
    """The user's name and group, for there is no user smsctl here; and why they are not to be had."""
    if sys.platform == "win32":
        return "", "", "users of the system are those of POSIX"
    import grp
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name, ""
    except KeyError:
        return "", "", "this user, or its group, has no name here"
