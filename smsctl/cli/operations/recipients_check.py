"""`smsctl recipients check`: the whole recipients file, before anything is sent."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from smsctl.actions.classify import classify_sheet
from smsctl.actions.cost_centres import by_cost_centre
from smsctl.cli import numbers, options, wiring_gateway
from smsctl.cli.options import option
from smsctl.cli.output import envelope, figures, filled, whom
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, TextLine, Tone
from smsctl.cli.output.phrases import mistake
from smsctl.cli.output.reply import CommandResult, Note, notes_of
from smsctl.cli.text_files import read_wording
from smsctl.cli.typed_rows import named_columns, reading_of
from smsctl.cli.wiring import Wiring
from smsctl.config.settings import MunicipalitySettings
from smsctl.domain import elsewhere
from smsctl.domain.audience import Audience, Outside, titled
from smsctl.domain.cells import veiled
from smsctl.domain.recipients import Recipients, RowRules
from smsctl.domain.wording import TextRules
from smsctl.errors import InputError, Sentence, UsageError, joined, say, say_n
from smsctl.spreadsheet import Sheet, open_sheet

EXAMPLES = (
    "smsctl recipients check",
    "smsctl recipients check --recipients guardians.csv --column number=Mobil",
    "smsctl recipients check --text message.txt",
)


def run(
    wiring: Wiring,
    recipients: options.Recipients = None,
    *,
    column: options.Column = None,
    delimiter: options.Delimiter = None,
    sheet: options.SheetName = None,
    hidden_rows: options.HiddenRows = None,
    municipality: options.Municipality = None,
    text: Annotated[
        str | None, option("FILE", "Also fill in this text: show the first rows', and each bad cell.")
    ] = None,
    text_for: options.TextFor = None,
    encoding: options.Encoding = None,
) -> CommandResult:
    """Check the whole recipients file: every row of every group, and what was assumed in reading it.

    Exit code 8 when a row must be mended.
    """
    settings = wiring.settings
    configured, _ = wiring.municipality(municipality)
    path = wiring.recipients_path(recipients, configured)
    overrides = {**settings.columns, **named_columns(column or ())}
    reading = reading_of(delimiter, sheet, hidden_rows)
    names = configured.spellings if municipality else frozenset(settings.municipality_names)
    audience = Audience(everyone=True, municipality=names)
    rules = RowRules(numbers=numbers.reader(wiring), require_terms=settings.require_accepted_terms)
    rules = rules._replace(texts=_texts(wiring, text, text_for or (), encoding, configured))
    with wiring.output.working(say("Reading")) as tell:
        reading = reading._replace(numbers=overrides.get("number", ()), on_progress=tell)
        opened = open_sheet(path, reading)
        found = classify_sheet(opened, overrides, audience, rules)
    warnings = [*elsewhere.warnings(found, settings.municipality_names), *found.untold]
    checked = CommandResult(
        data={**_data(opened, found), "personal": filled.data(found, rules.texts and rules.texts.profile)},
        screen=[*_screen(opened, found, warnings, settings.time_zone), *_filled(wiring, found)],
        said=[Note(code="warning", level="warning", text=one) for one in _doubts(opened, found, warnings)],
    )
    wrong = _to_mend(opened, found) or _not_charged(wiring, found, opened, overrides)
    if wrong is None:
        return checked
    return checked._replace(
        screen=[*checked.screen, GAP, *mistake(wrong)],
        said=[*checked.said, *notes_of(wrong)],
        exit_code=wrong.exit_code,
    )


_ROWS = 3  # whose texts are shown


def _texts(
    wiring: Wiring,
    text: str | None,
    text_for: Sequence[str],
    encoding: str | None,
    payer: MunicipalitySettings,
) -> TextRules | None:
    """Return what each row's text is made of, where one is to be tried."""
    if text is None:
        if text_for:
            raise UsageError(say("--text-for goes with --text."))
        return None
    wording = read_wording(wiring, text, text_for, encoding)
    traits = wiring_gateway.gateway(wiring, payer, for_sending=False).traits
    return TextRules(wording=wording, profile=traits.parts, max_parts=traits.max_parts)


