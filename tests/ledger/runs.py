"""A mailing sent by the real loop through a gateway in this process, and what must be true of it then."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from smsctl.actions.begin import begin
from smsctl.actions.run_progress import SendPace
from smsctl.actions.send import Result, SendRun, send
from smsctl.actions.stop_signal import StopSignal
from smsctl.domain.audience import AudienceRule
from smsctl.domain.gateway import IsLate, Traits
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Answer, Batch, Letter, Status, SubmitVerdict, same_for_all
from smsctl.domain.moment import Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.text import MessageText, PartProfile, measure
from smsctl.errors import Sentence, say
from smsctl.host.clock import uptime
from smsctl.ledger import checking, municipalities
from smsctl.ledger.mailings import NewMailing
from smsctl.ledger.store import Ledger

from .conftest import ACTOR, TOWN

if TYPE_CHECKING:
    import psycopg

PROFILE = PartProfile("intelecom")
TAKEN = frozenset({"accepted", "delivered", "expired", "failed"})
NOT_TAKEN = frozenset({"pending", "rejected", "cancelled"})


class Taker:
    """A gateway that takes everything and remembers what it took."""

    def __init__(self, before: Callable[[], None] | None = None) -> None:
        self.taken: Counter[str] = Counter()
        self._before = before

    @property
    def traits(self) -> Traits:
        return Traits(name="intelecom", title="Taker", parts=PROFILE, max_parts=6, max_batch=100)

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        if self._before:
            self._before()
        self.taken.update(message.reference for message in batch.messages)
        return same_for_all(batch, Status.ACCEPTED, SubmitVerdict.ANSWERED, "")

    def probe(self) -> Sentence:
        return say("Here.")

    def check(self, letter: Letter) -> list[Sentence]:
        return []


def now() -> Moment:
    at = datetime.now(UTC)
    written = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Moment(at=written, day=at.date().isoformat(), up=uptime())


def end_session(admin: "psycopg.Connection[Any]", ledger: Ledger) -> None:
    """End the session of this ledger alone, as a broken line does; from any thread, for it is not asked."""
    session = vars(ledger.engine)["_session"]
    admin.execute("SELECT pg_terminate_backend(%s, 5000)", (session.info.backend_pid,))


def new_mailing(
    ledger: Ledger,
    messages: int,
    *,
    body: str = "Hej",
    moment: Moment | None = None,
    town: Municipality = TOWN,
) -> Mailing:
    """Begin a mailing to as many people, for a municipality that is active."""
    moment = moment or now()
    with ledger.transaction():
        municipalities.activate(ledger, town, moment, ACTOR)
    text = MessageText.read(body)
    new = NewMailing(
        kind="send",
        municipality=town,
        gateway="intelecom",
        letter=Letter(text=text),
        size=measure(text.body, PROFILE),
        audience=AudienceRule(),
        source=None,
        rows=messages,
        ceilings=Ceilings(),
    )
    people = [(row + 2, f"+4672{row:07}", None) for row in range(messages)]
    return begin(new, people, [], ledger, moment, ACTOR)


def a_run(ledger: Ledger, mailing: Mailing, gateway: Taker, *, batch_size: int = 2) -> SendRun:
    """A run that sends what is pending."""
    return SendRun(
        mailing=mailing,
        ledger=ledger,
        gateway=gateway,
        now=now,
        ceilings=Ceilings(),
        pace=SendPace(batch_size=batch_size, reconcile_pauses_s=(0.0,)),
        stop_signal=StopSignal(),
        proved_at=None,
        on_progress=lambda states: None,
    )


def send_all(ledger: Ledger, mailing: Mailing, gateway: Taker, *, batch_size: int = 2) -> Result:
    """Send what is pending."""
    return send(a_run(ledger, mailing, gateway, batch_size=batch_size))


def let_commits_be_small(monkeypatch: pytest.MonkeyPatch, *, rows: int) -> None:
    """Write so many rows in each commit of a long work, also where the disk is slow."""
    monkeypatch.setattr("smsctl.ledger.store.ROWS_IN_A_COMMIT", rows)
    monkeypatch.setattr("smsctl.ledger.store.MORE_ON_SLOW_DISKS", 1)


def let_all_arrive(ledger: Ledger) -> None:
    """Let the time be over in which a request may be under way from another host; a file knows none."""
    with ledger.transaction():
        ledger.write("UPDATE batches SET under_way_until = NULL")


def states(ledger: Ledger) -> dict[str, int]:
    return dict(ledger.rows("SELECT state, COUNT(*) FROM messages GROUP BY state"))


def must_be_true(ledger: Ledger, gateway: Taker) -> None:
    """I1 to I5 of never-twice.md, and everything that `ledger check` looks at."""
    assert set(gateway.taken.values()) <= {1}, "I1"
    found = {
        f"{reference}-{number}": state
        for reference, number, state in ledger.rows(
            "SELECT g.reference, m.id - g.first_message + 1, m.state"
            " FROM messages m JOIN mailings g ON g.id = m.mailing"
        )
    }
    assert sum(rows for (rows,) in ledger.rows("SELECT rows_total FROM mailings")) == len(found), "I2"
    for reference, state in found.items():
        if state in TAKEN:
            assert reference in gateway.taken, f"I3 {reference} {state}"
        if state in NOT_TAKEN:
            assert reference not in gateway.taken, f"I4 {reference} {state}"
    assert gateway.taken.keys() <= found.keys(), "I5"
    assert checking.check(ledger) == ()
