"""Mailings on a screen: the list, and the story of one."""

from collections.abc import Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, TextLine
from smsctl.cli.output.fields import Field, table_of
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
        "audience": str(mailing.audience),
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
    fields: list[Field[tuple[Mailing, MailingTotals]]] = [
        Field("", lambda one: one[0].id, say("ID"), right=True),
        Field("", lambda one: figures.local(one[0].created_at, zone), say("When")),
        Field("", lambda one: one[0].municipality.name, say("Municipality")),
        Field("", lambda one: figures.audience(one[0].audience), say("To")),
        Field("", lambda one: one[0].messages, say("Messages"), figures.count, right=True),
        Field("", lambda one: one[1].parts, say("Parts"), figures.count, right=True),
        Field("", lambda one: figures.counted(one[1].states), say("State")),
    ]
    return [*blocks, table_of(fields, rows)]
