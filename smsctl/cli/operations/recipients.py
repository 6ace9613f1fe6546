"""A recipients file that was checked: what was assumed, who would get a message, what must be mended."""

from collections.abc import Sequence

from smsctl.cli.output import envelope, figures, whom
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, TextLine, Tone
from smsctl.domain.audience import Outside, titled
from smsctl.domain.cells import veiled
from smsctl.domain.recipients import Recipients
from smsctl.errors import InputError, Sentence, joined, say, say_n
from smsctl.spreadsheet import Sheet

_DELIMITERS = {";": say("semicolon"), ",": say("comma"), "\t": say("tab")}


def data(sheet: Sheet, found: Recipients) -> dict[str, object]:
    """Return the check for the envelope."""
    return {
        "path": str(sheet.path),
        "encoding": sheet.encoding,
        "delimiter": sheet.delimiter,
        "sheet": sheet.name or None,
        "columns": [*map(veiled, sheet.header)],
        "groups": list(found.groups),
        "recipients": {
            **whom.data_of(found),
            "bad": found.bad_count,
            "without_municipality": found.outside_by_reason().get(Outside.NO_MUNICIPALITY, 0),
        },
        "problems": [envelope.text(sentence) for sentence in found.bad],
    }


def screen(sheet: Sheet, found: Recipients, warnings: Sequence[Sentence], zone: str) -> list[Block]:
    """Return the check as a person reads it."""
    ready, rows = figures.count(len(found.ready)), figures.count(found.rows)
    return [
        _read_as(sheet, found, zone),
        GAP,
        TextLine(say("{ready} of {rows} rows can be sent to.", ready=ready, rows=rows), Tone.STRONG),
        FactList(whom.skipped(whom.counted(found))),
        *whom.to_phone(found.protected_rows),
        *whom.outside(found.outside),
        *([TextLine(sheet.notice, Tone.WARN)] if sheet.notice else []),
        *(TextLine(warning, Tone.WARN) for warning in warnings),
        *(TextLine(notice) for notice in found.notices),
    ]


def _read_as(sheet: Sheet, found: Recipients, zone: str) -> FactList:
    modified = figures.local(sheet.modified.isoformat(), zone)
    return FactList(
        [
            Fact(say("File"), [say("{path}, of {when}", path=sheet.path, when=modified)]),
            Fact(say("Read as"), [_manner(sheet)]),
            Fact(say("Columns"), [", ".join(map(veiled, sheet.header))]),
            Fact(
                say("Groups"),
                [joined(*map(titled, found.groups or ("-",)))],
            ),
        ]
    )


def _manner(sheet: Sheet) -> Sentence:
    if sheet.name:
        return say("{kind}, the sheet {name}", kind=sheet.encoding, name=sheet.name)
    delimiter = _DELIMITERS[sheet.delimiter]
    return say("{encoding}, separated by {delimiter}", encoding=sheet.encoding, delimiter=delimiter)


def to_mend(sheet: Sheet, found: Recipients) -> InputError | None:
    """Return what must be mended before the whole file can be sent to; None when nothing must."""
    if not found.bad_count:
        return None
    return InputError(
        say_n(
            "{path}: {n} row must be mended.",
            "{path}: {n} rows must be mended.",
            n=found.bad_count,
            path=sheet.path,
        ),
        problems=found.bad,
        hint=say("Mend the rows, or send without them with: --skip-invalid"),
    )
