"""The way of `smsctl send`: text and rows make a plan, it is shown and confirmed, the mailing is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from smsctl.actions.begin import Overruling, begin, from_plan, skipped_of
from smsctl.actions.draft import Wish, draft
from smsctl.cli import dialogue, run_key, wiring_gateway
from smsctl.cli.render import figures
from smsctl.cli.render import plan as render
from smsctl.cli.render.blocks import GAP, Block, Line, Tone
from smsctl.cli.render.phrases import mistake
from smsctl.cli.reply import Note, Reply
from smsctl.cli.request import Manner, Request, letter_for, must_give_reason, read_text_file, wish_for
from smsctl.cli.rights import not_permitted, with_daily_ceiling
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings
from smsctl.domain.plan import Plan, Refusal, Rule
from smsctl.domain.text import MessageText, measure, replace_typographic
from smsctl.errors import ExitCode, LedgerError, RuleError, Sentence, SmsctlError, UsageError, say, say_n
from smsctl.ledger.store import Ledger


def perform(wiring: Wiring, file: str, request: Request) -> Reply:
    """Plan, show, ask, send; a dry run ends after the showing and has written nothing."""
    manner = request.manner
    _must_be_askable(file, manner)
    must_give_reason(wiring, request.overruling)
    if not manner.dry_run:
        wiring.must_be_fit_to_send(
            accept_clock=request.overruling.accept_clock, reason=request.overruling.reason
        )
    prepared = _prepare(wiring, file, request)
    if prepared.key:
        done = run_key.begun(wiring, prepared.key, prepared.wish, prepared.gateway, dry_run=manner.dry_run)
        if done:
            return done
    ledger = wiring.live_ledger_as_it_is() if manner.dry_run else wiring.ledger
    plan, sheet = draft(prepared.wish, prepared.gateway, ledger, wiring.clock.now(), prepared.local_now)
    plan = plan._replace(
        refusals=(*plan.refusals, *not_permitted(wiring, plan, prepared.wish.audience.groups, ledger))
    )
    refusals = _holding(wiring, plan, manner, lenient=prepared.wish.lenient)
    spared = tuple(one for one in plan.refusals if one not in refusals)  # by a rehearsal; live would refuse
    shown = render.screen(plan, sheet, prepared.local_now, _stage(wiring, manner), spared)
    screen = [*prepared.replaced, *shown]
    _warn_unattended(wiring, [*plan.warnings, *render.live_would(spared)], manner)
    if manner.dry_run:
        return _dry_reply(plan, screen, refusals, _unfit(wiring, ledger, request.overruling))
    wiring.teller.show(screen)
    wiring.teller.know(render.data(plan, dry_run=False))
    if refusals:
        raise _refused(refusals)
    if not plan.messages:
        return _nobody(plan, screen)
    if not manner.yes:
        _confirm(wiring, plan)
    return _send(wiring, plan, prepared, request.overruling)


class _Prepared(NamedTuple):
    """What is known before the recipients file is opened."""

    gateway: Gateway
    wish: Wish
    replaced: list[Block]
    local_now: datetime
    key: str | None  # expanded


def _must_be_askable(file: str, manner: Manner) -> None:
    if file == "-" and not (manner.yes or manner.dry_run):
        raise UsageError(
            say("With the text on standard input nothing can be asked."),
            hint=say("Add --yes, or --dry-run."),
        )


def _prepare(wiring: Wiring, file: str, request: Request) -> _Prepared:
    manner = request.manner
    configured, payer = wiring.municipality(request.who.municipality)
    raw = read_text_file(wiring, file)
    gateway = wiring_gateway.gateway(wiring, for_sending=not manner.dry_run, service_id=configured.service_id)
    text, replaced = _read(raw, gateway, replace=manner.replace_typographic)
    local_now = wiring.clock.local()
    letter = letter_for(wiring, configured, text, request.style, local_now)
    wish = wish_for(wiring, request, letter, lenient=wiring.simulated and not manner.strict)
    key = None if manner.key is None else run_key.expand(manner.key, local_now)
    if not manner.dry_run:
        wiring.activate_for_rehearsal(payer)
    return _Prepared(gateway, wish, replaced, local_now, key)


def _warn_unattended(wiring: Wiring, warnings: Sequence[Sentence], manner: Manner) -> None:
    """Tell the plan's warnings where nobody sees the plan."""
    if wiring.teller.speaks_json or not (wiring.teller.interactive or manner.dry_run):
        for warning in warnings:
            wiring.teller.warn(warning)


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


