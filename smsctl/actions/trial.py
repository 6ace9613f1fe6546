"""What a test mailing is made of: one text to one number, outside every audience and package rule."""

from smsctl.actions.cancel import cancel
from smsctl.actions.cost_centres import shares_of
from smsctl.actions.deliver import Delivery
from smsctl.actions.may_send import Circumstances, DepartingMailing, account_status_of
from smsctl.domain.audience import AudienceRule
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Letter, Status
from smsctl.domain.moment import Actor, Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.plan import bill_for
from smsctl.domain.text import measure
from smsctl.ledger import audit, mailings
from smsctl.ledger.mailings import NewMailing
from smsctl.ledger.store import Ledger


def trial_mailing(gateway: Gateway, payer: Municipality, letter: Letter, *, messages: int = 1) -> NewMailing:
    """Return the test mailing that the ledger is to write."""
    return NewMailing(
        kind="test",
        municipality=payer,
        gateway=gateway.traits.name,
        letter=letter,
        size=measure(letter.text.body, gateway.traits.parts),
        audience=AudienceRule(groups=("test",)),
        source=None,
        rows=messages,
        ceilings=Ceilings(),
        cost_shares=shares_of(letter.cost_centre, messages),
    )


def trial(new: NewMailing, under: Circumstances, number: str, shown: str) -> DepartingMailing:
    """Return the test as it would leave now, to be judged; `shown` is the number as a screen may show it."""
    account_status = account_status_of(under.ledger, new.municipality, under.local_now)
    return DepartingMailing(
        bill=bill_for(new.municipality, account_status, messages=new.rows, parts=new.rows * new.size.parts),
        letter=new.letter,
        audience=new.audience,
        numbers=(number,),
        shown=shown,
    )


def leave_nothing_pending(delivery: Delivery, ledger: Ledger, moment: Moment, actor: Actor) -> Delivery:
    """Cancel what of a test did not leave, and return what it came to: it is typed again, not resumed."""
    if not delivery.tally.states.get(Status.PENDING):
        return delivery
    cancel(ledger, delivery.mailing, None, moment, actor, audit.TEST_NOT_SENT)
    return delivery._replace(tally=mailings.tally(ledger, delivery.mailing))
