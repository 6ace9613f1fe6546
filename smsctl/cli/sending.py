"""The way of `smsctl send`: text and rows make a plan, it is shown and confirmed, the mailing is sent."""

from typing import NamedTuple

from smsctl.actions.begin import begin, from_plan, skipped_of
from smsctl.actions.draft import draft
from smsctl.cli import dialogue, wiring_gateway
from smsctl.cli.delivery import deliver, reply
from smsctl.cli.render import figures
from smsctl.cli.render import plan as render
from smsctl.cli.render.blocks import Block, Line, Tone
from smsctl.cli.reply import Note, Reply
from smsctl.cli.request import Request, letter_for, read_text_file, wish_for
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings
from smsctl.domain.plan import Plan, Refusal, Rule
from smsctl.domain.text import MessageText, measure, replace_typographic
from smsctl.errors import ExitCode, RuleError, UsageError, say, say_n


class Manner(NamedTuple):
    """How the mailing is gone about."""

    dry_run: bool = False
    yes: bool = False
    strict: bool = False
    replace_typographic: bool = False


def perform(wiring: Wiring, file: str, request: Request, manner: Manner) -> Reply:
    """Plan, show, ask, send; a dry run ends after the showing and has written nothing."""
    if file == "-" and not (manner.yes or manner.dry_run):
        raise UsageError(
            say("With the text on standard input nothing can be asked."),
            hint=say("Add --yes, or --dry-run."),
        )
    configured, payer = wiring.municipality(request.municipality)
    raw = read_text_file(wiring, file)
    gateway = wiring_gateway.gateway(wiring, for_sending=not manner.dry_run, service_id=configured.service_id)
    text, replaced = _read(raw, gateway, replace=manner.replace_typographic)
    wish = wish_for(wiring, request, letter_for(wiring, configured, text, request))
    ledger = wiring.live_ledger_as_it_is() if manner.dry_run else wiring.ledger_for(payer)
    local_now = wiring.clock.local()
    plan, sheet = draft(wish, gateway, ledger, local_now)
    lenient = wiring.simulated and not manner.strict
    refusals = () if lenient else (*plan.refusals, *_unattended(wiring, plan))
    screen = [*replaced, *render.screen(plan, sheet, local_now, _stage(wiring, manner))]
    if manner.dry_run:
        return _dry_reply(wiring, plan, screen, refusals)
    wiring.teller.show(screen)
    if refusals:
        raise _refused(refusals)
    if not plan.messages:
        return _nobody(plan, screen)
    if not manner.yes:
        _confirm(wiring, plan)
    return _send(wiring, plan, gateway, Ceilings() if lenient else plan.order.ceilings)


def _stage(wiring: Wiring, manner: Manner) -> render.Stage:
    if not wiring.simulated:
        return render.Stage.LIVE
    return render.Stage.REHEARSAL_DRY if manner.dry_run else render.Stage.REHEARSAL


def _read(raw: str, gateway: Gateway, *, replace: bool) -> tuple[MessageText, list[Block]]:
    """Return the text; with `replace`, typographic characters are written plainly and each one is shown."""
    text = MessageText.read(raw)
    if not replace:
        return text, []
    body, changes = replace_typographic(text.body)
    before, after = (measure(one, gateway.traits.parts).parts for one in (text.body, body))
    shown: list[Block] = [
        Line(
            say(
                "Line {line}, column {column}: {old} becomes {new}",
                line=one.line,
                column=one.column,
                old=one.char,
                new=one.replacement or say("nothing"),
            )
        )
        for one in changes
    ]
    if changes:
        shown.append(
            Line(say("Parts each: {before} before, {after} now.", before=before, after=after), Tone.GOOD)
        )
    return MessageText.read(body), shown


def _unattended(wiring: Wiring, plan: Plan) -> list[Refusal]:
    """Without a person to look, a live mailing must have a ceiling."""
    if wiring.simulated or wiring.teller.interactive or plan.order.ceilings.max_parts is not None:
        return []
    return [
        Refusal(
            rule=Rule.CEILING_MISSING,
            sentence=say_n(
                "The mailing takes {n} part, and without a terminal a ceiling must be set.",
                "The mailing takes {n} parts, and without a terminal a ceiling must be set.",
                n=plan.parts,
            ),
            hint=say(
                "Add --max-parts {parts}, or max_parts_per_run under [limits] in the config.",
                parts=plan.parts,
            ),
        )
    ]


def _refused(refusals: tuple[Refusal, ...]) -> RuleError:
    first, *others = refusals
    return RuleError(first.sentence, hint=first.hint, problems=[one.sentence for one in others])


def _dry_reply(wiring: Wiring, plan: Plan, screen: list[Block], refusals: tuple[Refusal, ...]) -> Reply:
    notes = [Note(code=one.rule, level="error", text=one.sentence) for one in refusals]
    return Reply(
        data=render.data(plan, dry_run=True),
        screen=[*screen, Line(say("Dry run: nothing was sent, nothing was written."), Tone.STRONG)],
        notes=notes if wiring.teller.speaks_json else (),
        exit_code=ExitCode.REFUSED if refusals else ExitCode.OK,
    )


def _nobody(plan: Plan, screen: list[Block]) -> Reply:
    sentence = say("Nobody in the audience can be sent to; nothing was sent.")
    return Reply(
        data={**render.data(plan, dry_run=False), "outcome": {}},
        screen=[*screen, Line(sentence)],
        summary=sentence,
    )


def _confirm(wiring: Wiring, plan: Plan) -> None:
    count = figures.count(plan.messages)
    question = say_n("Send {count} message?", "Send {count} messages?", n=plan.messages, count=count)
    otherwise = say("Not confirmed; nothing was sent.")
    if plan.messages > wiring.settings.confirm_count_above:
        dialogue.confirm_count(wiring.teller, question, plan.messages, otherwise=otherwise)
    else:
        dialogue.confirm(wiring.teller, question, otherwise=otherwise)


def _send(wiring: Wiring, plan: Plan, gateway: Gateway, ceilings: Ceilings) -> Reply:
    mailing = begin(
        from_plan(plan),
        plan.recipients.ready,
        skipped_of(plan),
        wiring.ledger,
        wiring.clock.now(),
        wiring.actor,
    )
    return reply(wiring, deliver(wiring, mailing, gateway, ceilings), render.data(plan, dry_run=False))
