"""A real ledger, mailings in it, and a gateway in this process that does what a test tells it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from smsctl.actions.begin import begin
from smsctl.actions.run_progress import SendPace
from smsctl.actions.send import Result, SendRun, send
from smsctl.actions.stop_signal import StopSignal
from smsctl.domain.audience import AudienceRule
from smsctl.domain.gateway import Gateway, IsLate, Traits
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Answer, Batch, Letter, Receipt, Status, SubmitVerdict, same_for_all
from smsctl.domain.moment import Actor, Moment
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.domain.text import INTELECOM_PARTS, MessageText, measure
from smsctl.errors import Sentence
from smsctl.host.clock import uptime
from smsctl.ledger import mailings, municipalities, recovery, store
from smsctl.ledger.mailings import NewMailing

PACE = SendPace(  # pauses shorter than a commit
    batch_size=5, first_pause_s=0.001, longest_pause_s=0.001, reconcile_pauses_s=(0.001,) * 3
)
ACTOR = Actor(user="elin", host="skolserver")
Script = Callable[[Batch], Answer]


def moment(at_s: float | None = None) -> Moment:
    """Return the moment that a clock shows so many seconds after 1970, or that it shows now."""
    when = time.gmtime(at_s)
    at, day = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", when), time.strftime("%Y-%m-%d", when)
    return Moment(at=at, day=day, up=uptime())


class ScriptedGateway:
    """Answers each batch by the next line of its script, over and over by the last one."""

    def __init__(self, *script: Script, max_batch: int = 1000) -> None:
        self.traits = Traits(
            name="scripted", title="Scripted", parts=INTELECOM_PARTS, max_parts=6, max_batch=max_batch
        )
        self.submitted: list[Batch] = []
        self.late: list[IsLate] = []
        self.at: list[float] = []  # monotonic
        self._script = script
        self._lock = threading.Lock()

    @property
    def references(self) -> list[str]:
        return [one.reference for batch in self.submitted for one in batch.messages]

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        with self._lock:
            line = self._script[min(len(self.submitted), len(self._script) - 1)]
            self.submitted.append(batch)
            self.late.append(is_late)
            self.at.append(time.monotonic())
        return line(batch)

    def probe(self) -> Sentence:
        raise NotImplementedError

    def check(self, letter: Letter) -> list[Sentence]:
        return []


def each(*statuses: Status, verdict: SubmitVerdict = SubmitVerdict.ANSWERED) -> Script:
    """Give the messages of a batch these states in turn."""

    def script(batch: Batch) -> Answer:
        receipts = tuple(
            Receipt(one.reference, statuses[place % len(statuses)], f"id-{one.reference}")
            for place, one in enumerate(batch.messages)
        )
        return Answer(verdict=verdict, receipts=receipts, text="said")

    return script


def all_of_it(status: Status, verdict: SubmitVerdict, *, retry_after_s: float | None = None) -> Script:
    """Say the same of every message."""
    return lambda batch: same_for_all(batch, status, verdict, "said", retry_after_s)


accepted = each(Status.ACCEPTED)
unclear = all_of_it(Status.UNKNOWN, SubmitVerdict.UNCLEAR)
refused = all_of_it(Status.PENDING, SubmitVerdict.REFUSED)
not_reached = all_of_it(Status.PENDING, SubmitVerdict.NOT_REACHED)
stale = all_of_it(Status.PENDING, SubmitVerdict.STALE)


class Desk:
    """Where mailings are made and sent. Municipality `town` has packages of so many parts, and one open."""

    gateway_name = "intelecom"  # gives our references back in its reports
    account = ""  # at the gateway

    def __init__(
        self,
        folder: Path,
        *,
        package_size: int = 1000,
        opener: Callable[[Path], store.Ledger] = store.open_ledger,
    ) -> None:
        self.ledger = opener(folder / "ledger.db")
        self.now: Callable[[], Moment] = moment
        self.town = Municipality(
            key="town", name="Town", rate=PackageTerms(size=package_size, price_ore=4900), in_packages=True
        )
        self._mailings = 0
        with self.ledger.transaction():
            municipalities.activate(self.ledger, self.town, self.now(), ACTOR)

    def mailing(
        self,
        messages: int,
        *,
        text: str = "",
        run_key: str | None = None,
        send_at: datetime | None = None,
    ) -> Mailing:
        """Write a mailing to so many numbers; without a text it has one that no other has."""
        self._mailings += 1
        letter = Letter(text=MessageText.read(text or f"Text {self._mailings}"), send_at=send_at)
        new = NewMailing(
            kind="send",
            municipality=self.town,
            gateway=self.gateway_name,
            letter=letter,
            size=measure(letter.text.body, INTELECOM_PARTS),
            audience=AudienceRule(),
            source=None,
            rows=messages,
            ceilings=Ceilings(),
            run_key=run_key,
        )
        ready = [(row, f"+4672{row:07d}", None) for row in range(messages)]
        return begin(new, ready, [], self.ledger, self.now(), ACTOR)

    def send(
        self,
        mailing: Mailing,
        gateway: Gateway,
        *,
        pace: SendPace = PACE,
        ceilings: Ceilings | None = None,
        stop_signal: StopSignal | None = None,
        proved_at: str | None = None,
        told: Callable[[Counter[Status]], None] = lambda states: None,
    ) -> Result:
        return send(
            SendRun(
                mailing=mailing,
                ledger=self.ledger,
                gateway=gateway,
                now=self.now,
                ceilings=ceilings or Ceilings(),
                pace=pace,
                stop_signal=stop_signal or StopSignal(),
                account=self.account,
                proved_at=proved_at,
                on_progress=told,
            )
        )

    def recover(self) -> int:
        return recovery.recover(self.ledger, self.now()).total()

    def states(self, mailing: Mailing) -> dict[str, int]:
        return {str(state): n for state, n in mailings.tally(self.ledger, mailing).states.items()}

    def parts(self, mailing: Mailing) -> int:
        return mailings.tally(self.ledger, mailing).parts

    def in_order(self, mailing: Mailing) -> Sequence[str]:
        """Return the states of the messages, one after the other."""
        rows = self.ledger.rows("SELECT state FROM messages WHERE mailing = ? ORDER BY id", mailing.id)
        return [state for (state,) in rows]
