"""Drafting a plan with a person beside, who is asked what the recipients file leaves open; and a dry run."""

from collections.abc import Sequence

from smsctl.actions.classify import UnnamedColumnError
from smsctl.actions.draft import Draft, PlanRequest, draft
from smsctl.actions.may_send import Circumstances
from smsctl.cli import dialogue
from smsctl.cli.mailings import plan as render
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, TextLine, Tone
from smsctl.cli.output.phrases import mistake
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway
from smsctl.domain.plan import Plan
from smsctl.domain.verdict import RuleVerdict
from smsctl.errors import ExitCode, LedgerError, SmsctlError, say, say_n
from smsctl.ledger.store import Ledger
from smsctl.spreadsheet.kinds import Hidden, HiddenRowsError

_MOST_PICKED = 9  # of one digit


def drafted(
    wiring: Wiring, plan_request: PlanRequest, gateway: Gateway, under: Circumstances
) -> tuple[PlanRequest, Draft]:
    """Return the draft, and the request as answered. Without a terminal, what is open is an error."""
    while True:
        try:
            with wiring.output.working(say("Reading")) as tell:
                watched = plan_request._replace(reading=plan_request.reading._replace(on_progress=tell))
                return plan_request, draft(watched, gateway, under)
        except HiddenRowsError as error:
            if not wiring.output.interactive:
                raise
            plan_request = plan_request._replace(
                reading=plan_request.reading._replace(hidden=meant(wiring, error))
            )
        except UnnamedColumnError as error:
            if not (wiring.output.interactive and error.proposed.headers):
                raise
            chosen = picked(wiring, error)
            plan_request = plan_request._replace(
                columns={**plan_request.columns, error.proposed.column: chosen}
            )


def warn_unattended(wiring: Wiring, plan: Plan, verdict: RuleVerdict, *, dry_run: bool = False) -> None:
    """Tell the plan's warnings where nobody sees the plan."""
    if wiring.output.speaks_json or not (wiring.output.shows or dry_run):
        for warning in (*plan.warnings, *render.remarks(verdict)):
            wiring.output.warn(warning)


def dry_reply(
    plan: Plan, verdict: RuleVerdict, screen: Sequence[Block], unfit: LedgerError | None = None
) -> CommandResult:
    """Return what a dry run answers; `unfit`: why nothing would be sent from the ledger now.

    Where the real run would end well for a pause, and look no further, what else refuses is only told.
    """
    refusals, paused = (*verdict.refusals, *verdict.waits), verdict.ends_in_pause is not None
    errors: list[SmsctlError] = [verdict.error] if verdict.error else [one.error for one in verdict.waits]
    level = "warning" if paused else "error"
    said = [Note(code=one.rule, level=level, text=one.sentence) for one in refusals]
    if unfit:
        errors.append(unfit)
        said.append(Note(code=unfit.code, level="error", text=unfit.sentence))
    why = [block for error in errors for block in (GAP, *mistake(error))]
    stops = errors if unfit or not paused else []
    hints = [*(one.hint for one in refusals), unfit.hint if unfit else None]
    return CommandResult(
        data={**render.data(plan, verdict, dry_run=True), **({"paused": True} if paused else {})},
        screen=[*screen, *why, GAP, TextLine(say("Dry run: nothing was sent, nothing was written."))],
        said=said,
        advice=[one for one in hints if one],
        exit_code=stops[-1].exit_code if stops else ExitCode.OK,
        is_told_always=paused,
    )


def unfit(wiring: Wiring, ledger: Ledger | None, *, accept_clock: bool = False) -> LedgerError | None:
    """Return why nothing would be sent from the live ledger now; a rehearsal has one of its own."""
    if wiring.simulated:
        return None
    from smsctl.ledger import fitness, restoring

    try:
        if ledger is None:
            restoring.refuse_missing(wiring.settings.ledger_path)
        elif accept_clock:
            restoring.refuse_restored(ledger)
        else:
            fitness.must_be_fit(ledger, wiring.clock.now())
    except LedgerError as error:
        return error
    return None


def meant(wiring: Wiring, error: HiddenRowsError) -> Hidden:
    """Ask whether hidden rows are meant too."""
    wiring.output.show([TextLine(error.sentence, Tone.WARN)])
    question = say_n("Send to {n} hidden row too?", "Send to the {n} hidden rows too?", n=error.n)
    return Hidden.SEND if dialogue.agrees(wiring.output, question) else Hidden.SKIP


def picked(wiring: Wiring, error: UnnamedColumnError) -> tuple[str, ...]:
    """Let a person pick one of the columns; nothing is picked for them."""
    headers = error.proposed.headers[:_MOST_PICKED]
    numbered = {str(number): header for number, header in enumerate(headers, 1)}
    wiring.output.show(
        [TextLine(error.sentence, Tone.WARN), FactList([Fact(n, [one]) for n, one in numbered.items()])]
    )
    answer = dialogue.ask_text(
        wiring.output,
        say("Which of them is {column}? Its figure, or several as 1, 2", column=error.proposed.column),
        default="-",
        refuse=lambda text: None if _chosen(text, numbered) else say("Type one of the figures."),
    )
    chosen = _chosen(answer, numbered)
    if not chosen:
        raise error
    wiring.output.show([TextLine(error.proposed._replace(headers=chosen).told)])
    return chosen


def _chosen(text: str, numbered: dict[str, str]) -> tuple[str, ...]:
    words = text.replace(",", " ").split()
    return (
        tuple(numbered[word] for word in words) if words and all(word in numbered for word in words) else ()
    )
