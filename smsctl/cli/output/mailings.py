"""Mailings on a screen: the list, and the story of one."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Fact, Text, TextLine
from smsctl.cli.output.fields import Field, facts_of, table_of
from smsctl.domain.mailing import CostShare, Label, Mailing, MailingTotals
from smsctl.domain.message import Status
from smsctl.errors import Sentence, joined, say


def data(mailing: Mailing, tally: MailingTotals) -> dict[str, object]:
    """Return one mailing for the envelope."""
    return {
        "mailing": mailing.id,
        "kind": mailing.kind,
        "municipality": mailing.municipality.key,
        "municipality_name": mailing.municipality.name,
        "gateway": mailing.gateway,
        "audience": str(mailing.audience),
        **mailing.label._asdict(),
        **facts_of(mailing, "retry_of", "created_at", "created_by", "messages"),
        "send_at": mailing.letter.held_until,
        "states": {str(state): n for state, n in tally.states.items()},
        **facts_of(tally, "parts", "cost_ore"),
    }


def label_facts(label: Label) -> list[Fact]:
    """Return what a mailing is called and the case it belongs to, as far as somebody has said."""
    told = ((say("Title"), label.title), (say("Case"), label.case))
    return [Fact(name, [value]) for name, value in told if value]


def cost_centre_facts(shares: Sequence[CostShare]) -> list[Fact]:
    """Return how many messages each cost centre is charged for, as far as any is named."""
    if not any(one.cost_centre for one in shares):
        return []
    told: list[Text] = [
        say(
            "{name}: {messages}",
            name=one.cost_centre or say("without"),
            messages=figures.messages(one.messages),
        )
        for one in shares[:_CENTRES_SHOWN]
    ]
    more = len(shares) - _CENTRES_SHOWN
    return [Fact(say("Cost centre"), [*told, *([say("and {n} more", n=more)] if more > 0 else [])])]


def cost_centre_data(shares: Sequence[CostShare]) -> list[dict[str, object]]:
    """Return the same for the envelope; the messages without a cost centre have null."""
    return [{"cost_centre": one.cost_centre or None, "messages": one.messages} for one in shares]


_CENTRES_SHOWN = 20


def subject_of(mailing: Mailing) -> Text:
    """Return what a list calls a mailing: its title, else whom it is for."""
    return mailing.label.title or figures.audience(mailing.audience)


def subject_field(mailings: Iterable[Mailing]) -> Field[tuple[Mailing, MailingTotals]]:
    """Return the column that tells these mailings apart."""
    heading = say("Title or audience") if any(one.label.title for one in mailings) else say("To")
    return Field("", lambda one: subject_of(one[0]), heading)


def listed(
    rows: Sequence[tuple[Mailing, MailingTotals]],
    remarks: Mapping[int, Sentence | None],
    zone: str,
    nothing: Sentence,
) -> list[Block]:
    """Return the list of mailings, or the sentence that there are none.

    `remarks`: what is said of some of them beside their states.
    """
    if not rows:
        return [TextLine(nothing)]

    def states(row: tuple[Mailing, MailingTotals]) -> Sentence | None:
        further, counted = remarks.get(row[0].id), figures.counted(row[1].states)
        return joined(counted, further) if counted and further else counted

    fields: list[Field[tuple[Mailing, MailingTotals]]] = [
        Field("", lambda one: one[0].id, say("ID"), right=True),
        Field("", lambda one: figures.local(one[0].created_at, zone), say("When")),
        Field("", lambda one: one[0].municipality.name, say("Municipality")),
        subject_field(mailing for mailing, _ in rows),
        Field("", lambda one: one[1].parts, say("Parts"), figures.count, right=True),
        Field("", states, say("Messages")),
    ]
    return [table_of(fields, rows)]


def register(zone: str, approvers: Mapping[int, str | None]) -> list[Field[tuple[Mailing, MailingTotals]]]:
    """Return the columns of the file for an auditor: no numbers of telephones and no names of recipients."""
    return [
        Field("", lambda one: one[0].id, say("Mailing")),
        Field("", lambda one: figures.local(one[0].created_at, zone), say("When")),
        Field("", lambda one: one[0].created_by, say("Who")),
        Field("", lambda one: approvers.get(one[0].id), say("Approved by")),
        Field("", lambda one: one[0].municipality.name, say("Municipality")),
        Field("", lambda one: one[0].label.title, say("Title")),
        Field("", lambda one: one[0].label.case, say("Case")),
        Field("", lambda one: one[0].audience, say("To"), figures.audience),
        Field("", lambda one: one[0].letter.sender, say("Sender")),
        Field("", lambda one: one[0].letter.text.body, say("Text")),
        Field("", lambda one: one[0].messages, say("Messages")),
        *(
            Field("", partial(_in_state, state), figures.state(state))
            for state in Status
            if state is not Status.SENDING
        ),
        Field("", lambda one: one[1].parts, say("Parts")),
        Field("", lambda one: one[1].cost_ore, say("Kronor"), figures.kronor),
    ]


def _in_state(state: Status, row: tuple[Mailing, MailingTotals]) -> int:
    return row[1].states.get(state, 0)
