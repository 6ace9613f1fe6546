"""`smsctl mailings recipients ID`: who got it, who did not, and why."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Annotated

from smsctl.actions.ending import left_unsettled
from smsctl.cli import numbers, options, seen
from smsctl.cli.mailings import register
from smsctl.cli.options import flag, option
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.export import write_csv
from smsctl.cli.output.fields import data_of, table_of
from smsctl.cli.output.mailings import subject_of
from smsctl.cli.output.phrases import and_more, written
from smsctl.cli.output.reply import CommandResult, warnings_of
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.errors import UsageError, say, say_n
from smsctl.ledger import carried
from smsctl.ledger.everyone import PersonRow, everyone

EXAMPLES = (
    "smsctl mailings recipients 12",
    "smsctl mailings recipients 12 --state failed --state expired",
    "smsctl mailings recipients 12 --not-in-use --csv dead.csv",
)


def run(
    wiring: Wiring,
    mailing: options.MailingId,
    *,
    state: Annotated[
        list[str] | None, option("STATE", "Only messages in this state, as delivered. Repeatable.")
    ] = None,
    skipped: Annotated[bool, flag("--skipped", "Only rows that got no message.")] = False,
    not_in_use: Annotated[
        bool, flag("--not-in-use", "Only numbers that will never work: those to correct.")
    ] = False,
    csv: options.ListFile = None,
    replace: options.Replace = False,
) -> CommandResult:
    """List everyone of a mailing, in the order of the recipients file: state, when, and why.

    Several of --state, --skipped and --not-in-use list whoever fits any of them.
    """
    wiring.names(write=(csv,), replace=replace)
    wanted = _wanted(state or (), skipped=skipped, not_in_use=not_in_use)
    ledger, zone = wiring.ledger, wiring.settings.time_zone
    found = seen.with_recipients(wiring, mailing)

    def chosen() -> Iterator[PersonRow]:
        return filter(wanted, everyone(ledger, found))

    fields = register.in_a_file(carried.headings(ledger, found.id), zone)
    page = write_csv(csv, fields, chosen(), replace=replace)
    fields = register.on_screen(partial(numbers.shown_written, wiring), zone)
    shown = list(islice(chosen(), register.SHOWN))
    # There may be very many: each once, and only where they are asked for.
    listed = [data_of(fields, one) for one in chosen()] if wiring.output.speaks_json else []
    total = len(listed) or (sum(1 for _ in chosen()) if len(shown) == register.SHOWN else len(shown))
    screen: list[Block] = [written(csv)] if csv else []
    if not csv:
        table = [table_of(fields, shown)] if shown else [TextLine(say("Nobody."))]
        screen = [_title(found, zone), *table, *and_more(total, register.SHOWN, "--csv")]
    return CommandResult(
        data={"mailing": found.id, "rows": total, "recipients": listed},
        screen=screen,
        is_of_the_ledger=True,
        page=page,
        notes=warnings_of(left_unsettled(ledger, found)),
    )


def _wanted(states: Sequence[str], *, skipped: bool, not_in_use: bool) -> Callable[[PersonRow], bool]:
    """Return what says of a row whether it is asked for. Raises UsageError for a state that there is not."""
    named = set(Status)
    unknown = [one for one in states if one not in named]
    if unknown:
        raise UsageError(
            say("--state {state}: there is no such state.", state=unknown[0]),
            hint=say("The states are: {states}.", states=", ".join(Status)),
        )
    if not (states or skipped or not_in_use):
        return lambda _: True
    return lambda one: (
        (one.state is None and skipped)
        or (one.state is not None and one.state in states)
        or (not_in_use and one.is_dead)
    )


def _title(mailing: Mailing, zone: str) -> TextLine:
    told = say_n(
        "Mailing {id}, {when}, {what}, {municipality}: {count} row",
        "Mailing {id}, {when}, {what}, {municipality}: {count} rows",
        n=mailing.rows,
        id=mailing.id,
        when=figures.local(mailing.created_at, zone),
        what=subject_of(mailing),
        municipality=mailing.municipality.name,
        count=figures.count(mailing.rows),
    )
    return TextLine(told, Tone.STRONG)
