"""`smsctl send FILE --group GROUP`: the plan, the question, the mailing."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smsctl.cli import options
from smsctl.cli.output.reply import CommandResult

if TYPE_CHECKING:
    from smsctl.cli.wiring import Wiring  # a help page needs none

EXAMPLES = (
    "smsctl send  # on a terminal: asks for everything",
    "smsctl send --group guardians message.txt",
    'smsctl send --group staff --text "The meeting is at 15 today."',
    "smsctl send --group guardians --group staff message.txt --dry-run",
    "smsctl send --group guardians --where Klass=7B message.txt",
    'smsctl send --group guardians --text "Samtal för ((Elev)) kl ((Tid))."',
    "smsctl send --all message.txt --yes --max-parts 500 --quiet  # from cron",
    'smsctl send --all a.txt --yes --max-parts 500 --key "{date}" --wait 2h',
)


def run(
    wiring: "Wiring",
    file: options.TextFile = None,
    *,
    words: options.Words = None,
    encoding: options.Encoding = None,
    group: options.Group = None,
    where: options.Where = None,
    where_empty: options.WhereEmpty = None,
    terms_not_required: options.TermsNotRequired = False,
    everyone: options.Everyone = False,
    municipality: options.Municipality = None,
    recipients: options.Recipients = None,
    column: options.Column = None,
    delimiter: options.Delimiter = None,
    sheet: options.SheetName = None,
    hidden_rows: options.HiddenRows = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    max_parts: options.MaxParts = None,
    max_new_packages: options.MaxNewPackages = None,
    min_messages: options.MinMessages = None,
    allow_empty: options.AllowEmpty = False,
    skip_invalid: options.SkipInvalid = False,
    replace_typographic: options.ReplaceTypographic = False,
    text_as_it_is: options.TextAsItIs = False,
    text_for: options.TextFor = None,
    one_per_number: options.OnePerNumber = False,
    strict: options.Strict = False,
    sender: options.Sender = None,
    priority: options.Priority = None,
    validity: options.Validity = None,
    at: options.At = None,
    key: options.Key = None,
    wait: options.Wait = None,
    title: options.Title = None,
    case: options.Case = None,
    cost_centre: options.CostCentre = None,
    again: options.Again = False,
    urgent: options.Urgent = False,
    reason: options.Reason = None,
    accept_clock: options.AcceptClock = False,
) -> CommandResult:
    """Send a text to a group out of the recipients file.

    On a terminal, the text and the audience are asked for where they are not given. Shows whom it reaches,
    what it costs and who pays, and asks before anything leaves. One of --group, --where and --all chooses
    who gets it; only people who have accepted the terms do.
    """
    return _perform(wiring, dict(locals()))


def _perform(wiring: "Wiring", typed: Mapping[str, Any]) -> CommandResult:
    # Here, for the help page needs none of it.
    from smsctl.cli.mailings.request import send_flags
    from smsctl.cli.mailings.sending import perform
    from smsctl.cli.text_files import STANDARD_INPUT, files_of

    files = files_of(typed["file"], typed["text_for"] or ())
    texts = [Path(file) for file in files if file != STANDARD_INPUT]
    wiring.names(read=(*texts, typed["recipients"]))
    return perform(wiring, send_flags(typed))