def _filled(wiring: Wiring, recipients: Recipients) -> list[Block]:
    """Return the first texts, where one was tried."""
    if recipients.texts is None:
        return []
    return [GAP, *filled.rows(recipients.ready, recipients.texts, _ROWS, in_full=wiring.numbers_in_full)]


def _not_charged(
    wiring: Wiring, recipients: Recipients, opened: Sheet, overrides: Mapping[str, tuple[str, ...]]
) -> InputError | None:
    """Return what must be mended of the cost centres."""
    try:
        by_cost_centre(recipients, opened, overrides, None, wiring.settings.cost_centres)
    except InputError as error:
        return error
    return None


_DELIMITERS = {";": say("semicolon"), ",": say("comma"), "\t": say("tab")}


def _data(sheet: Sheet, recipients: Recipients) -> dict[str, object]:
    """Return the check for the envelope."""
    return {
        "path": str(sheet.path),
        "encoding": sheet.encoding,
        "delimiter": sheet.delimiter,
        "sheet": sheet.name or None,
        "columns": [*map(veiled, sheet.header)],
        "groups": list(recipients.groups),
        "recipients": {
            **whom.data_of(recipients),
            "bad": recipients.bad_count,
            "without_municipality": recipients.outside_by_reason().get(Outside.NO_MUNICIPALITY, 0),
        },
        "problems": [envelope.text(sentence) for sentence in recipients.bad],
    }


def _screen(sheet: Sheet, recipients: Recipients, warnings: Sequence[Sentence], zone: str) -> list[Block]:
    """Return the check as a person reads it."""
    ready, rows = figures.count(len(recipients.ready)), figures.count(recipients.rows)
    return [
        _read_as(sheet, recipients, zone),
        GAP,
        TextLine(say("{ready} of {rows} rows can be sent to.", ready=ready, rows=rows), Tone.STRONG),
        FactList(whom.skipped(whom.counted(recipients))),
        *whom.to_phone(recipients.protected_rows),
        *whom.outside(recipients.outside),
        *(TextLine(one, Tone.WARN) for one in _doubts(sheet, recipients, warnings)),
    ]


def _doubts(sheet: Sheet, recipients: Recipients, warnings: Sequence[Sentence]) -> list[Sentence]:
    """Return what was assumed or repaired, as the plan of a mailing tells it."""
    return [*([sheet.notice] if sheet.notice else []), *warnings, *recipients.notices]


def _read_as(sheet: Sheet, recipients: Recipients, zone: str) -> FactList:
    modified = figures.local(sheet.modified.isoformat(), zone)
    return FactList(
        [
            Fact(say("File"), [say("{path}, of {when}", path=sheet.path, when=modified)]),
            Fact(say("Read as"), [_manner(sheet)]),
            Fact(say("Columns"), [", ".join(map(veiled, sheet.header))]),
            Fact(say("Groups"), [joined(*map(titled, recipients.groups or ("-",)))]),
        ]
    )


def _manner(sheet: Sheet) -> Sentence:
    if sheet.name:
        return say("{kind}, the sheet {name}", kind=sheet.encoding, name=sheet.name)
    delimiter = _DELIMITERS[sheet.delimiter]
    return say("{encoding}, separated by {delimiter}", encoding=sheet.encoding, delimiter=delimiter)


def _to_mend(sheet: Sheet, recipients: Recipients) -> InputError | None:
    """Return what must be mended before the whole file can be sent to; None when nothing must."""
    if not recipients.bad_count:
        return None
    return InputError(
        say_n(
            "{path}: {n} row must be mended.",
            "{path}: {n} rows must be mended.",
            n=recipients.bad_count,
            path=sheet.path,
        ),
        problems=recipients.bad,
        hint=say("Mend the rows, or send without them with: --skip-invalid"),
    )
