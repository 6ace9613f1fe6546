"""Clearing up what is unknown: submitted again only where the gateway was proved to refuse repeats."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smsctl.actions.cancel import cancel
from smsctl.actions.reconcile import may_be_repeated
from smsctl.actions.stop_signal import StopReason, StopSignal
from smsctl.domain.gateway import CancelResult, Listed
from smsctl.domain.message import Answer, Batch, Status, SubmitVerdict
from smsctl.domain.moment import Moment, Uptime
from smsctl.errors import StoppedError, say
from smsctl.ledger import blocklist, fitness, mailings, reconciling
from smsctl.ledger.store import Ledger

from .desk import ACTOR, PACE, Desk, Script, ScriptedGateway, all_of_it, each, moment

LONG_AGO, NEVER_YET = "2000-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"
LOST = all_of_it(Status.UNKNOWN, SubmitVerdict.UNCLEAR)


@pytest.fixture
def desk(tmp_path: Path, opener: Callable[[Path], Ledger]) -> Iterator[Desk]:
    made = Desk(tmp_path, opener=opener)
    yield made
    made.ledger.close()


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


def test_a_repeat_that_was_lost_as_well_is_tried_again_as_often_as_there_are_pauses(desk: Desk) -> None:
    mailing = desk.mailing(3)
    gateway = ScriptedGateway(LOST, LOST, LOST, each(Status.ACCEPTED))
    result = desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert result.states == Counter({Status.ACCEPTED: 3})
    assert len({batch.reference for batch in gateway.submitted}) == 1
    assert len(gateway.submitted) == 4


def test_another_account_is_never_handed_the_batch(desk: Desk) -> None:
    """It refuses repeats too, and has not seen these references."""
    mailing, gateway = desk.mailing(3), ScriptedGateway(LOST, each(Status.ACCEPTED))
    desk.account = "intelecom 4711"
    desk.send(mailing, gateway)
    desk.account = "intelecom 4712"
    desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert len(gateway.submitted) == 1
    desk.account = "intelecom 4711"
    desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert desk.states(mailing) == {"accepted": 3}


def test_what_a_person_has_cancelled_is_never_submitted_again(desk: Desk) -> None:
    mailing, gateway = desk.mailing(3), ScriptedGateway(LOST, each(Status.ACCEPTED))
    desk.send(mailing, gateway)
    cancel(desk.ledger, mailing, None, moment(), ACTOR, "wrong date")
    assert not may_be_repeated(desk.ledger, mailing, "", moment())
    desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert len(gateway.submitted) == 1
    assert desk.states(mailing) == {"unknown": 3}


def test_a_batch_with_somebody_who_is_on_the_block_list_by_now_is_never_submitted_again(desk: Desk) -> None:
    """Nobody knows whether the first time was taken: who has said STOP since might get the text only now."""
    mailing, gateway = desk.mailing(3), ScriptedGateway(LOST, each(Status.ACCEPTED))
    desk.send(mailing, gateway)
    number = gateway.submitted[0].numbers[1]
    with desk.ledger.transaction():
        blocklist.add(desk.ledger, [number], moment(), ACTOR, blocklist.BY_STOP, ("elsewhere",))
    elsewhere = ScriptedGateway(LOST)
    desk.send(mailing, elsewhere, proved_at=LONG_AGO)
    assert elsewhere.submitted, "another municipality's list says nothing of this mailing"
    with desk.ledger.transaction():
        blocklist.add(desk.ledger, [number], moment(), ACTOR, blocklist.BY_STOP)
    desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert len(gateway.submitted) == 1
    assert desk.states(mailing) == {"unknown": 3}


def hours_from_now(hours: int) -> Callable[[], Moment]:
    return lambda: moment(time.time() + 3600 * hours)


def test_what_the_gateway_may_have_forgotten_is_never_submitted_again(desk: Desk) -> None:
    mailing, gateway = desk.mailing(3), ScriptedGateway(LOST, each(Status.ACCEPTED))
    desk.send(mailing, gateway)
    desk.now = hours_from_now(1)
    desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert len(gateway.submitted) == 1


def test_of_a_time_that_has_not_come_nobody_can_tell_how_long_ago_it_was(desk: Desk) -> None:
    mailing, gateway = desk.mailing(3), ScriptedGateway(LOST, each(Status.ACCEPTED))
    desk.now = hours_from_now(3)
    desk.send(mailing, gateway)
    desk.now = moment
    fitness.accept_clock(desk.ledger, moment(), ACTOR, "it was three hours ahead")
    desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert len(gateway.submitted) == 1
    assert desk.states(mailing) == {"unknown": 3}


def up_for(minutes: float, *, boot: str = "this one", wall_minutes: float = 0) -> Callable[[], Moment]:
    """A clock on the machine that is up so long; what it shows is another matter."""
    return lambda: moment(time.time() + 60 * wall_minutes)._replace(up=Uptime(boot=boot, s=60 * minutes))


@pytest.mark.parametrize(
    ("later", "repeated"),
    [
        (up_for(110), True),
        (up_for(151), False),
        (up_for(201, wall_minutes=5), False),
        (up_for(151, wall_minutes=5), False),  # a clock that was ahead at the send, and is right now
        (up_for(110, boot="another"), False),
        (up_for(99), False),  # put back to life from a picture of the machine
        (up_for(110, wall_minutes=51), False),  # a virtual machine that was halted meanwhile
        (lambda: moment()._replace(up=None), False),
    ],
    ids=[
        "young",
        "old",
        "twice as long",
        "old by uptime only",
        "another boot",
        "earlier",
        "halted",
        "nothing known",
    ],
)
def test_a_repeat_trusts_only_the_clock_that_nobody_sets(
    later: Callable[[], Moment], *, repeated: bool, desk: Desk
) -> None:
    mailing, gateway = desk.mailing(3), ScriptedGateway(LOST, each(Status.ACCEPTED))
    desk.now = up_for(100)
    desk.send(mailing, gateway)
    desk.now = later
    assert may_be_repeated(desk.ledger, mailing, "", later()) is repeated
    desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert desk.states(mailing) == ({"accepted": 3} if repeated else {"unknown": 3})


def test_a_batch_whose_claim_nothing_is_known_of_is_never_submitted_again(desk: Desk) -> None:
    mailing, gateway = desk.mailing(3), ScriptedGateway(LOST, each(Status.ACCEPTED))
    desk.now = lambda: moment()._replace(up=None)
    desk.send(mailing, gateway)
    desk.now = moment
    desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert desk.states(mailing) == {"unknown": 3}


def test_a_proof_holds_for_later_batches_whatever_the_dates_say(desk: Desk) -> None:
    mailing, gateway = desk.mailing(3), ScriptedGateway(LOST, each(Status.ACCEPTED))
    desk.send(mailing, gateway)
    with desk.ledger.transaction():
        reconciling.prove(desk.ledger, "", moment(0))
    desk.send(mailing, gateway, proved_at=reconciling.proved_at(desk.ledger, ""))
    assert len(gateway.submitted) == 1
    later, gateway = desk.mailing(2), ScriptedGateway(LOST, each(Status.ACCEPTED))
    desk.send(later, gateway, proved_at=reconciling.proved_at(desk.ledger, ""))
    assert desk.states(later) == {"accepted": 2}


# The gateway's own list


class ListingGateway(ScriptedGateway):
    """One that also tells how much of a batch it still holds."""

    def __init__(self, *script: Script, listed: Listed | None) -> None:
        super().__init__(*script)
        self.traits = self.traits._replace(cancelling=True)
        self._listed = listed

    def cancel(self, batch_reference: str) -> CancelResult:
        raise NotImplementedError

    def listed(self, batch_reference: str) -> Listed | None:
        return self._listed


@pytest.mark.parametrize(
    ("listed", "state"),
    [
        (Listed(left=3), Status.ACCEPTED),
        (Listed(left=3, on_hold=1), Status.ACCEPTED),
        (Listed(left=3, on_hold=3), Status.HELD),
        (Listed(left=2), Status.UNKNOWN),
        (Listed(left=4), Status.UNKNOWN),
        (None, Status.UNKNOWN),
    ],
)
def test_only_a_list_that_holds_every_message_settles_them(
    listed: Listed | None, state: Status, desk: Desk
) -> None:
    mailing = desk.mailing(3)
    gateway = ListingGateway(LOST, listed=listed)
    result = desk.send(mailing, gateway)
    assert (result.states, desk.states(mailing)) == ({state: 3}, {state: 3})
    assert len(gateway.submitted) == 1


@pytest.mark.parametrize(("hours", "state"), [(1, Status.ACCEPTED), (-1, Status.HELD)])
def test_what_left_at_once_after_its_time_waits_for_a_person(hours: int, state: Status, desk: Desk) -> None:
    """What is held until its time is on hold too."""
    mailing = desk.mailing(3, send_at=datetime.now(UTC) + timedelta(hours=hours))
    desk.send(mailing, ListingGateway(LOST, listed=Listed(left=3, on_hold=3)))
    assert desk.states(mailing) == {state: 3}


def test_the_list_is_asked_however_long_ago_the_batch_was_submitted(desk: Desk) -> None:
    mailing = desk.mailing(3)
    desk.send(mailing, ListingGateway(LOST, listed=None))
    desk.now = hours_from_now(24)
    later = ListingGateway(LOST, listed=Listed(left=3))
    desk.send(mailing, later, proved_at=LONG_AGO)
    assert desk.states(mailing) == {"accepted": 3}
    assert not later.submitted


def test_a_list_that_holds_some_is_told_of(desk: Desk) -> None:
    mailing = desk.mailing(3)
    result = desk.send(mailing, ListingGateway(LOST, listed=Listed(left=2)))
    (remark,) = result.remarks
    assert f"holds 2 of the 3 messages of batch {mailing.reference}-b1" in str(remark)


def test_what_a_list_holds_in_part_is_asked_for_by_a_repeat_where_those_are_refused(desk: Desk) -> None:
    mailing = desk.mailing(2)
    gateway = ListingGateway(LOST, each(Status.ACCEPTED, Status.REJECTED), listed=Listed(left=1))
    result = desk.send(mailing, gateway, proved_at=LONG_AGO)
    assert desk.in_order(mailing) == ["accepted", "unknown"]
    assert result.remarks == []


def test_a_list_that_cannot_be_asked_shows_nothing(desk: Desk) -> None:
    asked: list[str] = []

    class Silent(ListingGateway):
        def listed(self, batch_reference: str) -> Listed | None:
            asked.append(batch_reference)
            raise StoppedError(say("no clear answer"))

    mailing = desk.mailing(10)
    desk.send(mailing, Silent(LOST, listed=None))
    assert desk.states(mailing) == {"unknown": 10}
    assert len(asked) == 1, "each one more would wait as long"


def test_somebody_who_stops_the_run_does_not_wait_for_the_next_try(desk: Desk) -> None:
    mailing, stop_signal = desk.mailing(2), StopSignal()

    def lost_and_stopped(batch: Batch) -> Answer:
        stop_signal.ask(StopReason.TERMINATED)
        return LOST(batch)

    gateway = ScriptedGateway(lost_and_stopped)
    endless = PACE._replace(reconcile_pauses_s=(1e6,))
    result = desk.send(mailing, gateway, pace=endless, stop_signal=stop_signal, proved_at=LONG_AGO)
    assert (result.stop, result.states) == (StopReason.TERMINATED, {Status.UNKNOWN: 2})
    assert len(gateway.submitted) == 1
