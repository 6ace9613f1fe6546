"""Going on with a ledger that was put back from an older copy, by a person's order."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment
from smsctl.errors import say
from smsctl.ledger import accepting_restore, audit, checking, fitness, recovery, restoring, under_way
from smsctl.ledger.high_water import Restored
from smsctl.ledger.store import Ledger


class Accepted(NamedTuple):
    """What was found, and what it made unknown."""

    restored: Restored
    unknown: Mapping[int, int]  # messages that were pending and may have been sent, by mailing

    @property
    def messages(self) -> int:
        """How many messages are unknown now."""
        return sum(self.unknown.values())


def accept_restore(
    ledger: Ledger, moment: Moment, actor: Actor, reason: str, *, put_back: bool = False
) -> Accepted | None:
    """Make unknown what may have been sent after the copy was made; None where the ledger is no old copy.

    With `put_back` it is one by a person's word: of an image of the whole machine nothing tells. Raises
    LedgerError while another process sends one of the mailings, and where only half of it was put back.
    """
    restored = restoring.found_restored(ledger)
    if restored is None and put_back:
        restored = Restored(say("{path} was put back, as a person says.", path=ledger.engine.place), None)
    if restored is None:
        return None
    checking.must_be_whole(ledger)
    with ExitStack() as held:
        unfinished = accepting_restore.unfinished(ledger)
        for mailing in unfinished:
            held.enter_context(recovery.taking_over(ledger, mailing, moment))
        held.enter_context(ledger.transaction())
        # What is made unknown may be under way until a time of the server's clock.
        under_way.must_tell_the_time(ledger)
        made: dict[int, int] = {}
        # By a clock that went back they would soon count as sent long ago, and could be sent the text again.
        since = fitness.no_earlier(ledger, moment)
        for mailing in unfinished:
            made[mailing.id] = accepting_restore.make_unknown(ledger, mailing, since)
            subject, told = audit.mailing_subject(mailing.id), f"{made[mailing.id]} messages unknown"
            audit.record(ledger, moment, actor, "accept-restore", subject, told, reason)
        restoring.renew(ledger)
        accepted = Accepted(restored=restored, unknown=made)
        detail = f"{accepted.messages} messages unknown, {_told(restored.missing)} batches missing"
        audit.record(ledger, moment, actor, "accept-restore", "ledger", detail, reason)
    return accepted


def _told(missing: int | None) -> str:
    return "an unknown number of" if missing is None else str(missing)
