"""`smsctl mailings resolve ID`: settle what is unknown, by a person's word."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from smsctl.actions.ending import left_unsettled, told_with_what_is_left
from smsctl.actions.resolve import ResolveAnswer, refuse_resend, refuse_unasked, resolve
from smsctl.cli import dialogue, options, seen
from smsctl.cli.options import flag
from smsctl.cli.output import audited, figures, outcome
from smsctl.cli.output import mailings as render
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.package import share_ore
from smsctl.errors import Sentence, UsageError, say, say_n
from smsctl.ledger import mailings
from smsctl.ledger.store import Ledger

EXAMPLES = (
    'smsctl mailings resolve 12 --sent --reason "in the gateway\'s log"',
    'smsctl mailings resolve 12 --not-sent --reason "support: never arrived"',
    'smsctl mailings resolve 12 --resend --reason "must reach everybody"',
)


def run(
    wiring: Wiring,
    mailing: options.MailingId,
    *,
    sent: Annotated[bool, flag("--sent", "The gateway has them: they count as accepted.")] = False,
    not_sent: Annotated[
        bool, flag("--not-sent", "It never took them: pending again, or cancelled with the rest.")
    ] = False,
    resend: Annotated[bool, flag("--resend", "Nobody knows; send again all the same.")] = False,
    reason: options.Reason = None,
    yes: options.Yes = False,
) -> CommandResult:
    """Settle the messages of a mailing of which nobody can tell whether they were accepted.

    Written in the audit with who, when and why; the package entries are corrected. What becomes pending is
    sent by: smsctl mailings resume ID. Of a mailing that was cancelled nothing is sent again.
    """
    words = [word for word, chosen in zip(ResolveAnswer, (sent, not_sent, resend), strict=True) if chosen]
    if len(words) != 1:
        raise UsageError(say("Say one of --sent, --not-sent and --resend."))
    why = options.must_say_why(reason)
    ledger = wiring.ledger
    found = seen.theirs(wiring, mailing)
    with told_with_what_is_left(ledger, found):
        refuse_unasked(found, wiring.broken_off[found.id])
        before = mailings.tally(ledger, found)
        unknown, parts = before.states.get(Status.UNKNOWN, 0), before.state_parts.get(Status.UNKNOWN, 0)
        if words == [ResolveAnswer.RESEND]:
            refuse_resend(found)
        if words == [ResolveAnswer.RESEND] and unknown and not yes:
            question = say("{twice} Send again?", twice=_twice(found, unknown, parts))
            dialogue.confirm(wiring.output, question, otherwise=say("Not confirmed; nothing was changed."))
        settled = resolve(ledger, found, words[0], wiring.clock.now(), wiring.actor, why, most=unknown)
    return _replied(ledger, found, [*_told(found, settled, parts, words[0])], settled)


def _replied(ledger: Ledger, mailing: Mailing, told: Sequence[Sentence], settled: int) -> CommandResult:
    tally = mailings.tally(ledger, mailing)
    left = left_unsettled(ledger, mailing)
    steps = outcome.next_steps(mailing, tally.states, left.in_doubt)
    if left.in_doubt:  # --not-sent alone leaves any
        steps.insert(
            0,
            say(
                "Some of a batch had left before the gateway was asked to stop the rest: --not-sent settles"
                " nothing of it until reports have told which."
            ),
        )
    return CommandResult(
        data={**render.data(mailing, tally), "settled": settled},
        screen=[
            *map(TextLine, told if settled or not left.in_doubt else ()),
            outcome.state_facts(tally.states),
            *map(TextLine, steps),
        ],
        advice=steps,
        exit_code=left.exit_code,
        left=(left,),
        is_told_always=bool(tally.states.get(Status.PENDING)) or not settled,
    )


def _told(mailing: Mailing, settled: int, parts: int, word: ResolveAnswer) -> Iterator[Sentence]:
    if not settled:
        yield say("Mailing {id} has nothing unknown; nothing was changed.", id=mailing.id)
        return
    yield say_n(
        "{n} unknown message settled: {word}.",
        "{n} unknown messages settled: {word}.",
        n=settled,
        word=audited.settled(word),
    )
    if word is ResolveAnswer.RESEND:
        yield _twice(mailing, settled, parts)
    if mailing.cancelled_at is not None and word is ResolveAnswer.NOT_SENT:
        yield say("Mailing {id} was cancelled: they are not sent any more.", id=mailing.id)


def _twice(mailing: Mailing, unknown: int, parts: int) -> Sentence:
    """Say how many may get it twice, and what sending once more costs."""
    rate = mailing.municipality.rate
    price = "" if rate is None else f", {figures.money(share_ore(parts, rate.size, rate.price_ore))}"
    return say_n(
        "{n} person may get this text twice. Sending again costs {parts}{price}, and the first"
        " sending may be billed too.",
        "{n} people may get this text twice. Sending again costs {parts}{price}, and the first"
        " sending may be billed too.",
        n=unknown,
        parts=figures.parts(parts),
        price=price,
    )
