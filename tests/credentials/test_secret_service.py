import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ELSEWHERE = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND")

needed = ("dbus-run-session", "gnome-keyring-daemon")
missing = [program for program in needed if shutil.which(program) is None]


def why_no_session() -> str:
    """Why no session of the message bus begins here, where its program is; empty where one does."""
    if missing:
        return f"not installed: {', '.join(missing)}"
    command = ["dbus-run-session", "--", sys.executable, "-c", ""]
    tried = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return f"no session of the message bus begins here: {tried.stderr.strip()}" if tried.returncode else ""


def test_a_real_secret_service_keeps_and_is_given_up_when_locked_or_stopped(tmp_path: Path) -> None:
    if why := why_no_session():
        pytest.skip(why)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    cron = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    done = subprocess.run(
        ["dbus-run-session", "--", sys.executable, "-m", "tests.credentials.secret_service"],
        cwd=ROOT,
        env=cron | {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "kept True",
        "other None",
        "locked True",
        "refused: the keyring is locked",
        "refused: the keyring did not answer within 2 seconds: it waits for a dialogue, or hangs",
    ], done.stderr
