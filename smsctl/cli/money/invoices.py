"""`smsctl invoices …`: one line for each package that was opened, and the supplier's bill beside them."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

from smsctl.actions import post_month
from smsctl.actions.compare import compare, veiled_nodes
from smsctl.actions.post_month import Drafted
from smsctl.cli import options, payers
from smsctl.cli.money import invoices_screen as render
from smsctl.cli.money import postings_screen as posted_screen
from smsctl.cli.options import argument, flag, option
from smsctl.cli.output import export
from smsctl.cli.output.phrases import written as file_written
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.typed_times import month as typed_month
from smsctl.cli.typed_times import period
from smsctl.cli.wiring import Wiring
from smsctl.errors import InputError, LedgerError, OutputError, UsageError, say
from smsctl.ledger import lock
from smsctl.ledger.invoices import hand_over, invoices_of, list_without_marks, note_of_list, take_back

EXAMPLES = {
    "list": ("smsctl invoices list", "smsctl invoices list --municipality exempelkommun --json"),
    "export": (
        "smsctl invoices export --csv invoices.csv",
        "smsctl invoices export --csv 2026-11.csv --mark",
    ),
    "postings": (
        "smsctl invoices postings --month 2026-11 --csv 2026-11.csv",
        "smsctl invoices postings --month 2026-12 --preview",
    ),
    "compare": (
        "smsctl invoices compare supplier.csv",
        "smsctl invoices compare nodes.csv --since 2026-11 --until 2026-11",
    ),
}


def run_list(wiring: Wiring, municipality: options.Municipality = None) -> CommandResult:
    """List the invoices: one for each package opened, at its price, and whether it was handed over."""
    key = None if municipality is None else payers.key_of(wiring, municipality)
    found = invoices_of(wiring.ledger, key)
    screen = render.listed(found, wiring.called)
    return CommandResult(data={"invoices": render.data(found)}, screen=screen, is_of_the_ledger=True)


def run_export(
    wiring: Wiring,
    csv: Annotated[Path | None, option("FILE", "The file to write; - prints.")] = None,
    *,
    municipality: options.Municipality = None,
    mark: Annotated[bool, flag("--mark", "Mark them as handed over.")] = False,
    undo: Annotated[
        bool, flag("--undo", "Take back the latest marks, as if they were not handed over.")
    ] = False,
    again: Annotated[bool, flag("--all", "Also those that were handed over before.")] = False,
    replace: options.Replace = False,
) -> CommandResult:
    """Write the invoices that are not yet handed over to a file: one line for each package opened.

    With --undo nothing is written: those that were marked last are not handed over any more. Said a second
    time, it takes back what was marked before with --all only.
    """
    wiring.names(write=(csv,), replace=replace)
    ledger = wiring.ledger
    key = None if municipality is None else payers.key_of(wiring, municipality)
    if undo is (csv is not None) or (undo and mark):
        raise UsageError(say("Name the file to write with --csv FILE; or use --undo alone."))
    if csv is None:
        with ledger.transaction():
            found = take_back(ledger, key, wiring.clock.now(), wiring.actor, even_earlier=again)
        told: dict[str, object] = {"path": None, "invoices": render.data(found), "marked": False}
        return CommandResult(data=told, screen=render.taken_back(found), is_told_always=not found)
    with lock.right_to_hand_over(ledger) if mark else nullcontext():
        with ledger.transaction():  # not of a file that was copied: others have handed over since
            found = invoices_of(ledger, key, only_new=not again)
        if earlier := list_without_marks(ledger):
            tell = wiring.output.insist if mark else wiring.output.warn  # without, nothing is handed over
            tell(_TWICE.given(day=earlier[0], path=earlier[1]))
        with _noted(wiring, csv, earlier) if mark else nullcontext():
            page = export.write_csv(csv, render.fields(wiring.called), found, replace=replace)
            page = _taken(wiring, page) if mark and page else page  # no ledger is held meanwhile
        if mark:
            new = [one for one in found if one.handed_over_day is None]
            try:
                with ledger.transaction():
                    hand_over(ledger, new, wiring.clock.now(), wiring.actor)
            except (LedgerError, KeyboardInterrupt):  # a COMMIT in doubt too: the list is out
                wiring.output.insist(_NOT_SURE)
                raise
    data = {"path": str(csv), "invoices": render.data(found), "marked": mark}
    return CommandResult(data=data, screen=render.exported(found, csv, marked=mark), page=page)


@contextmanager
def _noted(wiring: Wiring, csv: Path, earlier: tuple[str, str] | None) -> Iterator[None]:
    """Let the ledger know of a list before it is out, until its invoices are marked: a run may be killed."""
    ledger, place = wiring.ledger, "-" if csv == export.STANDARD_OUTPUT else str(csv.absolute())
    with ledger.transaction():
        note_of_list(ledger, (wiring.clock.now().day, place))
    try:
        yield
    except (InputError, OutputError):  # nobody has it
        with ledger.transaction():
            note_of_list(ledger, earlier)
        raise


_TWICE = say(
    "An export of {day} to {path} has not come to marking its invoices as handed over. If that list is in"
    " use, this one hands them over once more.",
    day="",
    path="",
)


_NOT_SURE = say(
    "The list is written, and it is not certain that its invoices are marked as handed over. Before anybody"
    " uses it, look at: smsctl invoices list"
)


_NOT_CLOSED = say(
    "{path} is written, and it is not certain that {month} is closed. Nobody may use it before the same"
    " command has ended well: it may become another one.",
    path="",
    month="",
)


def _taken(wiring: Wiring, page: str) -> str:
    """Print the page before anything is marked; return what is left to print. Raises OutputError."""
    if not wiring.output.hand_out(page):
        raise OutputError(
            say("Nobody took the list that was printed: no invoice is marked as handed over."),
            hint=say("Name a file: --csv FILE"),
        )
    return ""


def run_postings(
    wiring: Wiring,
    month: Annotated[str, option("MONTH", "A month that has ended: 2026-11.")],
    csv: Annotated[Path | None, option("FILE", "The file to write; - prints.")] = None,
    *,
    preview: Annotated[bool, flag("--preview", "Only show the month, also one that has not ended.")] = False,
    replace: options.Replace = False,
) -> CommandResult:
    """Write what each cost centre pays for a month, balanced by a contra line, and close the month.

    A closed month is never written otherwise: a second time gives the same file, and what is corrected
    later is a line of its own in the next month.
    """
    if preview and csv is not None:
        raise UsageError(say("--preview only shows the month and writes no file: leave out one of them."))
    wiring.names(write=(csv,), replace=replace)
    wanted, settings, ledger = typed_month("--month", month), wiring.settings, wiring.ledger
    contra = settings.contra_cost_centre or ""
    if preview:
        alone = not post_month.is_next(ledger, wanted)
        drafted = post_month.draft(ledger, wanted, contra, alone=alone)
        screen = posted_screen.screen(drafted, wiring.called, settings.cost_centres)
        data, notes = posted_screen.data(drafted, None, wanted, None), posted_screen.left_out(drafted)
        return CommandResult(data=data, screen=screen, notes=notes, is_of_the_ledger=True)
    if csv is None:
        raise UsageError(say("Name the file to write with --csv FILE, or look with --preview."))

    def written(lines: Drafted) -> str:
        titles = posted_screen.fields(lines, wiring.called, settings.cost_centres)
        return export.csv_text(titles, lines.lines)

    is_written = False
    try:
        with ledger.transaction():
            posted, new = post_month.post(ledger, wanted, contra, written, wiring.clock.now(), wiring.actor)
            page = export.write_csv_text(csv, posted.content, replace=replace)
            is_written = page is None and new is not None
    except (LedgerError, KeyboardInterrupt):  # a COMMIT in doubt too, as with `--mark`
        if is_written:
            wiring.output.insist(_NOT_CLOSED.given(path=csv, month=wanted))
        raise
    screen = posted_screen.screen(new, wiring.called, settings.cost_centres) if new else []
    screen += [posted_screen.closed(posted, settings.time_zone, again=new is None)]
    screen += [] if page else [file_written(csv)]
    data, notes = posted_screen.data(new, posted, wanted, csv), posted_screen.left_out(new)
    told = CommandResult(data=data, screen=screen, notes=notes, page=page, is_of_the_ledger=new is not None)
    return told._replace(is_told_always=bool(notes))  # nobody can do anything about it later


def run_compare(
    wiring: Wiring,
    file: Annotated[Path, argument("FILE", "CSV with parts per month, per invoice node, or both.")],
    since: options.Since = None,
    until: options.Until = None,
) -> CommandResult:
    """Compare the gateway supplier's figures with ours and show the differences.

    The file needs a column parts, and month or invoice_node (Swedish headings are known too). Without
    --since and --until all is compared from the first month of the file to its last; a file without months,
    with all that was sent.
    """
    wiring.names(read=(file,))
    lines = compare(wiring.ledger, file, period(since, until))
    if not wiring.numbers_in_full:
        paying = wiring.settings.municipalities.values()
        known = {one.invoice_node for one in paying if one.invoice_node} | {*wiring.settings.cost_centres}
        lines = veiled_nodes(lines, known)
    differ = any(one.difference for one in lines)
    if not wiring.output.speaks_json:  # there may be very many: not as data too
        return CommandResult(screen=render.compared(lines), is_told_always=differ)
    told = say("The supplier's figures and ours differ.")
    notes = [Note(code="difference", level="warning", text=told)] if differ else []
    return CommandResult(data=render.compared_data(lines), notes=notes)
