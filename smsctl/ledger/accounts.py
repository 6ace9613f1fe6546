"""Which account at the gateway pays for a mailing: the one by which its first messages left.

Another one would be billed for the rest, which nobody has confirmed: where a config was changed meanwhile, or
that of another host on the same ledger names another (docs/decisions/0103).
"""

from smsctl.domain.message import COSTS
from smsctl.errors import RuleError, say
from smsctl.ledger import counts
from smsctl.ledger.store import Ledger


def must_be_its(ledger: Ledger, mailing: int, noted: str | None, billed: str) -> None:
    """Raise RuleError where some of a mailing has left by another account than the one that is billed now.

    `noted` is None where nothing was claimed yet, or before accounts were noted.
    """
    if noted in {None, billed} or not COSTS & counts.of_mailing(ledger, mailing).keys():
        return
    raise RuleError(
        say(
            "Mailing {id} was begun with the account {begun}, and the config now names {configured}.",
            id=mailing,
            begun=noted,
            configured=billed,
        ),
        hint=say(
            "Go on with the earlier account in the config; or cancel what is pending, and send it anew:"
            " smsctl mailings cancel {id}",
            id=mailing,
        ),
    )


def note(ledger: Ledger, mailing: int, billed: str) -> None:
    """Note the account of a mailing, in the transaction of its first claim by it."""
    ledger.write_later("UPDATE mailings SET account = ? WHERE id = ?", billed, mailing)
