"""A program for `dbus-run-session`: the vault against a real Secret Service, through its bad days.

Prints one line for each step.
"""

import os
import signal
import subprocess
import sys
import time

from smsctl.credentials import vault
from smsctl.domain.secret import Secret
from smsctl.errors import CredentialError


def main() -> None:
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert daemon.stdin is not None
    daemon.stdin.write(b"of the session")
    daemon.stdin.close()
    try:
        _wait_for_its_name()
        _keep()
        _lock()
        _try_to_get(timeout_s=10)
        os.kill(daemon.pid, signal.SIGSTOP)
        _try_to_get(timeout_s=2)
    finally:
        daemon.kill()


def _wait_for_its_name() -> None:
    import secretstorage

    while not secretstorage.check_service_availability(secretstorage.dbus_init()):
        time.sleep(0.02)


def _keep() -> None:
    vault.put("smsctl:/a", "gateway", Secret("s3cret"))
    _tell("kept", vault.get("smsctl:/a", "gateway") == Secret("s3cret"))
    _tell("other", vault.get("smsctl:/b", "gateway"))


def _lock() -> None:
    import secretstorage

    collection = secretstorage.Collection(secretstorage.dbus_init())
    collection.lock()
    _tell("locked", collection.is_locked())


def _try_to_get(timeout_s: float) -> None:
    try:
        vault.get("smsctl:/a", "gateway", timeout_s)
    except CredentialError as error:
        _tell("refused:", error)


def _tell(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


if __name__ == "__main__":
    main()
