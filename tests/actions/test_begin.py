from collections.abc import Callable
from pathlib import Path

import pytest

from smsctl.actions.begin import begin
from smsctl.ledger import audit
from smsctl.ledger.store import Ledger

from ..ledger.sending import new
from .desk import ACTOR, moment


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
