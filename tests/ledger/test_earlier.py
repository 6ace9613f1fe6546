"""What a plan says of the mailings before it to the same audience."""

from collections.abc import Iterable

import pytest

from smsctl.domain.audience import AudienceRule
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Letter, Status
from smsctl.domain.municipality import Municipality
from smsctl.domain.plan import LetterOrder, OutOfUse
from smsctl.domain.report import Cause
from smsctl.domain.text import MessageText
from smsctl.ledger import earlier, openings
from smsctl.ledger.mailings import NewMailing
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, NOW, TOWN
from .sending import new

ANNA, BO, CARL, DAN = (f"+4670174060{n}" for n in (5, 6, 7, 8))
FAMILIES = new()
HELD_OUT = Municipality(key="other", name="Other", rate=None, in_packages=False)


@pytest.fixture(autouse=True)
def _active(ledger: Ledger) -> None:
    sending.activate(ledger)


EVERYONE = AudienceRule()


def order(municipality: Municipality = TOWN, audience: AudienceRule = EVERYONE) -> LetterOrder:
    return LetterOrder(
        letter=Letter(text=MessageText.read("Hej")),
        municipality=municipality,
        audience=audience,
        typed=audience,
        source=None,
        ceilings=Ceilings(),
    )


def begun(ledger: Ledger, numbers: Iterable[str], made_of: NewMailing = FAMILIES) -> Mailing:
    ready = [(row, number, None) for row, number in enumerate(numbers, 2)]
    with ledger.transaction():
        return openings.create(ledger, made_of._replace(rows=len(ready)), ready, [], NOW, ACTOR)


def sent(
    ledger: Ledger,
    numbers: Iterable[str],
    *,
    failed: Iterable[str] = (),
    cause: Cause = Cause.BAD_NUMBER,
    made_of: NewMailing = FAMILIES,
) -> Mailing:
    """Send a mailing, of which some messages have failed by now."""
    mailing = begun(ledger, numbers, made_of)
    sending.settle(ledger, mailing, sending.claim(ledger, mailing))
    for number in failed:
        with ledger.transaction():
            ledger.write(
                "UPDATE messages SET state = ?, cause = ? WHERE mailing = ? AND number = ?",
                Status.FAILED,
                cause,
                mailing.id,
                number,
            )
            for state, n in ((Status.ACCEPTED, -1), (Status.FAILED, 1)):
                ledger.write(
                    "INSERT INTO mailing_counts VALUES (?, ?, ?, 0)"
                    " ON CONFLICT (mailing, state) DO UPDATE SET messages = mailing_counts.messages + ?",
                    mailing.id,
                    state,
                    n,
                    n,
                )
    return mailing


def test_the_last_mailing_is_one_to_the_same_audience_of_which_something_was_sent(ledger: Ledger) -> None:
    assert earlier.of_audience(ledger, order()) is None
    last = sent(ledger, [ANNA, BO])
    sent(ledger, [ANNA], made_of=new(kind="test"))
    sent(ledger, [ANNA], made_of=FAMILIES._replace(audience=AudienceRule(groups=("staff",))))
    begun(ledger, [ANNA])  # nothing has left
    rejected = begun(ledger, [ANNA])
    sending.settle(ledger, rejected, sending.claim(ledger, rejected), [Status.REJECTED])
    found = earlier.of_audience(ledger, order())
    assert found
    assert (found.mailing, found.day, found.messages, found.out_of_use) == (last.id, NOW.day, 2, None)
    assert earlier.of_audience(ledger, order(HELD_OUT)) is None
    assert earlier.of_audience(ledger, order(audience=AudienceRule(groups=("nobody",)))) is None


def test_out_of_use_is_who_failed_for_good_both_last_times(ledger: Ledger) -> None:
    everybody = [ANNA, BO, CARL, DAN]
    sent(ledger, everybody, failed=[DAN])  # the third from the end is not looked at
    sent(ledger, everybody, failed=[ANNA, BO], cause=Cause.BARRED, made_of=new(parts=2))
    last = sent(ledger, everybody, failed=[ANNA, BO, CARL])
    found = earlier.of_audience(ledger, order())
    assert found
    assert found.mailing == last.id
    assert found.out_of_use == OutOfUse(numbers=2, parts=6, cost_ore=2940)
    unpriced = earlier.of_audience(ledger, order(TOWN._replace(rate=None)))
    assert unpriced
    assert unpriced.out_of_use == OutOfUse(numbers=2, parts=6, cost_ore=None)


def test_the_first_two_mailings_of_all_are_looked_through_to_their_ends(ledger: Ledger) -> None:
    for _ in range(2):
        sent(ledger, [ANNA, BO], failed=[BO])
    found = earlier.of_audience(ledger, order())
    assert found
    assert found.out_of_use == OutOfUse(numbers=1, parts=2, cost_ore=980)


def test_whose_phone_was_off_once_is_not_out_of_use(ledger: Ledger) -> None:
    for cause in (Cause.BAD_NUMBER, Cause.UNREACHABLE):
        sent(ledger, [ANNA, BO], failed=[ANNA], cause=cause)
    found = earlier.of_audience(ledger, order())
    assert found
    assert found.out_of_use is None


def test_after_one_mailing_nobody_is_called_out_of_use(ledger: Ledger) -> None:
    sent(ledger, [ANNA, BO], failed=[ANNA])
    found = earlier.of_audience(ledger, order())
    assert found
    assert (found.messages, found.out_of_use) == (2, None)
