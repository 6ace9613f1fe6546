"""The key under which numbers are kept as hashes: 32 bytes in a file beside the ledger.

Without the key a hash cannot be turned back by trying all numbers, so the ledger alone gives nobody away.
What must stay true: hashes are never made or looked up under another key than the ledger's first one; a
missing or foreign key stops everything that depends on it.
"""

import os
from pathlib import Path

from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger.seam import beside
from smsctl.ledger.seam.sentences import mend, reason
from smsctl.ledger.store import Ledger

_BYTES = 32
_FACT = "key-check"


class LedgerKey:
    """The key of one ledger; it shows itself nowhere."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """Hold the 32 bytes."""
        self._secret = secret

    def hash(self, number: str) -> str:
        """Return the hash of an E.164 number under this key, 32 hexadecimal digits."""
        from hashlib import blake2b  # costs a start 3 ms, and most commands need no hash

        return blake2b(number.encode(), key=self._secret, digest_size=16).hexdigest()


path_of = beside.key_of


def find(ledger: Ledger) -> LedgerKey | None:
    """Return the ledger's key; None where no hash was ever made, so that nothing needs to be looked up.

    Raises LedgerError: hashes exist, and their key is missing, unreadable or another one.
    """
    check = ledger.fact(_FACT)
    if check is None:
        return None
    path = path_of(ledger.path)
    secret = read(path)
    if secret is None:
        raise LedgerError(say("{path}: the ledger's key is missing.", path=path), hint=_mend(ledger))
    key = LedgerKey(secret)
    if key.hash(_FACT) != check:
        raise LedgerError(say("{path}: this is not the key of this ledger.", path=path), hint=_mend(ledger))
    return key


def find_or_make(ledger: Ledger) -> LedgerKey:
    """Return the ledger's key, in the open transaction; the first time, make it.

    Raises LedgerError: as `find`; or a new key cannot be written.
    """
    key = find(ledger)
    if key is None:
        # One that lies there already serves: it is of a transaction that did not end, or the only one that
        # can read the hashes of another ledger, which had this place or this host before.
        there = read(path_of(ledger.path))
        key = _write(ledger.path) if there is None else LedgerKey(there)
        ledger.keep_fact(_FACT, key.hash(_FACT))
    return key


_MEND = say("Restore it from the backup that the ledger is from. Nothing is sent without it.")
_FETCH = say("Fetch the key from a host that sends from this ledger.")


def _mend(ledger: Ledger) -> Sentence:
    """Return how a host comes by the key of this ledger: one that others share has it on each of them."""
    if ledger.high_water is None or not ledger.high_water.of_a_host:
        return _MEND
    return say(
        "Fetch it from a host that sends from this ledger, and say: smsctl ledger join FILE. Nothing is sent"
        " without it."
    )


def read(path: Path) -> bytes | None:
    """Return the bytes of a key; None where there is no file.

    Raises LedgerError: it cannot be read, or is no key.
    """
    try:
        secret = beside.read(path, _BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(
            say("{path}: the ledger's key cannot be read: {reason}.", path=path, reason=reason(error)),
            hint=say("Whoever may write the ledger must be able to read its key."),
        ) from error
    if len(secret) != _BYTES:
        raise LedgerError(say("{path}: the ledger's key is damaged.", path=path), hint=_MEND)
    return secret


def bring(named: Path, ledger: Ledger) -> bool:
    """Make the key in a file the one of this host's ledger; return whether there is one there.

    Raises LedgerError: this host has another one, it is no key, or not the one of the ledger's hashes.
    """
    secret = must_fit(named, ledger)
    if secret is not None and read(path_of(ledger.path)) is None:
        _write(ledger.path, secret)
    return secret is not None


def must_fit(named: Path, ledger: Ledger) -> bytes | None:
    """Return the key in a file; None where there is no file. Raises LedgerError as `bring`."""
    secret, there, here = read(named), read(path_of(ledger.path)), path_of(ledger.path)
    if secret is None:
        return None
    check = ledger.fact(_FACT)
    if check and LedgerKey(secret).hash(_FACT) != check:
        raise LedgerError(say("{path}: this is not the key of this ledger.", path=named), hint=_FETCH)
    if there is not None and there != secret:  # of another ledger, or made in a transaction that did not end
        raise LedgerError(
            say("{path}: this host has another key already.", path=here),
            hint=say("If no other ledger needs it, move it away, and say this once more."),
        )
    return secret


def _write(ledger: Path, secret: bytes | None = None) -> LedgerKey:
    """Write a key, a new one if none is given, durably: before the transaction that depends on it ends."""
    path, secret = path_of(ledger), secret or os.urandom(_BYTES)
    try:
        beside.write_whole(ledger, path, secret)  # those who share the ledger share its key
    except OSError as error:
        raise LedgerError(
            say("{path}: the ledger's key cannot be written: {reason}.", path=path, reason=reason(error)),
            hint=mend(error, say("The user who sends must be able to write in the ledger's folder.")),
        ) from error
    return LedgerKey(secret)
