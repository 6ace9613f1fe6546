"""Ending what nobody has approved in time: whoever opens the ledger next does it, and tells it."""

from collections.abc import Callable

from smsctl.domain.moment import Actor, Moment
from smsctl.errors import Sentence, say_n
from smsctl.ledger import approvals, restoring, under_way
from smsctl.ledger.store import Ledger


def end_expired(ledger: Ledger, moment: Moment, actor: Actor, tell: Callable[[Sentence], object]) -> None:
    """Cancel it, and tell it of each.

    Not in an old copy of a ledger: there it may have left since. Nor by a clock that is not the one which all
    hosts share: a host that is a day ahead would end what somebody may still approve.
    """
    if restoring.found_restored(ledger) or under_way.clock_off(ledger):
        return
    for mailing, messages in approvals.end_expired(ledger, moment, actor).items():
        told = say_n(
            "Nobody approved mailing {id} in time: its message is cancelled.",
            "Nobody approved mailing {id} in time: its {n} messages are cancelled.",
            n=messages,
            id=mailing,
        )
        tell(told)
