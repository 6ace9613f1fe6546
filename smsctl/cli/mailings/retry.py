"""`smsctl mailings retry ID`: send a mailing again, to those whom it did not reach."""

from collections.abc import Sequence
from typing import Annotated

from smsctl.actions.begin import RuleOverrides, from_plan
from smsctl.actions.ceilings import ceilings_for
from smsctl.actions.may_send import Circumstances
from smsctl.actions.quiet_hours import must_still_be_in_time
from smsctl.actions.retry import MISSED, RetryDraft, RetryRequest, draft_retry
from smsctl.cli import options, seen, wiring_gateway
from smsctl.cli.circumstances import circumstances
from smsctl.cli.mailings import pause
from smsctl.cli.mailings import plan as render
from smsctl.cli.mailings.confirming import ask_when, confirmed
from smsctl.cli.mailings.departing import Departure, as_shown, depart
from smsctl.cli.mailings.drafting import dry_reply, unfit, warn_unattended
from smsctl.cli.mailings.request import SendFlags, overrides_of
from smsctl.cli.options import option
from smsctl.cli.output import figures, whom
from smsctl.cli.output.blocks import GAP, Block, FactList, TextLine, Tone
from smsctl.cli.output.mailings import label_facts
from smsctl.cli.output.phrases import mode, quoted
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_times import read_time
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.errors import InputError, UsageError, say, say_n
from smsctl.ledger import mailings

EXAMPLES = (
    "smsctl mailings retry 12 --dry-run",
    "smsctl mailings retry 12 --state expired",
    "smsctl mailings retry 12 --yes --max-parts 50  # from a script",
)


def run(
    wiring: Wiring,
    mailing: options.MailingId,
    *,
    state: Annotated[
        list[str] | None, option("STATE", "Only these: failed, expired, rejected. Repeatable; else all.")
    ] = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    max_parts: options.MaxParts = None,
    max_new_packages: options.MaxNewPackages = None,
    at: options.At = None,
    urgent: options.Urgent = False,
    reason: options.Reason = None,
    accept_clock: options.AcceptClock = False,
) -> CommandResult:
    """Send a mailing again to those whom it did not reach, as a new mailing with the same text.

    Only messages that failed, expired or were rejected: never one that may still arrive. Blocked numbers and
    those not in use are left out, and so is whoever got the text otherwise. It costs once more.
    """
    flags = SendFlags(urgent=urgent, reason=reason, accept_clock=accept_clock, dry_run=dry_run, yes=yes)
    overruling, states = overrides_of(wiring, flags), _states(state or ())
    if dry_run:
        ledger = wiring.ledger_as_it_is(wiring.settings.ledger_path)
    else:
        wiring.must_be_fit_to_send(accept_clock=accept_clock, reason=reason)
        ledger = wiring.ledger
    if ledger is None:
        raise unfit(wiring, None) or InputError(say("Nothing has been sent yet."))
    parent = seen.told(wiring, mailings.get(ledger, mailing))
    configured, payer = wiring.municipality(parent.municipality.key)
    gateway = wiring_gateway.gateway(wiring, configured, for_sending=not dry_run)
    if not dry_run:
        wiring.activate_for_rehearsal(payer)
    under = circumstances(wiring, ledger, lenient=wiring.simulated)
    attended = wiring.output.interactive
    request = RetryRequest(
        parent=parent,
        municipality=payer,
        states=states,
        ceilings=ceilings_for(wiring.settings, payer.key, max_parts, max_new_packages, is_attended=attended),
        send_at=read_time(at, under.local_now) if at else None,
        urgent=urgent,
    )
    return _plan_and_send(wiring, request, gateway, flags, overruling, under)


def _states(named: Sequence[str]) -> tuple[Status, ...]:
    unknown = [one for one in named if one not in MISSED]
    if unknown:
        raise UsageError(
            say("--state {state}: only what did not arrive is sent again.", state=unknown[0]),
            hint=say("Choose of: {states}.", states=", ".join(MISSED)),
        )
    return tuple(Status(one) for one in named) or MISSED


