"""What came back, on a screen: how many reports, what became of them, and those that fit no message."""

from collections.abc import Sequence

from smsctl.actions.report import IntakeCounts
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Fact, FactList, TextLine, Tone
from smsctl.cli.output.fields import Field, table_of, time_of
from smsctl.cli.output.phrases import NO_REPORT_YET, and_more
from smsctl.cli.output.reply import CommandResult
from smsctl.errors import ExitCode, Sentence, say, say_n
from smsctl.ledger.inbox import IncomingKind
from smsctl.ledger.reports import KeptReport, ReportFate


def _taken_data(taken: IntakeCounts) -> dict[str, object]:
    """Return what was taken in, for the envelope."""
    return {
        "reports": {str(fate): n for fate, n in taken.reports.items()},
        "incoming": {
            **{str(kind): n for kind, n in taken.incoming.items()},
            "repeated": taken.repeated,
            "dropped": taken.dropped,
        },
        "blocked": taken.blocked,
    }


def _taken_screen(taken: IntakeCounts) -> list[Block]:
    """Return what was taken in."""
    facts = [
        Fact(figures.count(taken.reports[fate]), [_FATES[fate]], _TONES.get(fate, Tone.PLAIN))
        for fate in ReportFate
        if taken.reports[fate]
    ]
    facts += [
        Fact(figures.count(taken.incoming[kind]), [_KINDS[kind]])
        for kind in IncomingKind
        if taken.incoming[kind]
    ]
    if taken.blocked:
        facts.append(Fact(figures.count(taken.blocked), [say("put on the block list")]))
    if not facts:
        return [TextLine(say("Nothing new."))]
    blocks: list[Block] = [FactList(facts)]
    if taken.reports[ReportFate.UNMATCHED] or taken.reports[ReportFate.CONTRADICTS]:
        blocks.append(TextLine(say("Look at them with: smsctl reports unmatched")))
    return blocks


def taken_result(taken: IntakeCounts, code: ExitCode = ExitCode.OK) -> CommandResult:
    """Return what a command answers with that took something in."""
    return CommandResult(
        data=_taken_data(taken),
        screen=_taken_screen(taken),
        is_of_the_ledger=True,
        summary=_taken_summary(taken),
        exit_code=code,
    )


def _taken_summary(taken: IntakeCounts) -> Sentence:
    """Return the one line for a log."""
    return say_n(
        "{n} delivery report ({applied} applied, {early} early, {repeated} repeated, {unmatched} unmatched),"
        " {incoming} incoming SMS.",
        "{n} delivery reports ({applied} applied, {early} early, {repeated} repeated, {unmatched} unmatched),"
        " {incoming} incoming SMS.",
        n=taken.reports.total(),
        applied=taken.reports[ReportFate.APPLIED] + taken.reports[ReportFate.TWICE],  # told of besides
        early=taken.reports[ReportFate.WAITING],
        repeated=taken.reports[ReportFate.REPEATED],
        unmatched=taken.reports[ReportFate.UNMATCHED] + taken.reports[ReportFate.CONTRADICTS],
        incoming=taken.incoming.total(),
    )


def kept_fields(zone: str) -> list[Field[KeptReport]]:
    """Return what is told of a report that was not applied."""
    return [
        time_of("at", lambda one: one.at, say("When"), zone),
        Field("source", lambda one: one.source),
        Field("gateway", lambda one: one.report.gateway, say("Gateway")),
        Field("number", lambda one: one.report.number, say("Number")),
        Field("code", lambda one: one.report.code, say("Code")),
        Field("", lambda one: one.report.reference or one.report.gateway_id, say("Reference")),
        Field("reference", lambda one: one.report.reference),
        Field("gateway_id", lambda one: one.report.gateway_id),
        Field("state", lambda one: one.report.told.status),
        Field("text", lambda one: one.report.text),
        Field("told_at", lambda one: one.report.told_at),
        Field("fate", lambda one: one.fate, say("Why"), _FATES.__getitem__),
    ]


def kept(
    fields: Sequence[Field[KeptReport]], rows: Sequence[KeptReport], total: int, *, have_come: bool
) -> list[Block]:
    """Return the reports that were not applied; `have_come`: there has been one at all."""
    if not rows:
        return [TextLine(say("Every delivery report fits a message.") if have_come else NO_REPORT_YET)]
    return [table_of(fields, rows), *and_more(total, len(rows), "--export")]


_FATES = {
    ReportFate.APPLIED: say("reports applied to their messages"),
    ReportFate.REPEATED: say("reports known already"),
    ReportFate.WAITING: say("waits for the answer to its message"),
    ReportFate.UNMATCHED: say("fits no message of this ledger"),
    ReportFate.TWICE: say("prove that the gateway took a message twice: both count"),
    ReportFate.CONTRADICTS: say("contradicts the message's final state"),
}
_TONES = {
    ReportFate.APPLIED: Tone.GOOD,
    ReportFate.UNMATCHED: Tone.WARN,
    ReportFate.TWICE: Tone.WARN,
    ReportFate.CONTRADICTS: Tone.WARN,
}
_KINDS = {
    IncomingKind.OURS: say("incoming SMS"),
    IncomingKind.STOP: say("incoming SMS that ask to stop"),
    IncomingKind.OTHER: say("incoming SMS for another endpoint code"),
}
