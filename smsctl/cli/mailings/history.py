"""What was done to a mailing after it was begun, by whom and why; and what became of its batches."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from smsctl.cli.output import audited, figures
from smsctl.cli.output.blocks import GAP, Block, Text, TextLine, Tone
from smsctl.cli.output.fields import Field, facts_of, table_of
from smsctl.domain.message import Status, SubmitVerdict
from smsctl.errors import say
from smsctl.ledger.audit import AuditRow
from smsctl.ledger.batch_rows import BatchRow

T = TypeVar("T")

States = Mapping[int, Mapping[Status, int]]
_LONGEST_RUN = 3  # of batches that say the same; more are told in one line
_GAVE_BACK = frozenset(
    {SubmitVerdict.NOT_REACHED, SubmitVerdict.BUSY, SubmitVerdict.REFUSED, SubmitVerdict.STALE}
)


def data(rows: Sequence[AuditRow]) -> list[dict[str, object]]:
    """Return what was done, for the envelope."""
    return [facts_of(row, "at", "user", "host", "action", "detail", "reason") for row in rows]


def blocks(rows: Sequence[AuditRow], zone: str) -> list[Block]:
    """Return what was done, in its order; what one person did several times on end, in one line."""
    if not rows:
        return []
    runs = list(_runs(rows, lambda one: one._replace(id=0, at=""), longest=1))
    return [GAP, TextLine(say("Afterwards:"), Tone.STRONG), table_of(_run_fields(zone), runs)]


def _runs(rows: Iterable[T], said: Callable[[T], object], *, longest: int) -> Iterator[list[T]]:
    """Yield the rows in runs that say the same; a run that is no longer than that, row by row."""
    for _, group in groupby(rows, said):
        run = list(group)
        yield from [run] if len(run) > longest else ([one] for one in run)


def _run_fields(zone: str) -> list[Field[list[AuditRow]]]:
    def when(run: list[AuditRow]) -> Text:
        first, last = (figures.local(one.at, zone) for one in (run[0], run[-1]))
        return first if first == last else say("{first} to {last}", first=first, last=last)

    def what(run: list[AuditRow]) -> Text:
        told = audited.action(run[0].action)
        return told if len(run) == 1 else say("{action}, {n} times", action=told, n=len(run))

    return [
        Field("", when, say("When")),
        Field("", lambda run: audited.actor(run[0].user), say("Who")),
        Field("", what, say("What")),
        Field("", lambda run: audited.detail(run[0].detail), ""),
        Field("", lambda run: audited.reason(run[0].reason), say("Why")),
    ]


def batches_data(rows: Sequence[BatchRow], states: States) -> list[dict[str, object]]:
    """Return the batches for the envelope."""
    return [
        {
            **facts_of(one, "reference", "messages", "claimed_at", "settled_at", "verdict"),
            "answer": one.answer and str(one.answer),
            "states": {str(state): n for state, n in states.get(one.id, {}).items()},
        }
        for one in rows
    ]


def batches(rows: Sequence[BatchRow], states: States, zone: str) -> list[Block]:
    """Return the batches with their times, and what has become of their messages since.

    Many on end to which the same happened stand in one line.
    """
    if not rows:
        return []

    def said(batch: BatchRow) -> object:
        return batch.verdict, batch.settled_at is None, frozenset(states.get(batch.id, {}))

    runs = list(_runs(rows, said, longest=_LONGEST_RUN))
    return [GAP, table_of(_batches_fields(states, zone), runs)]


def _batches_fields(states: States, zone: str) -> list[Field[list[BatchRow]]]:
    def which(run: list[BatchRow]) -> Text:
        first, last = run[0].reference, run[-1].reference.rpartition("-")[2]
        return first if len(run) == 1 else say("{first} to {last}", first=first, last=last)

    def now(run: list[BatchRow]) -> Text:
        every: Counter[Status] = Counter()
        for one in run:
            every.update(states.get(one.id, {}))
        # Where none belong to it any more, each is pending, or in a later one.
        said = run[0].verdict
        given_back = figures.verdict(said) if said in _GAVE_BACK else say("given back")
        return figures.counted(every) or given_back

    def at(moment: str | None) -> Text:
        return figures.local(moment, zone) if moment else say("on its way")

    return [
        Field("", which, say("Batch")),
        Field("", lambda run: sum(one.messages for one in run), say("Messages"), figures.count, right=True),
        Field("", lambda run: run[0].claimed_at, say("Handed over"), at),
        Field("", lambda run: run[-1].settled_at, say("Answered"), at),
        Field("", now, say("Now")),
    ]