def _plan_and_send(
    wiring: Wiring,
    request: RetryRequest,
    gateway: Gateway,
    flags: SendFlags,
    overruling: RuleOverrides,
    under: Circumstances,
) -> CommandResult:
    if under.ledger is None:
        raise TypeError(under)
    drafted = draft_retry(request, gateway, under.ledger, under)
    screen = _screen(request.parent, drafted, simulated=wiring.simulated)
    if flags.dry_run:
        wrong = unfit(wiring, under.ledger, accept_clock=flags.accept_clock)
        told = dry_reply(drafted.plan, drafted.verdict, screen, wrong)
        return told._replace(data={**told.data, "retry_of": request.parent.id})
    wiring.output.show(screen)
    if drafted.verdict.is_only_quiet and wiring.output.interactive:
        leaves = request.send_at or under.local_now
        chosen = ask_when(wiring, drafted.verdict, gateway.traits, under, leaves)
        if not chosen.send_at:
            overruling = overruling._replace(urgent=True, reason=chosen.reason)
        request = request._replace(send_at=chosen.send_at or request.send_at, urgent=overruling.urgent)
        drafted = draft_retry(request, gateway, under.ledger, under)
    plan, verdict = as_shown(drafted.plan), drafted.verdict
    data = {**render.data(plan, verdict, dry_run=False), "retry_of": request.parent.id}
    wiring.output.know(data)
    if verdict.ends_in_pause:
        return pause.told(wiring, verdict.ends_in_pause, None, None, plan.order.municipality.key)
    verdict.must_hold()
    warn_unattended(wiring, plan, verdict)
    if not flags.yes:
        n, count = plan.messages, figures.count(plan.messages)
        question = say_n("Send {count} message again?", "Send {count} messages again?", n=n, count=count)
        confirmed(wiring, verdict, question, n)
        must_still_be_in_time(plan.order.letter, under, wiring.clock.local(), urgent=overruling.urgent)
    overruling = overruling._replace(over_day=under.lifts_the_day(urgent=overruling.urgent))
    new = from_plan(plan, overruling)._replace(retry_of=request.parent.id, carried=drafted.carried)
    agreed = Departure(plan=plan, verdict=verdict, new=new, gateway=gateway, data=data)
    return depart(wiring, agreed, under)


def _screen(parent: Mailing, drafted: RetryDraft, *, simulated: bool) -> list[Block]:
    """Return what would be sent again, to how many, and what that costs once more."""
    plan, recipients = drafted.plan, drafted.plan.recipients
    told: dict[str, object] = {
        "ready": figures.count(plan.messages),
        "rows": figures.count(recipients.rows),
        "id": parent.id,
    }
    title = say("{ready} of {rows} whom mailing {id} did not reach get this text again:", **told)
    if recipients.texts is not None:
        title = say("{ready} of {rows} whom mailing {id} did not reach get their text again, of:", **told)
    blocks: list[Block] = [mode(simulated=simulated), GAP, TextLine(title, Tone.STRONG)]
    if recipients.skipped:
        blocks.append(FactList(whom.skipped(whom.counted(recipients))))
    blocks += [GAP, *quoted(plan.order.letter.text.body), GAP]
    asked = render.letter_facts(plan.order.letter, plan.traits)
    blocks.append(FactList([*label_facts(plan.order.label), *asked]))
    blocks += [
        GAP,
        TextLine(render.cost_sentence(plan.bill), Tone.STRONG),
        TextLine(say("The first sending was charged as well.")),
        *map(TextLine, render.package_sentences(plan.bill)),
    ]
    warnings = [*plan.warnings, *render.remarks(drafted.verdict)]
    return [*blocks, *(TextLine(one, Tone.WARN) for one in warnings)]
