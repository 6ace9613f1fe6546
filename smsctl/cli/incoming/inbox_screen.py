"""Incoming SMS on a screen, and for the help desk's file."""

from collections.abc import Callable, Mapping, Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, Text, TextLine, Tone
from smsctl.cli.output.fields import Field, facts_of, table_of, time_of
from smsctl.cli.output.phrases import and_more, quoted
from smsctl.domain.incoming import SmsRequest, wish_of
from smsctl.domain.spelling import is_e164
from smsctl.errors import say
from smsctl.ledger.inbox import InboxRow, IncomingKind

_BEGINNING = 60


def data(row: InboxRow, sender: str, name: str | None, endpoint: str | None) -> dict[str, object]:
    """Return one SMS; `sender` as it may be shown, `endpoint` our code."""
    return {
        **facts_of(row, "id", "at", "kind"),
        "may_mean_stop": _may_mean_stop(row, endpoint),
        "gateway": row.message.gateway,
        "sender": sender,
        "name": name,
        **facts_of(row.message, "receiver", "text", "vendor_id"),
    }


def listed(
    rows: Sequence[InboxRow],
    total: int,
    names: Mapping[str, str],
    shown: Callable[[str], str],
    zone: str,
    endpoint: str | None,
) -> list[Block]:
    """Return the list, of so many in all: when, from whom, and how the text begins."""
    if not rows:
        return [TextLine(say("Nothing has come in."))]
    fields: list[Field[InboxRow]] = [
        Field("", lambda row: row.id, say("ID"), right=True),
        time_of("", lambda row: row.at, say("When"), zone),
        Field("", lambda row: names.get(row.message.sender) or shown(row.message.sender), say("From")),
        Field("", lambda row: _marked(row, endpoint), say("Text")),
    ]
    return [table_of(fields, rows), *and_more(total, len(rows), "--export")]


def doubtful(rows: Sequence[InboxRow], endpoint: str | None) -> int:
    """Return how many may mean STOP."""
    return sum(_may_mean_stop(row, endpoint) for row in rows)


def elsewhere(doubtful: int) -> list[Block]:
    """Say that some that came without our code may mean STOP: they stand in another list."""
    if not doubtful:
        return []
    told = say("{n} that came without our code may mean STOP: smsctl inbox list --other", n=doubtful)
    return [TextLine(told, Tone.WARN)]


def _marked(row: InboxRow, endpoint: str | None) -> Text:
    text = " ".join(row.message.text.split())
    beginning = text if len(text) <= _BEGINNING else f"{text[:_BEGINNING]}…"
    if row.kind is IncomingKind.STOP:
        return say("STOP: {text}", text=beginning)
    return say("STOP? {text}", text=beginning) if _may_mean_stop(row, endpoint) else beginning


def _may_mean_stop(row: InboxRow, endpoint: str | None) -> bool:
    return row.kind is not IncomingKind.STOP and wish_of(row.message, endpoint) is not SmsRequest.NONE


def one(row: InboxRow, name: str | None, sender: str, zone: str, endpoint: str | None) -> list[Block]:
    """Return one SMS in full."""
    facts = [
        Fact(say("From"), [f"{name}, {sender}" if name else sender]),
        Fact(say("To"), [row.message.receiver]),
        Fact(say("Received"), [figures.local(row.at, zone)]),
    ]
    if row.kind is IncomingKind.STOP:
        facts.append(Fact(say("Kind"), [_BLOCKED if is_e164(row.message.sender) else _NOT_BLOCKED]))
    elif row.kind is IncomingKind.OTHER:
        facts.append(Fact(say("Kind"), [say("for another endpoint code")]))
    if _may_mean_stop(row, endpoint):
        facts.append(Fact(say("Note"), [_MAY_MEAN_STOP], Tone.WARN))
    return [FactList(facts), GAP, *quoted(row.message.text)]


_MAY_MEAN_STOP = say("may mean STOP: read it, and block the number with: smsctl block add")
_BLOCKED = say("asks to stop: the number was put on the block list")
_NOT_BLOCKED = say("asks to stop, but the sender is no number: find out who it is, then: smsctl block add")
