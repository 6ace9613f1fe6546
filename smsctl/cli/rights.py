"""Who is at the keyboard, or began a mailing, beside what [senders] says of them."""

from collections.abc import Collection

from smsctl.actions.permit import Mission, Person, daily_ceiling, permit
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.plan import Plan, Refusal
from smsctl.errors import RuleError
from smsctl.host import groups_of
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
    """Raise RuleError where whoever runs this may not go on with a mailing."""
    _refuse(_asked(wiring, _mission_of(mailing), wiring.ledger))


def with_daily_ceiling(wiring: Wiring, mailing: Mailing, ceilings: Ceilings) -> Ceilings:
    """Return the ceilings with that of whoever began the mailing, so that every claim is held to it."""
    if not wiring.settings.senders:
        return ceilings
    person = Person(mailing.created_by, groups_of(mailing.created_by))
    most = daily_ceiling(wiring.settings.senders, person, _mission_of(mailing))
    return ceilings._replace(max_parts_per_day_of_user=most)


def must_be_permitted_to_test(wiring: Wiring, municipality: str, parts: int) -> None:
    """Raise RuleError where whoever runs this may not send a test SMS for the municipality."""
    mission = Mission(municipality=municipality, audience=_TEST, groups=(), parts=parts, is_test=True)
    _refuse(_asked(wiring, mission, wiring.ledger))


def _mission_of(mailing: Mailing) -> Mission:
    named = mailing.audience.partition(";")[0]
    groups = () if "=" in named or named == "everyone" else named.split(", ")
    return Mission(
        municipality=mailing.municipality.key,
        audience=mailing.audience,
        groups=groups,
        parts=0,
        is_test=mailing.kind == _TEST,
    )


def _asked(wiring: Wiring, mission: Mission, ledger: Ledger | None) -> list[Refusal]:
    senders = wiring.settings.senders
    if not senders:
        return []
    user = wiring.actor.user
    return permit(senders, Person(user, groups_of(user)), mission, ledger, wiring.clock.now())


def _refuse(refusals: list[Refusal]) -> None:
    for one in refusals:
        raise RuleError(one.sentence, hint=one.hint)
