"""`smsctl mailings approve ID`: the yes of a second person, and the mailing leaves."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from smsctl.actions.approve import approve, must_be_open, no_longer_every_time
from smsctl.actions.ceilings import by_time
from smsctl.actions.command_again import CommandAgain
from smsctl.actions.ending import has_left_out, left_unsettled, nothing_left, told_with_what_is_left
from smsctl.actions.may_send import Circumstances
from smsctl.actions.resume import Remainder, record, what_is_left
from smsctl.cli import dialogue, options, seen, wiring_gateway
from smsctl.cli.circumstances import circumstances
from smsctl.cli.mailings import resuming, waiting
from smsctl.cli.mailings.delivery import deliver_mailing, reply
from smsctl.cli.options import flag
from smsctl.cli.output import figures, language, whom
from smsctl.cli.output import mailings as render
from smsctl.cli.output.blocks import GAP, Block, FactList, TextLine, Tone
from smsctl.cli.output.phrases import quoted
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.approval import Approval
from smsctl.domain.gateway import Gateway, Traits
from smsctl.domain.mailing import Mailing
from smsctl.errors import Sentence, UsageError, say
from smsctl.ledger import approvals, cancelling, mailings, skipped, texts

EXAMPLES = (
    "smsctl mailings approve 12",
    'smsctl mailings approve 12 --no-send --reason "read with the principal"',
    "smsctl mailings approve 12 --afterwards  # it left at once, being urgent",
    "smsctl mailings approve 12 --every-time  # also later slots of its --key",
    "smsctl mailings approve 12 --not-every-time  # they wait again",
)


def run(
    wiring: Wiring,
    mailing: options.MailingId,
    *,
    no_send: Annotated[bool, flag("--no-send", "Only approve; `mailings resume` sends it.")] = False,
    afterwards: Annotated[bool, flag("--afterwards", "Approve one that left at once, being urgent.")] = False,
    every_time: Annotated[
        bool, flag("--every-time", "Also the later slots of its --key, for 12 months.")
    ] = False,
    not_every_time: Annotated[
        bool, flag("--not-every-time", "Let the later slots of its --key wait again.")
    ] = False,
    yes: options.Yes = False,
    reason: options.Reason = None,
) -> CommandResult:
    """Approve a mailing that somebody else has asked for, and send it.

    Shows the text, whom it reaches, who asked, and what it costs now. The decision is written down first;
    then it is sent under today's quiet hours and ceilings. The no is: smsctl mailings cancel ID.
    """
    if afterwards + every_time + not_every_time > 1:
        raise UsageError(
            say("--afterwards, --every-time and --not-every-time do not go together."),
            hint=say("Name one of them."),
        )
    ledger = wiring.ledger
    found = seen.told(wiring, mailings.get(ledger, mailing))
    under = circumstances(wiring, ledger, lenient=wiring.simulated)._replace(command=_resumed(found))
    if not_every_time:
        seen.theirs(wiring, mailing)
        no_longer_every_time(ledger, found, under, reason)
        return _replied(wiring, found, say("The later slots of mailing {id} wait again.", id=found.id))
    asked = must_be_open(ledger, found, under, afterwards=afterwards, every_time=every_time)
    if afterwards:
        return _afterwards(wiring, found, asked, under, reason, yes=yes)
    said = _Said(reason=reason, yes=yes, no_send=no_send, every_time=every_time)
    with told_with_what_is_left(ledger, found):
        return _before_it_leaves(wiring, found, asked, under, said)


def _resumed(mailing: Mailing) -> CommandAgain:
    """Return what goes past a rule that stops an approved mailing: it cannot be approved once more."""

    def command(added: Sequence[str], *, by_a_person: bool) -> str:
        del by_a_person
        return " ".join((language.program(), "mailings resume", str(mailing.id), *added))

    return command


class _Said(NamedTuple):
    """What a second person says of a mailing that waits."""

    reason: str | None
    yes: bool
    no_send: bool
    every_time: bool


def _before_it_leaves(
    wiring: Wiring, mailing: Mailing, asked: Approval, under: Circumstances, said: _Said
) -> CommandResult:
    """Show it, ask, write the yes down, and send it."""
    ledger = wiring.ledger
    payer = wiring.settings.municipality(mailing.municipality.key)
    traits = wiring_gateway.gateway(wiring, payer, for_sending=False).traits
    rest = _left(wiring, mailing, traits, under)
    wiring.output.know(render.data(mailing, mailings.tally(ledger, mailing)))
    shown = 0 if rest is None or said.yes else rest.bill.new_packages
    if not said.yes:
        further = _for_every_slot(mailing, asked) if said.every_time else []
        wiring.output.show([*_screen(wiring, mailing, asked, rest, traits), *further])
        _confirm(wiring, say("Approve mailing {id}?", id=mailing.id))
    gateway = None
    if not said.no_send:
        wiring.must_be_fit_to_send()
        gateway = wiring_gateway.gateway(wiring, payer)
    approve(ledger, mailing, _now(wiring, under), said.reason, every_time=said.every_time)
    rest = _left(wiring, mailing, traits, _now(wiring, under))
    if gateway is None or rest is None:
        if rest is None:
            nothing_left(ledger, mailing)
        told = _approved(mailing)
        if rest is None and cancelling.is_cancelled(ledger, mailing):  # since the yes
            told = say("Mailing {id} was cancelled and has nothing pending.", id=mailing.id)
        return _replied(wiring, mailing, told)
    wiring.output.warn(_approved(mailing))
    return _sent(wiring, rest, gateway, _now(wiring, under), shown)


def _sent(
    wiring: Wiring, rest: Remainder, gateway: Gateway, under: Circumstances, shown: int
) -> CommandResult:
    """Send what was just approved. Raises RuleError where a rule says no now; the yes stays."""
    rest.verdict.must_hold()
    record(rest, wiring.ledger, under, None)
    done = deliver_mailing(wiring, rest.mailing, gateway, rest.ceilings, packages_shown=shown)
    data = {**render.data(rest.mailing, done.tally), "approval": _decision(wiring, rest.mailing)}
    return reply(wiring, done, data)


def _now(wiring: Wiring, under: Circumstances) -> Circumstances:
    """Return the circumstances after a question: it may have stood there for hours."""
    return under._replace(now=wiring.clock.now(), local_now=wiring.clock.local())


def _left(wiring: Wiring, mailing: Mailing, traits: Traits, under: Circumstances) -> Remainder | None:
    """Return what would leave now; the ceilings are those under which it was asked for."""
    ceilings = by_time(wiring.settings, mailing.municipality.key)
    return what_is_left(mailing, traits, ceilings, wiring.ledger, under, urgent=False)


def _confirm(wiring: Wiring, question: Sentence) -> None:
    wiring.output.show([GAP])
    dialogue.confirm(wiring.output, question, otherwise=say("Not approved."))


def _screen(
    wiring: Wiring, mailing: Mailing, asked: Approval, rest: Remainder | None, traits: Traits
) -> list[Block]:
    """Return what a second person decides about: who asks, for what, and what it costs now."""
    zone = wiring.settings.time_zone
    told: list[Block] = [
        TextLine(
            say(
                "{user} asks since {at} for a second person: {counted} messages with this text, and more"
                " than {above} need one.",
                user=asked.asked_by,
                at=figures.local(asked.asked_at, zone),
                counted=figures.count(asked.counted),
                above=figures.count(asked.above),
            ),
            Tone.STRONG,
        ),
        GAP,
    ]
    if rest is None:
        return [*told, *quoted(mailing.letter.text.body)]
    told += [*resuming.screen(rest, traits, simulated=wiring.simulated), *_own_text(wiring, mailing)]
    if counts := skipped.counts(wiring.ledger, mailing.id):
        told += [TextLine(say("No message:")), FactList(whom.skipped(counts))]
    if rest.bill.new_packages > asked.new_packages:
        told.append(
            TextLine(
                say(
                    "When it was asked for it opened {before} packages; now it would open {now}, and stops"
                    " before that.",
                    before=asked.new_packages,
                    now=rest.bill.new_packages,
                ),
                Tone.WARN,
            )
        )
    return told


def _own_text(wiring: Wiring, mailing: Mailing) -> list[Block]:
    """Return the first of texts that differ from person to person; names stand in it."""
    if not mailing.personal:
        return []
    if not wiring.numbers_in_full:
        return [TextLine(say("Each gets a text of their own; the first is shown with --show-numbers."))]
    first = texts.some(wiring.ledger, *mailing.span, 1)
    return [TextLine(say("The first of them gets:")), *(block for one in first for block in quoted(one))]


def _afterwards(
    wiring: Wiring, mailing: Mailing, asked: Approval, under: Circumstances, reason: str | None, *, yes: bool
) -> CommandResult:
    """Approve a mailing that has left."""
    if not yes:
        line = say("{user} sent this at once, being urgent:", user=asked.asked_by)
        text = [*quoted(mailing.letter.text.body), *_own_text(wiring, mailing)]
        wiring.output.show([TextLine(line, Tone.STRONG), *text])
        _confirm(wiring, say("Approve mailing {id} afterwards?", id=mailing.id))
    approve(wiring.ledger, mailing, _now(wiring, under), reason)
    return _replied(wiring, mailing, _approved(mailing))


def _decision(wiring: Wiring, mailing: Mailing) -> dict[str, object] | None:
    return waiting.data(approvals.of(wiring.ledger, mailing.id))


def _approved(mailing: Mailing) -> Sentence:
    return say("Mailing {id} is approved.", id=mailing.id)


def _for_every_slot(mailing: Mailing, asked: Approval) -> list[Block]:
    """Return what a yes for every time would be for."""
    least, most = asked.messages_every_time[0], asked.messages_every_time[-1]
    told = say(
        "For 12 months no later slot of its key waits, with this text, sender, audience, file and columns,"
        " and {least} to {most} messages.",
        least=figures.count(least),
        most=figures.count(most),
    )
    lines = [TextLine(told, Tone.WARN)]
    if mailing.personal:
        open_end = say(
            "What its fields are filled in with is not compared: each slot may say something else."
        )
        lines.append(TextLine(open_end, Tone.WARN))
    return [GAP, *lines]


def _replied(wiring: Wiring, mailing: Mailing, sentence: Sentence) -> CommandResult:
    tally = mailings.tally(wiring.ledger, mailing)
    left = left_unsettled(wiring.ledger, mailing, tally)
    return CommandResult(
        data={**render.data(mailing, tally), "approval": _decision(wiring, mailing)},
        screen=[TextLine(sentence, Tone.GOOD), *map(TextLine, left.sentences)],
        summary=sentence,
        advice=left.sentences,
        is_told_always=has_left_out(wiring.ledger, mailing, tally),
    ).but_for(left)
