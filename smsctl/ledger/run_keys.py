"""The names that runs have: which mailing was made under one, also when the name itself is blanked.

What must stay true: a key under which a mailing was made is known for ever, so that nothing is sent under it
once more. A blanked one is known by its hash under the ledger's key, and without that key nothing is sent.
"""

from smsctl.ledger import audit, keyfile
from smsctl.ledger.keyfile import LedgerKey
from smsctl.ledger.store import Ledger

_OF = "key "
_BLANKED = "key #"


def mailing_of(ledger: Ledger, run_key: str) -> int | None:
    """Return the mailing that was made under an expanded key. Raises LedgerError as `keyfile.find`."""
    row = ledger.one("SELECT id FROM mailings WHERE run_key = ?", run_key)
    if row is None and ledger.one("SELECT 1 FROM mailings WHERE run_key_hash IS NOT NULL LIMIT 1"):
        key = keyfile.find(ledger)
        known_by = hash_of(key, run_key) if key else None
        row = ledger.one("SELECT id FROM mailings WHERE run_key_hash = ?", known_by)
    return None if row is None else int(row[0])


def is_noted(ledger: Ledger, run_key: str, action: str) -> bool:
    """Say whether the audit has this action under a key, of a run that made no mailing."""
    subjects = [subject_of(run_key)]
    if ledger.one("SELECT 1 FROM audit WHERE substr(subject, 1, 5) = ? LIMIT 1", _BLANKED):
        key = keyfile.find(ledger)
        subjects += [blanked_subject_of(key, run_key)] if key else []
    return any(row.action == action for one in subjects for row in audit.of(ledger, one))


def hash_of(key: LedgerKey, run_key: str) -> str:
    """Return the hash by which a blanked key is known; never that of a number."""
    return key.hash(f"{_OF}{run_key}")


def subject_of(run_key: str) -> str:
    """Return under what the audit keeps what was done under a key without a mailing."""
    return f"{_OF}{run_key}"


def blanked_subject_of(key: LedgerKey, run_key: str) -> str:
    """Return what stands there once the key is blanked."""
    return f"{_BLANKED}{hash_of(key, run_key)}"


def in_subject(subject: str) -> str | None:
    """Return the key that the subject of an audit row still names."""
    is_one = subject.startswith(_OF) and not subject.startswith(_BLANKED)
    return subject.removeprefix(_OF) if is_one else None
