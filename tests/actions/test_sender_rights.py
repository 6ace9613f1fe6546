import pytest

from smsctl.actions.sender_rights import Person, SendRequest, permit
from smsctl.config.settings import SenderRule
from smsctl.domain.audience import AudienceRule
from smsctl.domain.moment import Moment
from smsctl.domain.rules import Refusal, Rule

NOW = Moment(at="2026-11-22T08:00:00.000Z", day="2026-11-22")
ELIN = Person("elin", {"office", "smsctl"})
TO_GUARDIANS = SendRequest(municipality="town", audience=AudienceRule(groups=("guardians",)), parts=10)


def rule(
    name: str, *, towns: tuple[str, ...] = (), audiences: tuple[str, ...] = (), most: int | None = None
) -> SenderRule:
    return SenderRule(
        name=name,
        municipalities=towns,
        audiences=audiences,
        max_parts_per_day=most,
        terms_not_required=False,
    )


def asked(*rules: SenderRule, person: Person = ELIN, mission: SendRequest = TO_GUARDIANS) -> list[Refusal]:
    return permit({one.name: one for one in rules}, person, mission, None, NOW)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule("elin")],
        [rule("@smsctl")],
        [rule("elin", towns=("TOWN",), audiences=("guardians", "staff"))],
        [rule("elin", audiences=("vh",))],
        [rule("elin", towns=("other",)), rule("@office", towns=("town",))],
        [rule("elin", towns=("To\u00adwn",))],
        [rule("elin", most=10)],
        [rule("elin", most=1), rule("@office")],
    ],
)
def test_who_has_a_rule_that_fits_may_send(rules: list[SenderRule]) -> None:
    assert asked(*rules) == []


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([rule("bo")], "elin may not send: no rule under [senders] is about them."),
        ([rule("@elin")], "elin may not send"),
        ([rule("office")], "elin may not send"),
        ([rule("elin", towns=("other",))], "elin may not send to guardians for town."),
        ([rule("elin", audiences=("staff",))], "elin may not send to guardians for town."),
        (
            [rule("elin", towns=("other",), audiences=("guardians",)), rule("@office", audiences=("staff",))],
            "elin may not send to guardians for town.",
        ),
    ],
)
def test_who_has_none_is_refused_in_words(rules: list[SenderRule], told: str) -> None:
    (refusal,) = asked(*rules)
    assert refusal.rule is Rule.SENDER
    assert told in str(refusal.sentence)


def test_a_refusal_says_what_they_may_send() -> None:
    (refusal,) = asked(
        rule("elin", towns=("other",), audiences=("staff",)), rule("@office", towns=("third",))
    )
    assert str(refusal.hint) == "They may send: to staff for other; to everybody for third."


@pytest.mark.parametrize("groups", [(), ("guardians", "students")])
def test_who_may_send_to_some_groups_may_not_send_to_more(groups: tuple[str, ...]) -> None:
    (refusal,) = asked(
        rule("elin", audiences=("guardians",)),
        mission=TO_GUARDIANS._replace(audience=AudienceRule(groups=groups)),
    )
    assert refusal.rule is Rule.SENDER


def test_a_test_sms_has_no_audience_but_a_municipality() -> None:
    trial = TO_GUARDIANS._replace(audience=AudienceRule(), is_test=True)
    assert asked(rule("elin", audiences=("staff",)), mission=trial) == []
    assert asked(rule("elin", towns=("other",)), mission=trial) != []


def test_a_daily_ceiling_is_kept() -> None:
    (refusal,) = asked(rule("elin", most=9), rule("@office", most=5))
    assert refusal.rule is Rule.MAX_PARTS_PER_DAY
    assert str(refusal.sentence) == "The user elin may send 9 parts a day; 0 already used, and this takes 10."
