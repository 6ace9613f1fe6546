"""`smsctl audit`: who did what, when, and from which host."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from smsctl.cli import numbers, options, payers, seen
from smsctl.cli.options import option
from smsctl.cli.output import audited
from smsctl.cli.output.blocks import Block, Text, TextLine
from smsctl.cli.output.export import write_csv
from smsctl.cli.output.fields import Field, data_of, table_of, time_of
from smsctl.cli.output.phrases import only_newest, written
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_times import moments_of, period
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Label
from smsctl.errors import joined, say
from smsctl.ledger import audit, mailings
from smsctl.ledger.audit import AuditRow

EXAMPLES = (
    "smsctl audit",
    "smsctl audit --most 500 --json",
    "smsctl audit --since 2026-01 --until 2026-06 --csv audit.csv",
)

_SHOWN = 50


def run(
    wiring: Wiring,
    most: Annotated[
        int | None, option("ROWS", "How many rows, the newest first.", min=1, max=options.LARGEST)
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    municipality: options.Municipality = None,
    csv: Annotated[Path | None, option("FILE", "Write the rows to a file (0600); - prints.")] = None,
    *,
    replace: options.Replace = False,
) -> CommandResult:
    """Show who changed what, when, from which host, and why: the last 50 rows, or all of a time.

    With --municipality only what was done to it and to its mailings.
    """
    wiring.names(write=(csv,), replace=replace)
    begin, before = moments_of(period(since, until), wiring.clock.local().tzinfo)
    seen_here = seen.seen_by(wiring)
    of = seen_here if municipality is None else {payers.key_of(wiring, municipality)}
    if of is not None and seen_here is not None:
        of &= seen_here
    most = most or (mailings.EVERY if csv or since or until else _SHOWN)
    newest = audit.read(wiring.ledger, most=most + 1, since=begin, before=before, of=of)
    rows = [
        row._replace(
            subject=numbers.shown_text(wiring, row.subject),
            reason=row.reason and numbers.shown_text(wiring, row.reason),
        )
        for row in newest[:most]
    ]
    labels = _labels(wiring, rows)
    fields = _fields(wiring, rows, labels)
    page = write_csv(csv, fields, rows, replace=replace)
    nothing = say("Nothing was done in that time.") if since or until else say("Nothing has been done yet.")
    listed: list[Block] = [TextLine(nothing)]
    if rows:
        whole = say("Each row in full, with its host: --csv FILE")
        listed = [table_of(_in_a_line(wiring, rows, labels), rows[::-1]), TextLine(whole)]
        listed += only_newest(most, more=len(newest) > most)
    screen: list[Block] = [*seen.limits(wiring, seen_here), *([written(csv)] if csv else listed)]
    return CommandResult(data={"audit": [data_of(fields, row) for row in rows]}, screen=screen, page=page)


def _labels(wiring: Wiring, rows: Sequence[AuditRow]) -> Callable[[AuditRow], Label]:
    """Return what tells the title and the case of the mailing that a row is about."""
    about = {mailing for row in rows if (mailing := audit.mailing_of(row.subject)) is not None}
    labels = mailings.labels(wiring.ledger, about)
    return lambda row: labels.get(audit.mailing_of(row.subject) or 0, Label())


def _in_a_line(
    wiring: Wiring, rows: Sequence[AuditRow], label: Callable[[AuditRow], Label]
) -> list[Field[AuditRow]]:
    """Return the columns of a screen: one line for each row, what tells most of it first."""
    hosts = {row.host for row in rows if audited.is_of_a_user(row.user)}

    def who(row: AuditRow) -> Text:
        told = audited.actor(row.user)
        names_it = len(hosts) > 1 and audited.is_of_a_user(row.user)
        return say("{user}, {host}", user=told, host=row.host) if names_it else told

    def what(row: AuditRow) -> Text:
        told = (audited.action(row.action), audited.subject(row.subject), audited.detail(row.detail))
        return joined(*filter(None, (*told, audited.reason(row.reason), label(row).title, label(row).case)))

    return [
        Field("", lambda one: one.id, say("ID"), right=True),
        time_of("", lambda one: one.at, say("When"), wiring.settings.time_zone),
        Field("", who, say("Who")),
        Field("", what, say("What"), cut=True),
    ]


def _fields(
    wiring: Wiring, rows: Sequence[AuditRow], label: Callable[[AuditRow], Label]
) -> list[Field[AuditRow]]:
    """Return what is told of a row; a title and a case stand where any mailing of these rows has one."""
    titled = any(label(row).title for row in rows)
    filed = any(label(row).case for row in rows)
    return [
        Field("id", lambda one: one.id, say("ID")),
        time_of("at", lambda one: one.at, say("When"), wiring.settings.time_zone),
        Field("user", lambda one: one.user, say("Who"), audited.actor),
        Field("host", lambda one: one.host, say("Host"), audited.host),
        Field("action", lambda one: one.action, say("What"), audited.action),
        Field("subject", lambda one: one.subject, say("Of what"), audited.subject),
        Field("title", lambda one: label(one).title, say("Title") if titled else None),
        Field("case", lambda one: label(one).case, say("Case") if filed else None),
        Field("detail", lambda one: one.detail, say("Detail"), audited.detail),
        Field("reason", lambda one: one.reason, say("Why"), audited.reason),
    ]
