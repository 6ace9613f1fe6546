"""What was done to a mailing after it was begun, by whom and why; and what became of its batches."""

from collections.abc import Mapping, Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Block, Text, TextLine
from smsctl.cli.output.fields import Field, data_of, table_of
from smsctl.domain.message import Status, SubmitVerdict
from smsctl.errors import say
from smsctl.ledger.audit import AuditRow
from smsctl.ledger.batch_rows import BatchRow

States = Mapping[int, Mapping[Status, int]]
_GAVE_BACK = frozenset(
    {SubmitVerdict.NOT_REACHED, SubmitVerdict.BUSY, SubmitVerdict.REFUSED, SubmitVerdict.STALE}
)
_ACTIONS = {
    "resume": say("resumed"),
    "resolve": say("settled"),
    "cancel": say("cancelled"),
    "stop": say("stopped at the gateway"),
    "accept-restore": say("old copy of the ledger accepted"),
    "hold": say("kept from purges"),
    "ask": say("waits for approval"),
    "at-once": say("left before approval"),
    "approve": say("approved"),
    "release": say("no longer kept from purges"),
}


def data(rows: Sequence[AuditRow]) -> list[dict[str, object]]:
    """Return what was done, for the envelope."""
    return [data_of(_fields(), row) for row in rows]


def blocks(rows: Sequence[AuditRow], zone: str) -> list[Block]:
    """Return what was done, in its order."""
    return [GAP, TextLine(say("Afterwards:")), table_of(_fields(zone), rows)] if rows else []


def _fields(zone: str = "") -> list[Field[AuditRow]]:
    return [
        Field("at", lambda one: one.at, say("When"), lambda at: figures.local(at, zone)),
        Field("user", lambda one: one.user, say("Who")),
        Field("host", lambda one: one.host),
        Field("action", lambda one: one.action, say("What"), lambda action: _ACTIONS.get(action, action)),
        Field("detail", lambda one: one.detail, ""),
        Field("reason", lambda one: one.reason, say("Why")),
    ]


def batches_data(rows: Sequence[BatchRow], states: States) -> list[dict[str, object]]:
    """Return the batches for the envelope."""
    return [data_of(_batch_fields(states), one) for one in rows]


def batches(rows: Sequence[BatchRow], states: States, zone: str) -> list[Block]:
    """Return the batches with their times, and what has become of their messages since."""
    return [GAP, table_of(_batch_fields(states, zone), rows)] if rows else []


def _batch_fields(states: States, zone: str = "") -> list[Field[BatchRow]]:
    def now(one: BatchRow) -> Text:
        return figures.counted(states.get(one.id, {})) or _without_messages(one)

    def at(moment: str | None) -> Text:
        return figures.local(moment, zone) if moment else say("on its way")

    return [
        Field("reference", lambda one: one.reference, say("Batch")),
        Field("messages", lambda one: one.messages, say("Messages"), figures.count, right=True),
        Field("claimed_at", lambda one: one.claimed_at, say("Handed over"), at),
        Field("settled_at", lambda one: one.settled_at, say("Answered"), at),
        Field("verdict", lambda one: one.verdict),
        Field("answer", lambda one: one.answer and str(one.answer)),
        Field("states", lambda one: {str(state): n for state, n in states.get(one.id, {}).items()}),
        Field("", now, say("Now")),
    ]


def _without_messages(batch: BatchRow) -> Text:
    """Say why none of the messages belong to the batch any more; each is pending, or in a later one."""
    return figures.verdict(batch.verdict) if batch.verdict in _GAVE_BACK else say("given back")
