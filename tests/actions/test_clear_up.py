"""Clearing up what is unknown: submitted again only where the gateway was proved to refuse repeats."""

from collections import Counter
from pathlib import Path

import pytest

from smsctl.domain.message import Status, Verdict
from smsctl.ledger import mailings

from .desk import Desk, ScriptedGateway, all_of_it, each

LONG_AGO, NEVER_YET = "2000-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"
LOST = all_of_it(Status.UNKNOWN, Verdict.UNCLEAR)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_lost_batch_is_submitted_again_with_the_same_references(desk: Desk) -> None:
    mailing = desk.mailing(3)
    gateway = ScriptedGateway(LOST, each(Status.ACCEPTED))
    result = desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert result.states == Counter({Status.ACCEPTED: 3})
    first, second = gateway.submitted
    assert (first.reference, first.messages) == (second.reference, second.messages)
    assert mailings.tally(desk.ledger, mailing).parts == 3


@pytest.mark.parametrize("proved_at", [None, NEVER_YET])
def test_what_was_submitted_before_the_proof_is_never_submitted_again(
    desk: Desk, proved_at: str | None
) -> None:
    mailing = desk.mailing(3)
    gateway = ScriptedGateway(LOST, each(Status.ACCEPTED))
    result = desk.send(mailing, gateway, proved_at=proved_at)
    assert result.states == Counter({Status.UNKNOWN: 3})
    assert len(gateway.submitted) == 1


def test_a_refused_repeat_proves_nothing_of_the_first(desk: Desk) -> None:
    mailing = desk.mailing(2)
    gateway = ScriptedGateway(LOST, each(Status.REJECTED))
    desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert mailings.tally(desk.ledger, mailing).states == {Status.UNKNOWN: 2}
