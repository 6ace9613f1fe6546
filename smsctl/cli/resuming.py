"""Going on with a mailing that was begun: by `mailings resume`, or by the same `--key` again.

The rules are those of a new mailing, looked at on the day: quiet hours, and whether the municipality may
still send. What was confirmed, text and price, stays as it was.
"""

from smsctl.actions.draft import quiet, standing_of
from smsctl.cli.delivery import deliver, reply
from smsctl.cli.render import mailings as render
from smsctl.cli.reply import Reply
from smsctl.cli.rights import must_be_permitted, with_daily_ceiling
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.errors import RuleError, say
from smsctl.ledger import audit, mailings


def go_on(
    wiring: Wiring,
    mailing: Mailing,
    gateway: Gateway,
    ceilings: Ceilings,
    *,
    urgent: bool,
    reason: str | None = None,
) -> Reply:
    """Send what is still pending of the mailing.

    Nobody is asked here. A ceiling that is not given anew is therefore the mailing's own, under which it was
    confirmed, so that no package is opened that nobody has said yes to.

    Raises RuleError in quiet hours (unless urgent) and where the municipality is not active any more; a
    rehearsal is not held to either. Raises RuleError where the config names another gateway by now.
    """
    mailings.must_have_body(mailing)
    _must_be_its_gateway(mailing, gateway)
    must_be_permitted(wiring, mailing)
    if not wiring.simulated:
        _must_be_allowed(wiring, mailing, urgent=urgent or mailing.urgent)
    _record(wiring, mailing, reason)
    own = _not_beyond_the_confirmed(mailing, ceilings)
    held_to = Ceilings() if wiring.simulated else with_daily_ceiling(wiring, mailing, own)
    done = deliver(wiring, _due(wiring, mailing), gateway, held_to)
    return reply(wiring, done, render.data(mailing, done.tally))


def _must_be_its_gateway(mailing: Mailing, gateway: Gateway) -> None:
    """Another gateway counts other parts than were confirmed, and its reports would find no message."""
    if mailing.gateway != gateway.traits.name:
        raise RuleError(
            say(
                "Mailing {id} was begun with {begun}, and the config now names {configured}.",
                id=mailing.id,
                begun=mailing.gateway,
                configured=gateway.traits.name,
            ),
            hint=say(
                "Go on with the earlier gateway in the config; or cancel what is pending, and send it anew:"
                " smsctl mailings cancel {id}",
                id=mailing.id,
            ),
        )


def _not_beyond_the_confirmed(mailing: Mailing, given: Ceilings) -> Ceilings:
    own = mailing.ceilings
    return given._replace(
        max_parts=own.max_parts if given.max_parts is None else given.max_parts,
        max_new_packages=own.max_new_packages if given.max_new_packages is None else given.max_new_packages,
    )


def _must_be_allowed(wiring: Wiring, mailing: Mailing, *, urgent: bool) -> None:
    local_now = wiring.clock.local()
    hours = None if urgent else wiring.settings.limits.quiet_hours
    for refusal in quiet(hours, mailing.letter.send_at, local_now):
        raise RuleError(refusal.sentence, hint=refusal.hint)
    municipality = mailing.municipality
    if municipality.in_packages and not standing_of(wiring.ledger, municipality, local_now).active:
        raise RuleError(
            say("The SMS service is not active for {name}.", name=municipality.name),
            hint=say("Activate it with: smsctl municipality activate {key}", key=municipality.key),
        )


def _record(wiring: Wiring, mailing: Mailing, reason: str | None) -> None:
    with wiring.ledger.transaction():
        audit.record(
            wiring.ledger,
            wiring.clock.now(),
            wiring.actor,
            "resume",
            f"mailing {mailing.id}",
            reason=reason,
        )


def _due(wiring: Wiring, mailing: Mailing) -> Mailing:
    """Return the mailing to be sent at once, where the time it was meant for has passed."""
    send_at = mailing.letter.send_at
    if send_at is None or send_at > wiring.clock.local():
        return mailing
    return mailing._replace(letter=mailing.letter._replace(send_at=None))
