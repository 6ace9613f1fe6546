"""Who is at the keyboard, beside what [senders] says of them."""

from collections.abc import Collection

from smsctl.actions.permit import Mission, Person, permit
from smsctl.cli.clock import groups_of
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.domain.plan import Plan, Refusal
from smsctl.errors import RuleError
from smsctl.ledger.store import Ledger

_TEST = "test"


def not_permitted(
    wiring: Wiring, plan: Plan, groups: Collection[str], ledger: Ledger | None
) -> list[Refusal]:
    """Return why whoever runs this may not send the plan."""
    order = plan.order
    mission = Mission(
        municipality=order.municipality.key, audience=order.audience, groups=groups, parts=plan.parts
    )
    return _asked(wiring, mission, ledger)


def must_be_permitted(wiring: Wiring, mailing: Mailing) -> None:
    """Raise RuleError where whoever runs this may not go on with a mailing; its parts are counted already."""
    named = mailing.audience.partition(";")[0]
    groups = () if "=" in named or named == "everyone" else named.split(", ")
    mission = Mission(
        municipality=mailing.municipality.key,
        audience=mailing.audience,
        groups=groups,
        parts=0,
        is_test=mailing.kind == _TEST,
    )
    _refuse(_asked(wiring, mission, wiring.ledger))


def must_be_permitted_to_test(wiring: Wiring, municipality: str, parts: int) -> None:
    """Raise RuleError where whoever runs this may not send a test SMS for the municipality."""
    mission = Mission(municipality=municipality, audience=_TEST, groups=(), parts=parts, is_test=True)
    _refuse(_asked(wiring, mission, wiring.ledger))


def _asked(wiring: Wiring, mission: Mission, ledger: Ledger | None) -> list[Refusal]:
    senders = wiring.settings.senders
    if not senders:
        return []
    user = wiring.actor.user
    return permit(senders, Person(user, groups_of(user)), mission, ledger, wiring.clock.now())


def _refuse(refusals: list[Refusal]) -> None:
    for one in refusals:
        raise RuleError(one.sentence, hint=one.hint)
