"""Each guard of the never-twice promise, taken away: with it gone, the proof that needs it must fail."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pkgutil import resolve_name

from smsctl.actions import begin, send, workers
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Answer, Batch, Status, SubmitVerdict, same_for_all
from smsctl.domain.moment import Actor, Moment
from smsctl.gateways.outcome import HttpReply, NotSent
from smsctl.ledger import batch_rows, batches, counts, mailings, openings, packages
from smsctl.ledger.batches import Claim, ClaimRequest, Waiting
from smsctl.ledger.mailings import Addressee, NewMailing
from smsctl.ledger.sqlite import engine
from smsctl.ledger.store import Ledger


class Weakness(StrEnum):
    RECOVERED_AS_PENDING = "recovered-as-pending"  # what a dead process left on the wire is sent again
    RECOVERED_AS_ACCEPTED = "recovered-as-accepted"  # what a dead process left on the wire counts as sent
    REST_IS_FORGOTTEN = "rest-is-forgotten"  # what a dead process had not begun is never sent
    UNKNOWN_IS_FREE = "unknown-is-free"  # what a dead process left on the wire costs nothing
    SENT_BEFORE_THE_MARK = "sent-before-the-mark"  # a batch is submitted, then its mark is committed
    NO_FSYNC = "no-fsync"  # commits are left to the operating system
    NOTHING_EVER_LEFT = "nothing-ever-left"  # the phase marker says so whatever happened
    ANY_ERROR_IS_A_REFUSAL = "any-error-is-a-refusal"  # an HTTP error counts as not accepted
    LATE_ANSWERS_OVERRULE = "late-answers-overrule"  # an answer is stored whatever has happened meanwhile
    OLD_COPIES_ARE_TRUSTED = "old-copies-are-trusted"  # a ledger that was put back is sent from
    ANY_CLOCK_IS_RIGHT = "any-clock-is-right"  # also one that goes backwards
    NO_LOCK = "no-lock"  # nobody holds the right to send a mailing
    REPEATS_ARE_PROVED = "repeats-are-proved"  # without a trial: wrong, unless the gateway refuses them
    SMALL_COMMITS = "small-commits"  # a mailing of 20 is opened in pieces; no harm in itself
    BEFORE_ITS_ROWS = "before-its-rows"  # a mailing is there when the first of its rows are
    LEFT_OPENINGS_STAY = "left-openings-stay"  # nobody removes what an opening that was broken off has left
    CANCELLED_FOR_NOW = "cancelled-for-now"  # a cancelled mailing may be gone on with
    NOBODY_IS_ASKED = "nobody-is-asked"  # neither a command nor a claim looks for a second person's yes
    IMPATIENT = "impatient"  # no pause before what is unknown is submitted again; wrong only in haste


def weaken(names: Iterable[str]) -> None:
    """Take guards away for the rest of this process."""
    for name in names:
        for place, weaker in _PLACES[Weakness(name)]().items():
            _put(place, weaker)


@contextmanager
def weakened(weakness: Weakness) -> Iterator[None]:
    """Take a guard away for a while."""
    with ExitStack() as back:
        for place, weaker in _PLACES[weakness]().items():
            back.callback(_put, place, _put(place, weaker))
        yield


def _put(place: str, value: object) -> object:
    owner, _, name = place.rpartition(".")
    found = resolve_name(owner)
    before: object = vars(found)[name]
    setattr(found, name, value)
    return before


def _recovered_as_pending() -> Mapping[str, object]:
    def pending(batch: Batch, status: Status, verdict: SubmitVerdict, text: str) -> Answer:
        return same_for_all(batch, Status.PENDING, SubmitVerdict.STALE, text)

    return {"smsctl.ledger.recovery.same_for_all": pending}


def _recovered_as_accepted() -> Mapping[str, object]:
    def accepted(batch: Batch, status: Status, verdict: SubmitVerdict, text: str) -> Answer:
        return same_for_all(batch, Status.ACCEPTED, SubmitVerdict.ANSWERED, text)

    return {"smsctl.ledger.recovery.same_for_all": accepted}


def _rest_is_forgotten() -> Mapping[str, object]:
    pending: Callable[[Ledger, ClaimRequest, int, int], Waiting] = vars(batches)["_pending"]
    withdraw: Callable[..., None] = vars(batches)["_withdraw"]

    def nothing(ledger: Ledger, want: ClaimRequest, after: int, most: int) -> Waiting:
        waiting = pending(ledger, want, after, most)
        if waiting.messages and not after and batch_rows.of_mailing(ledger, want.mailing.id):
            withdraw(ledger, want.mailing, waiting.messages, "already-sent")
            return Waiting(messages=(), numbers=())
        return waiting

    return {"smsctl.ledger.batches._pending": nothing}


def _unknown_is_free() -> Mapping[str, object]:
    book: Callable[..., None] = vars(packages)["book_change"]

    def booked(*given: object) -> None:
        after = given[4]
        assert isinstance(after, dict)
        if Status.UNKNOWN not in after:
            book(*given)

    return {"smsctl.ledger.packages.book_change": booked}


def _repeats_are_proved() -> Mapping[str, object]:
    return {"smsctl.actions.trust.proved_at": lambda *given: "2000-01-01T00:00:00.000Z"}


def _impatient() -> Mapping[str, object]:
    return {"smsctl.actions.stop_signal.StopSignal.asked_within": lambda *given: None}


def _small_commits() -> Mapping[str, object]:
    places = ("actions.begin", "ledger.everyone", "ledger.store")
    small = {f"smsctl.{place}.ROWS_IN_A_COMMIT": 5 for place in places}
    return {**small, "smsctl.ledger.store.MORE_ON_SLOW_DISKS": 1}


def _before_its_rows() -> Mapping[str, object]:
    def begun(
        new: NewMailing,
        ready: Iterable[Addressee],
        _skipped: object,
        ledger: Ledger,
        moment: Moment,
        actor: Actor,
        _tell: object,
    ) -> Mailing:
        people = list(ready)
        with ledger.transaction():
            mailing = begin.write(new._replace(rows=5), people[:5], [], ledger, moment, actor)
        with ledger.transaction():
            opening = openings.Opening(
                mailing=mailing.id, reference=mailing.reference, first_message=mailing.first_message
            )
            openings.write_messages(ledger, opening, openings.in_columns(people[5:]), 5)
            ledger.write("UPDATE mailings SET messages = ?, rows_total = ?", len(people), len(people))
            pending = {Status.PENDING: counts.Sum(messages=len(people) - 5, parts=len(people) - 5)}
            counts.move(ledger, mailing, mailing.created_day, {}, pending)
        return mailings.get(ledger, mailing.id)

    return {"smsctl.cli.mailings.departing.begin": begun}


def _left_openings_stay() -> Mapping[str, object]:
    return {"smsctl.ledger.openings.clear": lambda ledger: iter(())}


def _sent_before_the_mark() -> Mapping[str, object]:
    mark: Callable[..., list[Claim]] = vars(send)["_claim"]
    crews: list[workers.Workers] = []

    class Hasty(workers.Workers):
        def __init__(self, gateway: Gateway, size: int, halted: Callable[[], bool], messages: int) -> None:
            super().__init__(gateway, size, halted, messages=messages)
            crews.append(self)

        def submit(self, claim: Claim) -> None:
            if claim.id not in self.open:
                super().submit(claim)

    def claim(*given: object) -> list[Claim]:
        claimed = mark(*given)
        for one in claimed:
            crews[-1].submit(one)
            until = time.monotonic() + 1
            while not vars(crews[-1])["_back"].qsize() and time.monotonic() < until:
                time.sleep(0.01)
        return claimed

    return {"smsctl.actions.send.Workers": Hasty, "smsctl.actions.send._claim": claim}


def _no_fsync() -> Mapping[str, object]:
    return {"smsctl.ledger.sqlite.engine._IN_FORCE": vars(engine)["_IN_FORCE"] | {"synchronous": 0}}


def _nothing_ever_left() -> Mapping[str, object]:
    def failure(exchange: object, error: Exception) -> NotSent:
        return NotSent(type(error).__name__)

    return {"smsctl.gateways.wire:_Exchange.failure": failure}


def _any_error_is_a_refusal() -> Mapping[str, object]:
    def refusal(batch: Batch, reply: HttpReply, words: str) -> Answer:
        return same_for_all(batch, Status.PENDING, SubmitVerdict.REFUSED, words)

    return {"smsctl.gateways.intelecom.status_verdict": refusal}


def _late_answers_overrule() -> Mapping[str, object]:
    def all_of_them(*given: object) -> object:
        return given[-1]

    return {"smsctl.ledger.late_answers.told_still": all_of_them}


def _old_copies_are_trusted() -> Mapping[str, object]:
    return {"smsctl.ledger.restoring._judge": lambda *given: None}


def _any_clock_is_right() -> Mapping[str, object]:
    return {"smsctl.ledger.fitness._is_behind": lambda *given: False}


def _no_lock() -> Mapping[str, object]:
    @contextmanager
    def free(*given: object) -> Iterator[bool]:
        yield True

    return {"smsctl.ledger.lock._lock": free}


def _cancelled_for_now() -> Mapping[str, object]:
    get: Callable[[Ledger, int], Mailing] = vars(mailings)["get"]

    def uncancelled(ledger: Ledger, mailing: int) -> Mailing:
        return get(ledger, mailing)._replace(cancelled_at=None)

    return {
        "smsctl.ledger.mailings.get": uncancelled,
        "smsctl.ledger.cancelling.is_cancelled": lambda *given: False,
        "smsctl.ledger.cancelling.must_not_be_cancelled": lambda *given, **named: None,
    }


def _nobody_is_asked() -> Mapping[str, object]:
    return {
        "smsctl.ledger.approvals.must_be_given": lambda *given: None,
        "smsctl.actions.may_send._approval": lambda *given: (),
    }


_PLACES: Mapping[Weakness, Callable[[], Mapping[str, object]]] = {
    Weakness.RECOVERED_AS_PENDING: _recovered_as_pending,
    Weakness.RECOVERED_AS_ACCEPTED: _recovered_as_accepted,
    Weakness.REST_IS_FORGOTTEN: _rest_is_forgotten,
    Weakness.UNKNOWN_IS_FREE: _unknown_is_free,
    Weakness.SENT_BEFORE_THE_MARK: _sent_before_the_mark,
    Weakness.NO_FSYNC: _no_fsync,
    Weakness.NOTHING_EVER_LEFT: _nothing_ever_left,
    Weakness.ANY_ERROR_IS_A_REFUSAL: _any_error_is_a_refusal,
    Weakness.LATE_ANSWERS_OVERRULE: _late_answers_overrule,
    Weakness.OLD_COPIES_ARE_TRUSTED: _old_copies_are_trusted,
    Weakness.ANY_CLOCK_IS_RIGHT: _any_clock_is_right,
    Weakness.NO_LOCK: _no_lock,
    Weakness.REPEATS_ARE_PROVED: _repeats_are_proved,
    Weakness.SMALL_COMMITS: _small_commits,
    Weakness.BEFORE_ITS_ROWS: _before_its_rows,
    Weakness.LEFT_OPENINGS_STAY: _left_openings_stay,
    Weakness.IMPATIENT: _impatient,
    Weakness.CANCELLED_FOR_NOW: _cancelled_for_now,
    Weakness.NOBODY_IS_ASKED: _nobody_is_asked,
}
