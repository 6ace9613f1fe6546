"""`smsctl mailings approve ID`: the yes of a second person, and the mailing leaves."""

from typing import Annotated

import typer

from smsctl.actions.approve import approve, must_be_open
from smsctl.actions.ceilings import by_time
from smsctl.actions.ending import told_with_what_is_left
from smsctl.actions.may_send import Circumstances
from smsctl.actions.resume import Remainder, record, what_is_left
from smsctl.cli import dialogue, options, wiring_gateway
from smsctl.cli.circumstances import circumstances
from smsctl.cli.mailings import resuming, waiting
from smsctl.cli.mailings.delivery import deliver_mailing, reply
from smsctl.cli.options import flag
from smsctl.cli.output import figures, whom
from smsctl.cli.output import mailings as render
from smsctl.cli.output.blocks import GAP, Block, FactList, TextLine, Tone
from smsctl.cli.output.phrases import quoted
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.approval import Approval
from smsctl.domain.gateway import Traits
from smsctl.domain.mailing import Mailing
from smsctl.errors import say
from smsctl.ledger import approvals, mailings, skipped, texts

EXAMPLES = (
    "smsctl mailings approve 12",
    'smsctl mailings approve 12 --no-send --reason "read with the principal"',
    "smsctl mailings approve 12 --afterwards  # it left at once, being urgent",
)


def run(
    ctx: typer.Context,
    mailing: options.MailingId,
    *,
    no_send: Annotated[bool, flag("--no-send", "Only approve; `mailings resume` sends it.")] = False,
    afterwards: Annotated[bool, flag("--afterwards", "Approve one that left at once, being urgent.")] = False,
    yes: options.Yes = False,
    reason: options.Reason = None,
) -> CommandResult:
    """Approve a mailing that somebody else has asked for, and send it.

    Shows the text, whom it reaches, who asked, and what it costs now. The decision is written down first;
    then it is sent under today's quiet hours and ceilings. The no is: smsctl mailings cancel ID.
    """
    wiring: Wiring = ctx.obj
    ledger = wiring.ledger
    found = wiring.named(mailings.get(ledger, mailing))
    under = circumstances(wiring, ledger, lenient=wiring.simulated)
    asked = must_be_open(ledger, found, under, afterwards=afterwards)
    if afterwards:
        return _afterwards(wiring, found, asked, under, reason, yes=yes)
    with told_with_what_is_left(ledger, found):
        service_id = wiring.settings.municipality(found.municipality.key).service_id
        traits = wiring_gateway.gateway(wiring, for_sending=False, service_id=service_id).traits
        rest = _left(wiring, found, traits, under)
        wiring.output.know(render.data(found, mailings.tally(ledger, found)))
        if not yes:
            wiring.output.show(_screen(wiring, found, asked, rest, traits))
            _confirm(wiring, say("Approve mailing {id}?", id=found.id))
        gateway = None
        if not no_send:
            wiring.must_be_fit_to_send()
            gateway = wiring_gateway.gateway(wiring, service_id=service_id)
        approve(ledger, found, _now(wiring, under), reason)
        rest = _left(wiring, found, traits, _now(wiring, under))
        if gateway is None or rest is None:
            return _approved(wiring, found)
        wiring.output.warn(say("Mailing {id} is approved.", id=found.id))
        rest.verdict.must_hold()
        record(rest, ledger, _now(wiring, under), None)
        done = deliver_mailing(wiring, rest.mailing, gateway, rest.ceilings)
        data = {**render.data(rest.mailing, done.tally), "approval": _decision(wiring, found)}
        return reply(wiring, done, data)


def _now(wiring: Wiring, under: Circumstances) -> Circumstances:
    """Return the circumstances after a question: it may have stood there for hours."""
    return under._replace(now=wiring.clock.now(), local_now=wiring.clock.local())


def _left(wiring: Wiring, mailing: Mailing, traits: Traits, under: Circumstances) -> Remainder | None:
    """Return what would leave now; the ceilings are those under which it was asked for."""
    ceilings = by_time(wiring.settings, mailing.municipality.key)
    return what_is_left(mailing, traits, ceilings, wiring.ledger, under, urgent=False)


def _confirm(wiring: Wiring, question: object) -> None:
    wiring.output.show([GAP])
    dialogue.confirm(wiring.output, say("{question}", question=question), otherwise=say("Not approved."))


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
    first = texts.some(wiring.ledger, mailing.first_message, mailing.last_message, 1)
    return [TextLine(say("The first of them gets:")), *(block for one in first for block in quoted(one))]


def _afterwards(
    wiring: Wiring, mailing: Mailing, asked: Approval, under: Circumstances, reason: str | None, *, yes: bool
) -> CommandResult:
    """Approve a mailing that has left."""
    if not yes:
        line = say("{user} sent this at once, being urgent:", user=asked.asked_by)
        wiring.output.show([TextLine(line, Tone.STRONG), *quoted(mailing.letter.text.body)])
        _confirm(wiring, say("Approve mailing {id} afterwards?", id=mailing.id))
    approve(wiring.ledger, mailing, _now(wiring, under), reason)
    return _approved(wiring, mailing)


def _decision(wiring: Wiring, mailing: Mailing) -> dict[str, object] | None:
    return waiting.data(approvals.of(wiring.ledger, mailing.id))


def _approved(wiring: Wiring, mailing: Mailing) -> CommandResult:
    tally, sentence = mailings.tally(wiring.ledger, mailing), say("Mailing {id} is approved.", id=mailing.id)
    return CommandResult(
        data={**render.data(mailing, tally), "approval": _decision(wiring, mailing)},
        screen=[TextLine(sentence, Tone.GOOD)],
        summary=sentence,
    )