def _holding(wiring: Wiring, plan: Plan, manner: Manner, *, lenient: bool) -> tuple[Refusal, ...]:
    """Return the refusals that stop this run; a rehearsal is stopped by few."""
    if not lenient:
        return (*plan.refusals, *_unattended(wiring, plan))
    found = (one for one in plan.refusals if one.rule.holds_in_rehearsal)
    if manner.dry_run:  # shows the live ledger's figures; the rehearsal's own service is always active
        found = (one for one in found if one.rule is not Rule.NOT_ACTIVE)
    return tuple(found)


def _unattended(wiring: Wiring, plan: Plan) -> list[Refusal]:
    """Without a person to look, a live mailing must have a ceiling, unless it costs nothing."""
    is_bounded = plan.order.ceilings.max_parts is not None or not plan.parts
    if wiring.simulated or wiring.teller.interactive or is_bounded:
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


def _refused(refusals: Sequence[Refusal]) -> RuleError:
    """Return one rule with what mends it, or a list of several, each with its own."""
    if len(refusals) == 1:
        return RuleError(refusals[0].sentence, hint=refusals[0].hint)
    problems = [
        say("{what} {mend}", what=one.sentence, mend=one.hint) if one.hint else one.sentence
        for one in refusals
    ]
    return RuleError(say("{n} rules refuse this mailing.", n=len(refusals)), problems=problems)


def _unfit(wiring: Wiring, ledger: Ledger | None, overruling: Overruling) -> LedgerError | None:
    """Return why nothing would be sent from the live ledger now; a rehearsal has one of its own."""
    if wiring.simulated:
        return None
    from smsctl.ledger import fitness, restoring

    try:
        if ledger is None:
            restoring.refuse_missing(wiring.settings.ledger_path)
        elif overruling.accept_clock:
            restoring.refuse_restored(ledger)
        else:
            fitness.must_be_fit(ledger, wiring.clock.now())
    except LedgerError as error:
        return error
    return None


def _dry_reply(
    plan: Plan, screen: list[Block], refusals: Sequence[Refusal], unfit: LedgerError | None
) -> Reply:
    errors: list[SmsctlError] = [_refused(refusals)] if refusals else []
    said = [Note(code=one.rule, level="error", text=one.sentence) for one in refusals]
    if unfit:
        errors.append(unfit)
        said.append(Note(code=unfit.code, level="error", text=unfit.sentence))
    why = [block for error in errors for block in (GAP, *mistake(error))]
    hints = [*(one.hint for one in refusals), unfit.hint if unfit else None]
    return Reply(
        data=render.data(plan, dry_run=True),
        screen=[*screen, *why, GAP, Line(say("Dry run: nothing was sent, nothing was written."))],
        said=said,
        advice=[one for one in hints if one],
        exit_code=errors[-1].exit_code if errors else ExitCode.OK,
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
    wiring.teller.show([GAP])
    if plan.messages > wiring.settings.confirm_count_above:
        dialogue.confirm_count(wiring.teller, question, plan.messages, otherwise=otherwise)
    else:
        dialogue.confirm(wiring.teller, question, otherwise=otherwise)


def _as_shown(plan: Plan) -> Plan:
    """Return the plan with the packages it opens as the ceiling, where it was confirmed without one.

    Another mailing may take the room that was left; then this one stops before it opens more than was shown.
    """
    order = plan.order
    if order.ceilings.max_new_packages is not None:
        return plan
    ceilings = order.ceilings._replace(max_new_packages=plan.new_packages)
    return plan._replace(order=order._replace(ceilings=ceilings))


def _send(wiring: Wiring, plan: Plan, prepared: _Prepared, overruling: Overruling) -> Reply:
    from smsctl.cli.delivery import deliver, reply  # a dry run needs none of it

    lenient = prepared.wish.lenient
    if lenient:
        overruling = overruling._replace(again=True)  # a rehearsal may send the same text again and again
    plan = _as_shown(plan)
    mailing = begin(
        from_plan(plan, overruling, run_key=prepared.key),
        plan.recipients.ready,
        skipped_of(plan),
        wiring.ledger,
        wiring.clock.now(),
        wiring.actor,
    )
    data = render.data(plan, dry_run=False)
    wiring.teller.know({**data, "mailing": mailing.id})
    ceilings = Ceilings() if lenient else with_daily_ceiling(wiring, mailing, plan.order.ceilings)
    done = deliver(wiring, mailing, prepared.gateway, ceilings)
    return reply(wiring, done, data)
