"""Mailings on a screen: the list, and the story of one."""

from collections.abc import Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Column, Table, Text, TextLine
from smsctl.cli.output.phrases import rehearsal
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.errors import say


def data(mailing: Mailing, tally: MailingTotals) -> dict[str, object]:
    """Return one mailing for the envelope."""
    return {
        "mailing": mailing.id,
        "kind": mailing.kind,
        "municipality": mailing.municipality.key,
        "municipality_name": mailing.municipality.name,
        "gateway": mailing.gateway,
        "audience": mailing.audience,
        "created_at": mailing.created_at,
        "created_by": mailing.created_by,
        "messages": mailing.messages,
        "states": {str(state): n for state, n in tally.states.items()},
        "parts": tally.parts,
        "cost_ore": tally.cost_ore,
    }


def listed(rows: Sequence[tuple[Mailing, MailingTotals]], zone: str, *, simulated: bool) -> list[Block]:
    """Return the list of mailings."""
    blocks = rehearsal(simulated=simulated)
    if not rows:
        return [*blocks, TextLine(say("Nothing has been sent yet."))]
    columns = [
        Column(say("ID"), right=True),
        Column(say("When")),
        Column(say("Municipality")),
        Column(say("To")),
        Column(say("Messages"), right=True),
        Column(say("Parts"), right=True),
        Column(say("State")),
    ]
    table: list[list[Text]] = [
        [
            str(mailing.id),
            figures.local(mailing.created_at, zone),
            mailing.municipality.name,
            figures.audience(mailing.audience),
            figures.count(mailing.messages),
            figures.count(tally.parts),
            figures.counted(tally.states) or "",
        ]
        for mailing, tally in rows
    ]
    return [*blocks, Table(columns, table)]
