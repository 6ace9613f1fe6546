"""What was done to a mailing after it was begun, by whom and why; and what became of its batches."""

from collections.abc import Mapping, Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Block, Column, Table, Text, TextLine
from smsctl.cli.output.language import known
from smsctl.domain.message import Status, SubmitVerdict
from smsctl.errors import say
from smsctl.ledger.audit import AuditRow
from smsctl.ledger.batches import BatchRow

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
    "release": say("no longer kept from purges"),
}


def data(rows: Sequence[AuditRow]) -> list[dict[str, object]]:
    """Return what was done, for the envelope."""
    keys = ("at", "user", "host", "action", "detail", "reason")
    return [{key: getattr(row, key) for key in keys} for row in rows]


def blocks(rows: Sequence[AuditRow], zone: str) -> list[Block]:
    """Return what was done, in its order."""
    if not rows:
        return []
    columns = [Column(say("When")), Column(say("Who")), Column(say("What")), Column(""), Column(say("Why"))]
    table: list[list[Text]] = [
        [
            figures.local(row.at, zone),
            row.user,
            _ACTIONS.get(row.action, row.action),
            known(row.detail),
            row.reason or "",
        ]
        for row in rows
    ]
    return [GAP, TextLine(say("Afterwards:")), Table(columns, table)]


def batches(rows: Sequence[BatchRow], states: Mapping[int, Mapping[Status, int]], zone: str) -> list[Block]:
    """Return the batches with their times, and what has become of their messages since."""
    table: list[list[Text]] = [
        [
            one.reference,
            figures.count(one.messages),
            figures.local(one.claimed_at, zone),
            figures.local(one.settled_at, zone) if one.settled_at else say("on its way"),
            figures.counted(states.get(one.id, {})) or _without_messages(one),
        ]
        for one in rows
    ]
    if not table:
        return []
    columns = [
        Column(say("Batch")),
        Column(say("Messages"), right=True),
        Column(say("Handed over")),
        Column(say("Answered")),
        Column(say("Now")),
    ]
    return [GAP, Table(columns, table)]


def _without_messages(batch: BatchRow) -> Text:
    """Say why none of the messages belong to the batch any more; each is pending, or in a later one."""
    return figures.verdict(batch.verdict) if batch.verdict in _GAVE_BACK else say("given back")
