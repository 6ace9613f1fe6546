"""Changes of config and secrets in the audit: what was set by whom, never a secret."""

from smsctl.cli.wiring import Wiring
from smsctl.errors import ConfigError, LedgerError, say
from smsctl.host import users
from smsctl.ledger import audit

_LONGEST = 200


def record_change(wiring: Wiring, action: str, subject: str, detail: str = "") -> None:
    """Write a change in the audit of the ledger that the config names now; where it cannot be, say so.

    Also with --quiet: nobody else will miss it.
    """
    try:
        if _would_be_another_users(wiring):
            return
        with wiring.ledger.transaction():
            audit.record(wiring.ledger, wiring.clock.now(), wiring.actor, action, subject, detail[:_LONGEST])
    except (ConfigError, LedgerError) as error:
        wiring.output.insist(say("This change is not in the audit: {why}", why=error.sentence))


def _would_be_another_users(wiring: Wiring) -> bool:
    """Say whether the ledger is still to be made, and elsewhere: not by root, who only sets things up."""
    path = wiring.settings.ledger_path
    return users.is_root() and not path.exists() and not path.is_relative_to(wiring.settings.path.parent)
