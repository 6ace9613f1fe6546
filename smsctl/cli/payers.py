"""Which municipality a command means that looks back: also one that the config has no longer."""

from smsctl.cli.wiring import Wiring
from smsctl.errors import InputError


def key_of(wiring: Wiring, named: str) -> str:
    """Return the key of the municipality that was named.

    Raises InputError where neither the config nor the ledger has it.
    """
    try:
        return wiring.municipality(named)[1].key
    except InputError:
        from smsctl.ledger.usage import known_municipalities  # seldom needed

        if named not in known_municipalities(wiring.ledger):
            raise
        return named
