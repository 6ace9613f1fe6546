import stat
from pathlib import Path

import pytest

from smsctl.errors import ExitCode, LedgerError
from smsctl.ledger import keyfile
from smsctl.ledger.store import Ledger, open_ledger

from .conftest import opened_again

NUMBER = "+46701740605"


def make(ledger: Ledger) -> str:
    with ledger.transaction():
        return keyfile.find_or_make(ledger).hash(NUMBER)


def make_and_fail(ledger: Ledger) -> None:
    with ledger.transaction():
        keyfile.find_or_make(ledger).hash(NUMBER)
        ledger.write("INSERT INTO nowhere VALUES (1)")


def test_nothing_is_made_before_there_is_a_hash_to_make(ledger: Ledger) -> None:
    assert keyfile.find(ledger) is None
    assert not keyfile.path_of(ledger.path).exists()


def test_the_same_number_has_the_same_hash_after_reopening(ledger: Ledger) -> None:
    made = make(ledger)
    other = opened_again(ledger)
    key = keyfile.find(other)
    other.close()
    assert key is not None
    assert key.hash(NUMBER) == made == make(ledger)


def test_two_ledgers_give_the_same_number_different_hashes(ledger: Ledger, tmp_path: Path) -> None:
    other = open_ledger(tmp_path / "other.db")
    made = make(other)
    other.close()
    assert made != make(ledger)


def test_only_the_owner_reads_the_key(ledger: Ledger) -> None:
    make(ledger)
    path = keyfile.path_of(ledger.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == 32


def test_whoever_shares_the_ledger_shares_its_key(ledger: Ledger) -> None:
    ledger.path.chmod(0o660)
    make(ledger)
    assert stat.S_IMODE(keyfile.path_of(ledger.path).stat().st_mode) == 0o660


@pytest.mark.parametrize("left", [None, b"", b"short"])
def test_a_missing_key_stops_everything_once_there_are_hashes(ledger: Ledger, left: bytes | None) -> None:
    make(ledger)
    path = keyfile.path_of(ledger.path)
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    with pytest.raises(LedgerError, match=r"the ledger's key is (missing|damaged)") as refused:
        keyfile.find(ledger)
    assert refused.value.exit_code is ExitCode.LEDGER
    with pytest.raises(LedgerError), ledger.transaction():
        keyfile.find_or_make(ledger)


def test_the_key_of_another_ledger_is_refused(ledger: Ledger) -> None:
    make(ledger)
    keyfile.path_of(ledger.path).write_bytes(bytes(32))
    with pytest.raises(LedgerError, match="not the key of this ledger"):
        keyfile.find(ledger)


def test_a_transaction_that_fails_leaves_no_hash_to_depend_on_its_key(ledger: Ledger) -> None:
    with pytest.raises(LedgerError):
        make_and_fail(ledger)
    assert keyfile.find(ledger) is None
    make(ledger)
    assert keyfile.find(ledger) is not None


def test_a_key_that_lies_there_is_not_replaced(ledger: Ledger) -> None:
    """The hashes of the ledger that lay there before can be read with no other."""
    path = keyfile.path_of(ledger.path)
    path.write_bytes(bytes(range(32)))
    made = make(ledger)
    assert path.read_bytes() == bytes(range(32))
    key = keyfile.find(ledger)
    assert key is not None
    assert key.hash(NUMBER) == made


def test_a_key_shows_itself_nowhere(ledger: Ledger) -> None:
    make(ledger)
    key = keyfile.find(ledger)
    secret = keyfile.path_of(ledger.path).read_bytes()
    assert repr(secret)[2:-1] not in repr(key)
    assert secret not in ledger.path.read_bytes()
