"""The way of `smsctl send`: text and rows make a plan, it is shown and confirmed, the mailing is sent."""

import time
from typing import NamedTuple

from smsctl.actions.begin import RuleOverrides, carried_of, from_plan, must_be_new, record_nobody
from smsctl.actions.draft import Draft, PlanRequest, draft
from smsctl.actions.keyed_run import expand
from smsctl.actions.may_send import Circumstances
from smsctl.actions.quiet_hours import must_still_be_in_time
from smsctl.cli import seen, wiring_gateway
from smsctl.cli.circumstances import circumstances
from smsctl.cli.mailings import pause, run_key, text
from smsctl.cli.mailings import plan as render
from smsctl.cli.mailings.drafting import drafted, dry_reply, unfit, warn_unattended
from smsctl.cli.mailings.request import SendFlags, overrides_of, plan_request_for, typed_letter
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Block, TextLine
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.text_files import read_choices
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway
from smsctl.domain.plan import Plan, offer
from smsctl.domain.verdict import RuleVerdict
from smsctl.errors import say, say_n
from smsctl.ledger.lock import TakenError

_MOST_NOTES = 3
"""On a terminal, above the question; the rest would push the money out of sight."""


class _Prepared(NamedTuple):
    """What is known before the recipients file is opened."""

    gateway: Gateway
    plan_request: PlanRequest
    changes: list[Block]  # in the text
    key: str | None  # expanded


def perform(wiring: Wiring, flags: SendFlags) -> CommandResult:
    """Plan, show, ask, send; a dry run ends after the showing and has written nothing.

    On a terminal, what was not typed is asked first, and the command that does the same is told at the end.
    """
    from smsctl.cli.mailings import guide

    if not guide.is_wanted(wiring, flags):
        return _performed(wiring, flags)
    asked = guide.ask(wiring, flags)
    done = _performed(wiring, asked)
    return done._replace(screen=[*done.screen, *guide.command(wiring, flags, asked)])


def _performed(wiring: Wiring, flags: SendFlags) -> CommandResult:
    text.must_be_one(flags)
    until_s = run_key.patience_s(flags)
    overruling = overrides_of(wiring, flags)
    if not flags.dry_run:
        wiring.must_be_fit_to_send(accept_clock=flags.accept_clock, reason=flags.reason)
    key = None if flags.key is None else expand(flags.key, wiring.clock.here())
    if paused := pause.before_all(wiring, flags, key):
        return paused
    with run_key.told_with_what_is_left(wiring, None if flags.dry_run else key):
        prepared = _prepare(wiring, flags, key)
    while True:
        if key and until_s and not flags.dry_run:
            run_key.wait(wiring, key, until_s)
        try:
            return _gone_on_with_or_begun(wiring, prepared, flags, overruling)
        except TakenError:  # another run was quicker: it is waited for
            if time.monotonic() >= until_s:
                raise


def _gone_on_with_or_begun(
    wiring: Wiring, prepared: _Prepared, flags: SendFlags, overruling: RuleOverrides
) -> CommandResult:
    if prepared.key:
        asked = (wiring, prepared.key, prepared.plan_request, prepared.gateway)
        done = (
            run_key.would_go_on(*asked, accept_clock=flags.accept_clock)
            if flags.dry_run
            else run_key.begun(*asked)
        )
        if done:
            return done
    ledger = wiring.live_ledger_as_it_is() if flags.dry_run else wiring.ledger
    under = circumstances(wiring, ledger, lenient=wiring.simulated and not flags.strict)
    if not wiring.output.interactive:
        under = under._replace(command=wiring.flags.unasked_command)
    return _plan_and_send(wiring, prepared, flags, overruling, under)


def _plan_and_send(
    wiring: Wiring, prepared: _Prepared, flags: SendFlags, overruling: RuleOverrides, under: Circumstances
) -> CommandResult:
    plan_request, made = drafted(wiring, prepared.plan_request, prepared.gateway, under)
    prepared = prepared._replace(plan_request=plan_request)
    in_full = made.plan.recipients.texts is not None and not flags.dry_run and wiring.numbers_in_full
    if made.verdict.is_only_quiet and wiring.output.interactive and not flags.dry_run:
        wiring.output.show(_plan_screen(wiring, made, flags, under, in_full=in_full))
        prepared, overruling = _at_another_time(wiring, prepared, made.verdict, overruling, under)
        made = draft(prepared.plan_request, prepared.gateway, under)
        wiring.output.show([GAP])
    plan, _, verdict = made
    # Nobody looks at that of a run by cron, and of a million texts by name it takes a while to make.
    is_seen = wiring.output.shows or flags.dry_run or not plan.messages
    shown = _plan_screen(wiring, made, flags, under, in_full=in_full) if is_seen else []
    screen = [*shown[:1], *prepared.changes, *shown[1:]]
    warn_unattended(wiring, plan, verdict, dry_run=flags.dry_run)
    if flags.dry_run:
        return dry_reply(plan, verdict, screen, unfit(wiring, under.ledger, accept_clock=flags.accept_clock))
    wiring.output.show(screen)
    wiring.output.know(render.data(plan, verdict, dry_run=False))
    _must_hold(wiring, plan, verdict, prepared.key)
    if not plan.messages:
        return _nobody(plan, verdict, screen)
    if not flags.yes:
        made = made._replace(plan=_confirmed(wiring, plan, verdict))
        letter = prepared.plan_request.letter
        must_still_be_in_time(letter, under, wiring.clock.local(), urgent=overruling.urgent)
    overruling = overruling._replace(over_day=under.lifts_the_day(urgent=overruling.urgent))
    return _send(wiring, made, prepared, overruling, under)


