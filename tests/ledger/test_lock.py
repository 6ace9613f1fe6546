import os
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.errors import ExitCode, LedgerError
from smsctl.ledger import lock
from smsctl.ledger.store import Ledger, open_ledger

from .places import ROOT, python

HOLD = (
    "import sys; from pathlib import Path; from smsctl.ledger import lock, store\n"
    "with lock.right_to_send(store.read_ledger(Path(sys.argv[1])), sys.argv[2]):\n"
    "    print('held', flush=True); sys.stdin.readline()"
)


def holder(ledger: Ledger, reference: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        python(HOLD, ledger.path, reference),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.of_a_file
def test_a_second_process_is_refused_at_once_and_another_mailing_is_not(ledger: Ledger) -> None:
    with holder(ledger, "one") as other:
        with pytest.raises(
            LedgerError, match="being sent, cancelled or settled by another process"
        ) as caught:
            lock.right_to_send(ledger, "one").__enter__()
        assert caught.value.exit_code is ExitCode.LEDGER
        with lock.right_to_send(ledger, "another"):
            pass
        with lock.if_nobody_sends(ledger, "one") as free:
            assert not free
        other.communicate()
    with lock.right_to_send(ledger, "one"):
        pass


@pytest.mark.of_a_file
def test_a_lock_dies_with_its_process(ledger: Ledger) -> None:
    with holder(ledger, "one") as other:
        other.send_signal(signal.SIGKILL)
    with lock.if_nobody_sends(ledger, "one") as free:
        assert free


def test_while_nobody_sends_nobody_else_may_begin_to(ledger: Ledger) -> None:
    with lock.if_nobody_sends(ledger, "one"), pytest.raises(LedgerError):
        lock.right_to_send(ledger, "one").__enter__()


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.parametrize(("mode", "folder", "file"), [(0o600, 0o700, 0o600), (0o660, 0o2770, 0o660)])
def test_whoever_may_write_the_ledger_may_lock(mode: int, folder: int, file: int, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(open_ledger(path)) as opened:
        path.chmod(mode)
        with lock.right_to_send(opened, "one"):
            pass
    locks = tmp_path / "ledger.db.locks"
    assert locks.stat().st_mode & 0o7777 == folder
    assert (locks / "one").stat().st_mode & 0o7777 == file


@pytest.mark.of_a_file
def test_a_folder_of_locks_that_cannot_be_made_is_told_in_words(ledger: Ledger) -> None:
    ledger.path.with_name("ledger.db.locks").write_text("in the way")
    with pytest.raises(LedgerError, match=r"ledger\.db\.locks: must be a plain file or folder") as caught:
        lock.right_to_send(ledger, "one").__enter__()
    assert caught.value.hint
