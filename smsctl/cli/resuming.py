"""Going on with a mailing that was begun: what is left is shown, on a terminal asked about, and sent."""

from smsctl.actions.may_send import Circumstances
from smsctl.actions.resume import Rest, record
from smsctl.cli.delivery import deliver, reply
from smsctl.cli.render import mailings as render
from smsctl.cli.reply import Reply
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway


def go_on(wiring: Wiring, rest: Rest, gateway: Gateway, under: Circumstances, reason: str | None) -> Reply:
    """Send what is left of the mailing.

    Raises RuleError where a rule says no now.
    """
    rest.verdict.must_hold()
    record(rest, wiring.ledger, under, reason)
    done = deliver(wiring, rest.mailing, gateway, rest.ceilings)
    return reply(wiring, done, render.data(rest.mailing, done.tally))
