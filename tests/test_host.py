"""Who did it, told by real processes of several users; and a process that is not there yet to be asked."""

import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smsctl.host.users import groups_of, whoever

from .two_users import NOBODY_LOGGED_IN, common_ground, needs_root, run_as, run_python_as

ANNA, REKTOR, SERVICE, ROOT = "daemon", "bin", "nobody", "root"  # people that every Linux has
_TELL = "from smsctl.host.users import whoever; print(whoever().shown)"


def uid_of(name: str) -> int:
    return pwd.getpwnam(name).pw_uid


@needs_root
@pytest.mark.parametrize(
    ("runs_as", "logged_in", "sudo_user", "told"),
    [
        pytest.param(ANNA, ANNA, None, ANNA, id="anna at her own terminal"),
        pytest.param(SERVICE, ANNA, ANNA, ANNA, id="anna through sudo -u"),
        pytest.param(SERVICE, REKTOR, REKTOR, REKTOR, id="another through sudo -u"),
        pytest.param(SERVICE, ANNA, REKTOR, f"{ANNA} (says: {REKTOR})", id="anna says that she is another"),
        pytest.param(ROOT, ANNA, ANNA, ANNA, id="anna through sudo"),
        pytest.param(ROOT, None, ANNA, ANNA, id="root, where nobody keeps who logged in"),
        pytest.param(SERVICE, None, ANNA, f"{SERVICE} (says: {ANNA})", id="a claim of somebody"),
        pytest.param(SERVICE, SERVICE, None, SERVICE, id="cron with pam_loginuid"),
        pytest.param(SERVICE, None, None, SERVICE, id="cron without it, or systemd"),
        pytest.param(ROOT, None, None, ROOT, id="a container"),
        pytest.param(SERVICE, None, "x\n\x1b[2Jrektor", SERVICE, id="a claim that is no name"),
        pytest.param(SERVICE, None, "x" * 5000, SERVICE, id="a claim that is too long"),
    ],
)
def test_who_did_it_is_who_logged_in_and_never_who_they_say(
    runs_as: str, logged_in: str | None, sudo_user: str | None, told: str
) -> None:
    environ = {"SUDO_USER": sudo_user} if sudo_user else {}
    login_uid = uid_of(logged_in) if logged_in else NOBODY_LOGGED_IN
    ran = run_python_as(uid_of(runs_as), _TELL, login_uid=login_uid, environ=environ)
    assert (ran.out.removesuffix("\n"), ran.err) == (told, "")


@needs_root
def test_a_user_without_a_name_is_told_by_number() -> None:
    told = run_python_as(54_321, _TELL, login_uid=NOBODY_LOGGED_IN, environ={})
    assert told.out == "uid 54321\n"


@pytest.mark.parametrize("kept", ["", "nobody", "4294967295", "4294967295\n"])
def test_where_the_kernel_tells_nothing_it_is_the_user(kept: str, tmp_path: Path) -> None:
    path = tmp_path / "loginuid"
    path.write_text(kept)
    assert whoever(path).user == whoever(tmp_path / "none").user


def test_a_user_that_is_not_there_is_in_no_group() -> None:
    assert groups_of("uid 54321") == frozenset()


@needs_root
@pytest.mark.parametrize(
    ("claim", "logged_in", "code"), [(None, ANNA, 0), (REKTOR, ANNA, 5), (ANNA, None, 5)]
)
def test_a_claim_opens_no_door_that_is_for_somebody_else(
    claim: str | None, logged_in: str | None, code: int
) -> None:
    allowed = REKTOR if claim == REKTOR else ANNA
    with common_ground() as ground:
        config = ground / "config.toml"
        config.write_text(
            'mode = "simulate"\nsender = "Kommunen"\nrecipients = "recipients.csv"\n'
            f'default_municipality = "skolan"\n[senders.{allowed}]\n'
            '[gateway]\nmodule = "intelecom"\nservice_id = 4711\nusername = "demo"\n'
            '[municipalities.skolan]\nname = "Skolan"\n'
        )
        (ground / "recipients.csv").write_text(
            "Namn;Mobil;Grupp;Kommun;Godkänt villkor\nÅsa;0701740605;elever;skolan;ja\n"
        )
        (ground / "text.txt").write_text("hej")
        ran = run_as(
            uid_of(SERVICE),
            "--config", config, "send", ground / "text.txt", "--all", "--dry-run",
            login_uid=uid_of(logged_in) if logged_in else NOBODY_LOGGED_IN,
            environ={"SUDO_USER": claim} if claim else {},
        )  # fmt: skip
    assert ran.code == code, ran.said
    assert ("may not send" in ran.said) == (code == 5)


_ASKED_EARLY = """
import os, sys
from smsctl.__main__ import main
class Early:
    def find_spec(self, name, *_):
        if name == "smsctl.host": os.kill(os.getpid(), 2)
sys.argv = ["smsctl", "usage"]
sys.meta_path.insert(0, Early())
main()
"""


def test_ctrl_c_before_there_is_a_command_ends_without_a_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", _ASKED_EARLY], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


def test_who_asks_at_the_very_end_changes_no_exit_code() -> None:
    late = "import os; from smsctl.host import process; process.end_undisturbed(); os.kill(os.getpid(), 15)"
    done = subprocess.run([sys.executable, "-c", late], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
