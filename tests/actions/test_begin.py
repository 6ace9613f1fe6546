from collections.abc import Callable
from pathlib import Path

import pytest

from smsctl.actions.begin import RuleOverrides, begin, from_plan
from smsctl.actions.draft import draft
from smsctl.ledger import audit
from smsctl.ledger.store import Ledger

from ..ledger.sending import new
from .desk import ACTOR, ScriptedGateway, moment
from .second_way_in import SecondWayIn


@pytest.mark.parametrize(
    ("kind", "terms_required", "told"),
    [
        ("send", True, False),
        ("send", False, True),
        ("test", True, False),
        ("test", False, False),  # a test asks for no terms
    ],
)
def test_that_the_terms_were_not_required_is_audited(
    kind: str, tmp_path: Path, opener: Callable[[Path], Ledger], *, terms_required: bool, told: bool
) -> None:
    ledger = opener(tmp_path / "ledger.db")
    made_of = new(kind=kind)._replace(terms_required=terms_required, rows=1)
    mailing = begin(made_of, [(2, "+46701740605", None)], [], ledger, moment(), ACTOR)
    (row,) = audit.of(ledger, f"mailing {mailing.id}")
    assert ("accepted terms not required" in (row.detail or "")) is told
    ledger.close()


def test_what_overrules_no_rule_tells_of_none(way_in: Callable[..., SecondWayIn]) -> None:
    page = way_in()
    plan = draft(page.wish(), ScriptedGateway(), page.under()).plan
    for made_of in (from_plan(plan, RuleOverrides()), new()._replace(rows=3)):
        ready = [(row, f"+4670174060{row + 3}", None) for row in (2, 3, 4)]
        mailing = begin(made_of, ready, [], page.ledger, moment(), ACTOR)
        (row,) = audit.of(page.ledger, f"mailing {mailing.id}")
        assert (row.detail, row.reason) == ("messages: 3", None)
        assert (mailing.urgent, mailing.over_day) == (False, False)
