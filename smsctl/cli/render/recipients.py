"""A recipients file that was checked: what was assumed, who would get a message, what must be mended."""

from smsctl.actions.draft import unplaced
from smsctl.cli.render import envelope, figures
from smsctl.cli.render.blocks import GAP, Block, Fact, Facts, Line, Tone
from smsctl.domain.recipients import Recipients
from smsctl.errors import InputError, say, say_n
from smsctl.spreadsheet import Sheet

_DELIMITERS = {";": say("semicolon"), ",": say("comma"), "\t": say("tab")}


def data(sheet: Sheet, found: Recipients) -> dict[str, object]:
    """Return the check for the envelope."""
    return {
        "path": str(sheet.path),
        "encoding": sheet.encoding,
        "delimiter": sheet.delimiter,
        "columns": list(sheet.header),
        "groups": list(found.groups),
        "recipients": {
            "rows": found.rows,
            "ready": len(found.ready),
            "skipped": {str(reason): len(people) for reason, people in found.skipped.items()},
            "bad": found.bad_count,
            "without_municipality": found.unplaced_count,
        },
        "problems": [envelope.text(sentence) for sentence in found.bad],
    }


def screen(sheet: Sheet, found: Recipients, zone: str) -> list[Block]:
    """Return the check as a person reads it."""
    ready, rows = figures.count(len(found.ready)), figures.count(found.rows)
    skipped = [
        Fact(figures.count(len(people)), [figures.reason(why)]) for why, people in found.skipped.items()
    ]
    return [
        _read_as(sheet, found, zone),
        GAP,
        Line(say("{ready} of {rows} rows can be sent to.", ready=ready, rows=rows), Tone.STRONG),
        Facts(skipped),
        *([Line(sheet.notice, Tone.WARN)] if sheet.notice else []),
        *(Line(left_out, Tone.WARN) for left_out in unplaced(found)),
        *(Line(notice) for notice in found.notices),
    ]


def _read_as(sheet: Sheet, found: Recipients, zone: str) -> Facts:
    modified = figures.local(sheet.modified.isoformat(), zone)
    delimiter = _DELIMITERS[sheet.delimiter]
    return Facts(
        [
            Fact(say("File"), [say("{path}, of {when}", path=sheet.path, when=modified)]),
            Fact(
                say("Read as"),
                [say("{encoding}, separated by {delimiter}", encoding=sheet.encoding, delimiter=delimiter)],
            ),
            Fact(say("Columns"), [", ".join(sheet.header)]),
            Fact(say("Groups"), [figures.audience(", ".join(found.groups) or "-")]),
        ]
    )


def to_mend(sheet: Sheet, found: Recipients) -> InputError | None:
    """Return what must be mended before the whole file can be sent to; None when nothing must."""
    if not found.bad_count:
        return None
    more = found.bad_count - len(found.bad)
    return InputError(
        say_n(
            "{path}: {n} row must be mended.",
            "{path}: {n} rows must be mended.",
            n=found.bad_count,
            path=sheet.path,
        ),
        problems=[*found.bad, *([say("And {n} more.", n=more)] if more else [])],
        hint=say("Mend the rows, or send without them with: --skip-invalid"),
    )