def _plan_screen(
    wiring: Wiring, made: Draft, flags: SendFlags, under: Circumstances, *, in_full: bool
) -> list[Block]:
    stage = render.Stage.LIVE
    if wiring.simulated:
        stage = render.Stage.REHEARSAL_DRY if flags.dry_run else render.Stage.REHEARSAL
    return render.screen(
        made.plan,
        made.sheet,
        under.local_now,
        stage,
        made.verdict,
        in_full=in_full,
        most_notes=_MOST_NOTES if wiring.output.interactive and not wiring.output.is_verbose else None,
    )


def _at_another_time(
    wiring: Wiring, prepared: _Prepared, verdict: RuleVerdict, overruling: RuleOverrides, under: Circumstances
) -> tuple[_Prepared, RuleOverrides]:
    """Ask when the mailing shall leave; return what is sent then, and what is overruled."""
    from smsctl.cli.mailings.confirming import ask_when

    plan_request, letter = prepared.plan_request, prepared.plan_request.letter
    leaves = letter.send_at or under.local_now
    chosen = ask_when(wiring, verdict, prepared.gateway.traits, under, leaves)
    if chosen.send_at:
        later = plan_request._replace(letter=letter._replace(send_at=chosen.send_at))
        return prepared._replace(plan_request=later), overruling
    urgent = overruling._replace(urgent=True, reason=chosen.reason)
    return prepared._replace(plan_request=plan_request._replace(urgent=True)), urgent


def _prepare(wiring: Wiring, flags: SendFlags, key: str | None) -> _Prepared:
    configured, payer = wiring.municipality(flags.municipality)
    raw = text.read(wiring, flags)
    gateway = wiring_gateway.gateway(wiring, configured, for_sending=not flags.dry_run)
    given = text.given(raw, read_choices(wiring, flags.text_for, flags.encoding), flags, gateway.traits.parts)
    local_now = wiring.clock.local()
    letter = typed_letter(wiring, configured, given.text, flags, local_now)
    plan_request = plan_request_for(wiring, flags, letter)._replace(
        findings=given.findings, same=given.same, wording=given.wording
    )
    seen.must_plan(wiring, payer.key, plan_request.audience.rule)
    if not flags.dry_run:
        wiring.activate_for_rehearsal(payer)
    return _Prepared(gateway=gateway, plan_request=plan_request, changes=given.changes, key=key)


def _must_hold(wiring: Wiring, plan: Plan, verdict: RuleVerdict, key: str | None) -> None:
    """Raise what refuses the plan. That it has nobody is written down first, under its key."""
    if verdict.refusals or not plan.messages:  # of a plan that another run of this key was quicker with
        must_be_new(wiring.ledger, key)
    if verdict.finds_nobody(plan.messages):
        now, allowed = wiring.clock.now(), not verdict.refusals
        record_nobody(plan, key, wiring.ledger, now, wiring.actor, allowed=allowed)
    verdict.must_hold()


def _nobody(plan: Plan, verdict: RuleVerdict, screen: list[Block]) -> CommandResult:
    sentence = say("Nobody in the audience can be sent to; nothing was sent.")
    return CommandResult(
        data={**render.data(plan, verdict, dry_run=False), "outcome": {}},
        screen=[*screen, TextLine(sentence)],
        summary=sentence,
    )


def _confirmed(wiring: Wiring, plan: Plan, verdict: RuleVerdict) -> Plan:
    """Ask, and return the plan that was agreed to: this one, or the one with the cheaper text."""
    from smsctl.cli.mailings.confirming import confirmed

    count = figures.count(plan.messages)
    question = say_n("Send {count} message?", "Send {count} messages?", n=plan.messages, count=count)
    offered = offer(plan)
    chosen = confirmed(wiring, verdict, question, plan.messages, may_be_cheaper=offered is not None)
    return offered.plan if offered and chosen else plan


def _send(
    wiring: Wiring, made: Draft, prepared: _Prepared, overruling: RuleOverrides, under: Circumstances
) -> CommandResult:
    from smsctl.cli.mailings.departing import Departure, as_shown, depart  # a dry run needs none of it

    if under.lenient:
        overruling = overruling._replace(again=True)  # a rehearsal may send the same text again and again
    plan = as_shown(made.plan)
    new = from_plan(plan, overruling, run_key=prepared.key)._replace(carried=carried_of(plan, made.sheet))
    data = render.data(plan, made.verdict, dry_run=False)
    agreed = Departure(plan=plan, verdict=made.verdict, new=new, gateway=prepared.gateway, data=data)
    return depart(wiring, agreed, under)
