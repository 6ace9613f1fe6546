"""Incoming SMS on a screen, and for the help desk's file."""

from collections.abc import Callable, Mapping, Sequence

from smsctl.cli.render import figures
from smsctl.cli.render.blocks import GAP, Block, Column, Fact, Facts, Line, Table, Text
from smsctl.cli.render.phrases import quoted
from smsctl.domain.spelling import is_e164
from smsctl.errors import say
from smsctl.ledger.inbox import InboxRow, Kind

_BEGINNING = 60


def data(row: InboxRow, sender: str, name: str | None) -> dict[str, object]:
    """Return one SMS; `sender` as it may be shown."""
    return {
        "id": row.id,
        "at": row.at,
        "kind": row.kind,
        "gateway": row.message.gateway,
        "sender": sender,
        "name": name,
        "receiver": row.message.receiver,
        "text": row.message.text,
        "vendor_id": row.message.vendor_id,
    }


def listed(
    rows: Sequence[InboxRow], total: int, names: Mapping[str, str], shown: Callable[[str], str], zone: str
) -> list[Block]:
    """Return the list, of so many in all: when, from whom, and how the text begins."""
    if not rows:
        return [Line(say("Nothing has come in."))]
    columns = [Column(say("ID"), right=True), Column(say("When")), Column(say("From")), Column(say("Text"))]
    table: list[list[Text]] = []
    for row in rows:
        sender = row.message.sender
        text = " ".join(row.message.text.split())
        beginning = text if len(text) <= _BEGINNING else f"{text[:_BEGINNING]}…"
        table.append(
            [
                str(row.id),
                figures.local(row.at, zone),
                names.get(sender) or shown(sender),
                say("STOP: {text}", text=beginning) if row.kind is Kind.STOP else beginning,
            ]
        )
    blocks: list[Block] = [Table(columns, table)]
    if total > len(rows):
        blocks.append(Line(say("And {n} more; all with: --export FILE", n=total - len(rows))))
    return blocks


def one(row: InboxRow, name: str | None, sender: str, zone: str) -> list[Block]:
    """Return one SMS in full."""
    facts = [
        Fact(say("From"), [f"{name}, {sender}" if name else sender]),
        Fact(say("To"), [row.message.receiver]),
        Fact(say("Received"), [figures.local(row.at, zone)]),
    ]
    if row.kind is Kind.STOP:
        facts.append(Fact(say("Kind"), [_BLOCKED if is_e164(row.message.sender) else _NOT_BLOCKED]))
    elif row.kind is Kind.OTHER:
        facts.append(Fact(say("Kind"), [say("for another endpoint code")]))
    return [Facts(facts), GAP, *quoted(row.message.text)]


_BLOCKED = say("asks to stop: the number was put on the block list")
_NOT_BLOCKED = say("asks to stop, but the sender is no number: find out who it is, then: smsctl block add")
