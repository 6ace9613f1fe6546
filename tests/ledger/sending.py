"""A mailing sent by hand, step by step: begun, claimed, settled, each in its own transaction."""

from collections.abc import Sequence

from smsctl.domain.audience import AudienceRule
from smsctl.domain.mailing import Ceilings, CostShare, Mailing
from smsctl.domain.message import Answer, Letter, Receipt, Status, SubmitVerdict
from smsctl.domain.moment import Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.text import Encoding, MessageText, TextSize
from smsctl.ledger import batches, municipalities, openings
from smsctl.ledger.batches import Claim, ClaimRequest
from smsctl.ledger.mailings import NewMailing
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import Ledger

from .conftest import ACTOR, NOW, TOWN

NO_CEILINGS = Ceilings()


def activate(ledger: Ledger, municipality: Municipality = TOWN, moment: Moment = NOW) -> int | None:
    with ledger.transaction():
        return municipalities.activate(ledger, municipality, moment, ACTOR)


def new(
    *,
    municipality: Municipality = TOWN,
    kind: str = "send",
    parts: int = 1,
    body: str = "Hej",
    ceilings: Ceilings = NO_CEILINGS,
    cost_shares: Sequence[tuple[str, int]] = (),
) -> NewMailing:
    """Return what a mailing is made of."""
    return NewMailing(
        kind=kind,
        municipality=municipality,
        gateway="intelecom",
        letter=Letter(text=MessageText.read(body)),
        size=TextSize(encoding=Encoding.GSM7, units=9, parts=parts),
        audience=AudienceRule(),
        source=None,
        rows=0,
        ceilings=ceilings,
        cost_shares=tuple(CostShare(cost_centre=centre, messages=n) for centre, n in cost_shares),
    )


PLAIN = new()


def begin(ledger: Ledger, messages: int, made_of: NewMailing = PLAIN, moment: Moment = NOW) -> Mailing:
    """Begin a mailing to people who have had nothing yet."""
    row = ledger.one("SELECT COUNT(*) FROM messages")
    first = row[0] if row else 0
    ready = [(n + 2, f"+4670{first + n:07}", f"Person {first + n}") for n in range(messages)]
    with ledger.transaction():
        mailing = openings.create(ledger, made_of._replace(rows=messages), ready, [], moment, ACTOR)
    return mailing._replace(ceilings=made_of.ceilings)


def claim(ledger: Ledger, mailing: Mailing, most: int = 100, moment: Moment = NOW) -> Claim | None:
    """Claim what the mailing's own ceilings allow; RuleError where they allow nothing."""
    want = ClaimRequest(
        mailing=mailing, most=most, ceilings=mailing.ceilings, repeats=Repeats(mailing, "none")
    )
    with ledger.transaction():
        return next(iter(batches.claim(ledger, want, 0, moment)), None)


def settle(
    ledger: Ledger,
    mailing: Mailing,
    claimed: Claim | None,
    states: Sequence[Status] = (),
    moment: Moment = NOW,
) -> None:
    """Store an answer for each message; without any, all are accepted."""
    assert claimed
    messages = claimed.batch.messages
    receipts = [
        Receipt(message.reference, state)
        for message, state in zip(messages, states or [Status.ACCEPTED] * len(messages), strict=False)
    ]
    with ledger.transaction():
        answer = Answer(verdict=SubmitVerdict.ANSWERED, receipts=receipts)
        batches.settle(ledger, mailing, claimed, answer, moment)


def send(ledger: Ledger, messages: int, made_of: NewMailing = PLAIN) -> Mailing:
    """Send a mailing that is accepted as a whole."""
    mailing = begin(ledger, messages, made_of)
    settle(ledger, mailing, claim(ledger, mailing))
    return mailing
