"""One mailing on a screen: what, to whom, when, what came of it, and what to do next."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from smsctl.cli.mailings import history, waiting
from smsctl.cli.output import figures, returns, whom
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, Text, TextLine, Tone
from smsctl.cli.output.fields import Field, table_of
from smsctl.cli.output.mailings import cost_centre_data, cost_centre_facts, data, label_facts
from smsctl.cli.output.outcome import cost, next_steps, state_facts
from smsctl.cli.output.phrases import and_more, quoted, taken_twice, written
from smsctl.domain.approval import Approval, how_to_approve
from smsctl.domain.audience import OutsideRows
from smsctl.domain.mailing import CostShare, Mailing, MailingTotals
from smsctl.domain.message import Status
from smsctl.domain.recipients import told_counts
from smsctl.domain.unsettled import unsettled_of
from smsctl.errors import Sentence, say
from smsctl.ledger.audit import AuditRow
from smsctl.ledger.batch_rows import BatchRow
from smsctl.ledger.mailings import AnsweredRow
from smsctl.ledger.skipped import SkippedEntry
from smsctl.ledger.undelivered import Returns

_SKIPPED_SHOWN = 50
_ANSWERS_SHOWN = 10
ANSWERS_READ = _ANSWERS_SHOWN + 1  # one more tells that there are more


class Story(NamedTuple):
    """Everything that is told of one mailing."""

    mailing: Mailing
    tally: MailingTotals
    skipped: Mapping[str, int]
    outside: Sequence[OutsideRows]
    protected: Sequence[int]  # rows, for a screen only
    batches: Sequence[BatchRow]
    batch_states: Mapping[int, Mapping[Status, int]]  # by the batch's id
    history: Sequence[AuditRow]
    answers: Sequence[AnsweredRow]
    cancelled: Mapping[str, int]  # by the reason
    taken_twice: int  # beside the submission they are in
    in_doubt: int  # accepted, then asked to be stopped: nobody can tell whether they were
    returns: Returns | None
    approval: Approval | None  # what a second person has decided, or is asked
    retried_by: int | None  # the mailing that sends it again to those whom it did not reach
    shown: Callable[[str], str]  # how a number may be shown
    cost_shares: Sequence[CostShare] = ()


def story_data(story: Story) -> dict[str, object]:
    """Return the story for the envelope."""
    return {
        **data(story.mailing, story.tally),
        "cost_centres": cost_centre_data(story.cost_shares),
        "cancelled": dict(story.cancelled),
        "cancelled_at": story.mailing.cancelled_at,
        "half_cancelled": story.mailing.half_cancelled,
        "in_doubt": story.in_doubt,
        "taken_twice": story.taken_twice,
        "reports": returns.data(story.returns),
        "retried_by": story.retried_by,
        "approval": waiting.data(story.approval),
        "skipped": told_counts(story.skipped),
        "recipients": whom.data(
            story.mailing.rows,
            story.mailing.messages,
            story.skipped,
            story.mailing.audience_rows,
            story.outside,
        ),
        "batches": history.batches_data(story.batches, story.batch_states),
        "history": history.data(story.history),
    }


def story(story: Story, zone: str) -> list[Block]:
    """Return the story of one mailing: what, to whom, when, what came of it, and what to do next."""
    mailing, tally = story.mailing, story.tally
    head = say(
        "Mailing {id}, {when}, by {who}: {audience}, {municipality}",
        id=mailing.id,
        when=figures.local(mailing.created_at, zone),
        who=mailing.created_by,
        audience=figures.audience(mailing.audience),
        municipality=mailing.municipality.name,
    )
    blocks: list[Block] = [TextLine(head, Tone.STRONG)]
    if named := [*label_facts(mailing.label), *cost_centre_facts(story.cost_shares)]:
        blocks.append(FactList(named))
    if mailing.retry_of is not None:
        blocks.append(TextLine(say("It sends mailing {id} again.", id=mailing.retry_of)))
    if story.retried_by is not None:
        blocks.append(TextLine(say("It was sent again by mailing {id}.", id=story.retried_by)))
    blocks += waiting.blocks(story.approval, zone)
    if mailing.letter.send_at is not None:
        at = figures.local(mailing.letter.send_at.isoformat(), zone)
        blocks.append(TextLine(say("Handed over to be sent at {at}.", at=at), Tone.STRONG))
    blocks += [GAP, *_text(mailing.letter.text.body), GAP]
    blocks += [
        state_facts(tally.states),
        *returns.blocks(story.returns, beside_states=True),
        *_by_reason(say("Cancelled:"), story.cancelled),
        *_by_reason(say("No message:"), story.skipped),
        *whom.to_phone(story.protected),
        *whom.outside(story.outside),
        TextLine(cost(tally)),
    ]
    if story.taken_twice:
        blocks.append(TextLine(taken_twice(story.taken_twice), Tone.WARN))
    blocks += _answers(story)
    blocks += history.batches(story.batches, story.batch_states, zone)
    blocks += history.blocks(story.history, zone)
    return [*blocks, *map(TextLine, _next(story))]


def _next(story: Story) -> Iterator[Sentence]:
    """Yield what a person should know or do at the end: at most one of them is a command."""
    asked, is_told = story.approval, False
    if asked and asked.holds:  # then nobody resumes it
        steps = [how_to_approve(asked.mailing)] if asked.is_open else []
    else:
        states = {**story.tally.states, Status.REJECTED: 0}  # this is where to look at them
        settle = unsettled_of(story.mailing.id, states, story.in_doubt).sentences
        steps = [*settle, *(one for one in next_steps(story.mailing, states) if one not in settle)]
        if asked and asked.is_open:
            steps.insert(0, waiting.to_be_approved_afterwards(asked.mailing))
    for step in steps:
        is_command = "smsctl " in step.template
        if not (is_command and is_told):
            yield step
        is_told |= is_command


def skipped(entries: Sequence[SkippedEntry], shown: Callable[[str], str], csv: Path | None) -> list[Block]:
    """Return the rows that got no message; a long list is cut, a file holds them all."""
    if not entries:
        return [TextLine(say("Everybody in the audience was sent to."))]
    fields: list[Field[SkippedEntry]] = [
        Field("", lambda one: one.row, say("Row"), right=True),
        Field("", lambda one: figures.reason(one.reason), say("Why")),
        Field("", lambda one: shown(one.number or ""), say("Number")),
    ]
    if any(one.column for one in entries):
        fields.append(Field("", lambda one: one.column, say("Column")))
    rest = [written(csv)] if csv else and_more(len(entries), _SKIPPED_SHOWN, "--csv")
    return [table_of(fields, entries[:_SKIPPED_SHOWN]), *rest]


def _by_reason(title: Text, counted: Mapping[str, int]) -> list[Block]:
    if not counted:
        return []
    facts = [Fact(figures.count(n), [figures.reason(reason)]) for reason, n in counted.items()]
    return [TextLine(title), FactList(facts)]


def _text(body: str) -> list[Block]:
    return quoted(body) if body else [TextLine(say("The text, the numbers and the names were purged."))]


def _answers(story: Story) -> list[Block]:
    """Return what the gateway said of the messages it did not simply take."""
    if not story.answers:
        return []
    fields: list[Field[AnsweredRow]] = [
        Field("", lambda one: one.row, say("Row"), right=True),
        Field("", lambda one: story.shown(one.number), say("Number")),
        Field("", lambda one: figures.state(one.state), say("State")),
        Field("", lambda one: one.answer, say("Answer")),
    ]
    more = [TextLine(say("and more"), indent=2)] if len(story.answers) > _ANSWERS_SHOWN else []
    return [GAP, table_of(fields, story.answers[:_ANSWERS_SHOWN]), *more]
