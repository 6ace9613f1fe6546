"""`smsctl recipients check`: the whole recipients file, before anything is sent."""

import typer

from smsctl.actions.classify import classify_sheet
from smsctl.cli import numbers, options
from smsctl.cli.operations import recipients as render
from smsctl.cli.output.blocks import GAP
from smsctl.cli.output.phrases import mistake
from smsctl.cli.output.reply import CommandResult, Note, notes_of
from smsctl.cli.typed_rows import named_columns, reading_of
from smsctl.cli.wiring import Wiring
from smsctl.domain import elsewhere
from smsctl.domain.audience import Audience
from smsctl.domain.recipients import RowRules
from smsctl.spreadsheet import open_sheet

EXAMPLES = (
    "smsctl recipients check",
    "smsctl recipients check --recipients guardians.csv --column number=Mobil",
)


def run(
    ctx: typer.Context,
    recipients: options.Recipients = None,
    column: options.Column = None,
    delimiter: options.Delimiter = None,
    sheet: options.SheetName = None,
    hidden_rows: options.HiddenRows = None,
    municipality: options.Municipality = None,
) -> CommandResult:
    """Check the whole recipients file: every row of every group, and what was assumed in reading it.

    Exit code 8 when a row must be mended.
    """
    wiring: Wiring = ctx.obj
    settings = wiring.settings
    configured, _ = wiring.municipality(municipality)
    path = wiring.recipients_path(recipients, configured)
    overrides = {**settings.columns, **named_columns(column or ())}
    reading = reading_of(delimiter, sheet, hidden_rows)
    opened = open_sheet(path, reading._replace(numbers=overrides.get("number", ())))
    names = (configured.key, configured.name) if municipality else settings.municipality_names
    audience = Audience(everyone=True, municipality=frozenset(names))
    rules = RowRules(numbers=numbers.reader(wiring), require_terms=settings.require_accepted_terms)
    found = classify_sheet(opened, overrides, audience, rules)
    warnings = elsewhere.warnings(found, settings.municipality_names)
    checked = CommandResult(
        data=render.data(opened, found),
        screen=render.screen(opened, found, warnings, settings.time_zone),
        said=[Note(code="warning", level="warning", text=warning) for warning in warnings],
    )
    wrong = render.to_mend(opened, found)
    if wrong is None:
        return checked
    return checked._replace(
        screen=[*checked.screen, GAP, *mistake(wrong)],
        said=[*checked.said, *notes_of(wrong)],
        exit_code=wrong.exit_code,
    )
