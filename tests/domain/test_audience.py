import pytest

from smsctl.domain.audience import Audience, AudienceRule, group_key, groups_in, rule_of
from smsctl.errors import UsageError


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("students", ["elev", "Elever", "student", "STUDENTS"]),
        ("guardians", ["Vårdnadshavare", "vardnadshavare", "VH", "vh", "guardian", "Guardians"]),
        ("staff", ["personal", "Personal ", "staff"]),
        ("principals", ["rektor", "Rektorer", "principal", "principals"]),
        ("administrators", ["administratör", "Administratörer", "administrator", "administrators"]),
    ],
)
def test_groups_have_names_in_both_languages_and_in_the_singular(group: str, names: list[str]) -> None:
    assert {group_key(name) for name in names} == {group}


@pytest.mark.parametrize(
    ("cell", "groups"),
    [
        ("", {}),
        (" , /", {}),
        ("VH", {"guardians": "guardians"}),
        ("VH/Personal", {"guardians": "guardians", "staff": "staff"}),
        ("elever, 7B", {"students": "students", "7b": "7B"}),
        ("VH_x000D_\nPersonal", {"guardians": "guardians", "staff": "staff"}),
        ("Håbo, Habo", {"håbo": "Håbo", "habo": "Habo"}),
    ],
)
def test_a_cell_may_name_several_groups(cell: str, groups: dict[str, str]) -> None:
    assert groups_in(cell) == groups


def test_an_audience_that_was_forgotten_is_refused() -> None:
    with pytest.raises(UsageError, match="Nobody is chosen"):
        Audience(municipality=frozenset({"exempelkommun"}))


@pytest.mark.parametrize(
    ("audience", "rule"),
    [
        (Audience(everyone=True), "everyone"),
        (Audience(groups=("VH", "personal")), "guardians, staff"),
        (Audience(groups=("staff", "guardians", "vh")), "guardians, staff"),
        (Audience(where=(("Skola", "Norra"), ("klass", "7B"))), "klass=7b; skola=norra"),
        (Audience(groups=("7B",), where=((" SKOLA", "Norra "),)), "7b; skola=norra"),
    ],
)
def test_the_same_choice_has_the_same_rule(audience: Audience, rule: str) -> None:
    assert str(audience.rule) == rule


def test_a_person_reads_the_choice_as_it_was_written() -> None:
    chosen = Audience(groups=("vårdnadshavare", "Åk 7"), where=(("Klass", "7B"), ("Ort", "Åmål")))
    assert str(chosen.typed) == "guardians, Åk 7; Klass=7B; Ort=Åmål"
    assert str(Audience(everyone=True).typed) == "everyone"


@pytest.mark.parametrize(
    "rule",
    [
        AudienceRule(),
        AudienceRule(groups=("a; b", "7=A")),
        AudienceRule(groups=("a, b",), where="klass=7b; ort=åmål"),
        AudienceRule(where="klass=7b"),
    ],
)
def test_a_rule_is_known_again_by_its_text_and_its_groups(rule: AudienceRule) -> None:
    assert rule_of(str(rule), rule.groups) == rule
