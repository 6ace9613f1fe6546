"""`smsctl mailings find NUMBER`: did she get it? Everything about one number, over all mailings."""

from pathlib import Path

from smsctl.cli import numbers, options, seen
from smsctl.cli.mailings import register
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.export import write_csv
from smsctl.cli.output.fields import Field, data_of, table_of, time_of
from smsctl.cli.output.mailings import subject_of
from smsctl.cli.output.phrases import written
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.recipients import told
from smsctl.domain.spelling import mask
from smsctl.errors import say, say_n
from smsctl.ledger import audit, finding
from smsctl.ledger.finding import Found, FoundMessage

EXAMPLES = (
    "smsctl mailings find 070-1740605",
    'smsctl mailings find 070-1740605 --csv request.csv --reason "BUN 2026/123"',
)


def run(
    wiring: Wiring,
    number: options.OneNumber,
    csv: options.ListFile = None,
    *,
    replace: options.Replace = False,
    reason: options.Reason = None,
) -> CommandResult:
    """Find what went to a number, when, and what came of it; also where it was left out, and why.

    The search is written in the audit. The file has the texts too: for whoever asks what is kept of them.
    """
    wiring.names(write=(csv,), replace=replace)
    wanted, zone, of = numbers.read(wiring, number), wiring.settings.time_zone, seen.seen_by(wiring)
    ledger, subject = wiring.ledger, f"number {mask(wanted)}"
    with ledger.transaction():
        audit.record(ledger, wiring.clock.now(), wiring.actor, "find", subject, reason=reason)
    found = _named(wiring, finding.find(ledger, wanted, of))
    fields = _fields(zone)
    shown = numbers.shown(wiring, wanted)
    same = (one for one in found.messages if one.same_name)
    page = write_csv(csv, _in_a_file(wanted, zone), same, replace=replace)
    screen = [*seen.limits(wiring, of), *_screen(found, shown, fields)]
    if csv:
        screen += _written(found, csv)
    return CommandResult(
        data={
            "number": shown,
            "messages": [data_of(fields, one) for one in found.messages],
            "skipped": [
                {"mailing": one.mailing.id, "reason": told(one.reason), "same_name": one.same_name}
                for one in found.skipped
            ],
            "blocked": found.is_blocked,
            "incoming": found.incoming,
            "purged_until": found.purged_until,
        },
        screen=screen,
        page=page,
        is_of_the_ledger=True,
    )


def _named(wiring: Wiring, known: Found) -> Found:
    return known._replace(
        messages=tuple(one._replace(mailing=wiring.named(one.mailing)) for one in known.messages),
        skipped=tuple(one._replace(mailing=wiring.named(one.mailing)) for one in known.skipped),
    )


def _fields(zone: str) -> list[Field[FoundMessage]]:
    return [
        Field("mailing", lambda one: one.mailing.id, say("Mailing"), right=True),
        time_of("at", lambda one: one.at, say("When"), zone),
        Field("municipality", lambda one: one.mailing.municipality.key),
        Field("", lambda one: subject_of(one.mailing), say("To")),
        Field("state", lambda one: one.state, say("State"), figures.state),
        time_of("reported_at", lambda one: one.reported_at, say("Reported"), zone),
        Field("cause", lambda one: one.cause, say("Why"), lambda one: register.CAUSES[one] if one else ""),
        Field("same_name", lambda one: one.same_name),
    ]


def _in_a_file(number: str, zone: str) -> list[Field[FoundMessage]]:
    return [
        Field("", lambda one: one.mailing.id, say("Mailing")),
        time_of("", lambda one: one.at, say("When"), zone),
        Field("", lambda one: one.mailing.municipality.name, say("Municipality")),
        Field("", lambda one: one.mailing.letter.sender, say("Sender")),
        Field("", lambda _: register.written(number), say("Number")),
        Field("", lambda one: one.name, say("Name")),
        Field("", lambda one: one.body, say("Text")),
        Field("", lambda one: one.state, say("State"), figures.state),
        time_of("", lambda one: one.reported_at, say("Reported"), zone),
        Field("", lambda one: one.cause, say("Why"), lambda one: register.CAUSES[one] if one else ""),
    ]


def _screen(known: Found, shown: str, fields: list[Field[FoundMessage]]) -> list[Block]:
    """Return what is known of the number; the newest first."""
    head = say("Nothing was sent to {number}.", number=shown)
    if known.messages:
        head = say(
            "{number}: {messages} in {mailings}",
            number=shown,
            messages=figures.messages(len(known.messages)),
            mailings=say_n("{n} mailing", "{n} mailings", n=len({one.mailing.id for one in known.messages})),
        )
    blocks: list[Block] = [TextLine(head, Tone.STRONG)]
    if known.messages:
        blocks.append(table_of(fields, known.messages))
    for one in known.skipped:
        why = figures.reason(told(one.reason))
        blocks.append(TextLine(say("Left out: mailing {id}, {why}.", id=one.mailing.id, why=why)))
    same = [*(one.same_name for one in known.messages), *(one.same_name for one in known.skipped)]
    if others := same.count(False):
        told_of = say_n(
            "{n} of them is under another name than the newest: the number may have been somebody else's.",
            "{n} of them are under another name than the newest: the number may have been somebody else's.",
            n=others,
        )
        blocks.append(TextLine(told_of, Tone.WARN))
    blocks.append(TextLine(say("On the block list.") if known.is_blocked else say("Not on the block list.")))
    if known.incoming:
        came = say_n(
            "{n} incoming SMS: smsctl inbox list", "{n} incoming SMS: smsctl inbox list", n=known.incoming
        )
        blocks.append(TextLine(came))
    if known.purged_until:
        day = known.purged_until
        gone = say("Mailings up to {day} were purged: whom they reached is not known.", day=day)
        blocks.append(TextLine(gone))
    return blocks


def _written(known: Found, csv: Path) -> list[Block]:
    blocks: list[Block] = [written(csv)]
    if left_out := sum(not one.same_name for one in known.messages):
        told_of = say_n(
            "{n} message under another name is not in the file.",
            "{n} messages under another name are not in the file.",
            n=left_out,
        )
        blocks.append(TextLine(told_of, Tone.WARN))
    return blocks
