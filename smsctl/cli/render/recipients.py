"""A recipients file that was checked: what was assumed, who would get a message, what must be mended."""

from smsctl.cli.render import figures
from smsctl.cli.render.blocks import GAP, Block, Fact, Facts, Line, Tone
from smsctl.domain.recipients import Recipients
from smsctl.errors import say, say_n
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
        },
        "problems": [str(sentence) for sentence in found.bad],
    }


def screen(sheet: Sheet, found: Recipients, zone: str) -> list[Block]:
    """Return the check as a person reads it."""
    facts = [
        Fact(
            say("File"),
            [say("{path}, of {when}", path=sheet.path, when=figures.local(sheet.modified.isoformat(), zone))],
        ),
        Fact(
            say("Read as"),
            [
                say(
                    "{encoding}, separated by {delimiter}",
                    encoding=sheet.encoding,
                    delimiter=_DELIMITERS[sheet.delimiter],
                )
            ],
        ),
        Fact(say("Columns"), [", ".join(sheet.header)]),
        Fact(say("Groups"), [", ".join(found.groups) or "-"]),
    ]
    blocks: list[Block] = [Facts(facts), GAP]
    blocks.append(
        Line(
            say(
                "{ready} of {rows} rows can be sent to.",
                ready=figures.count(len(found.ready)),
                rows=figures.count(found.rows),
            ),
            Tone.STRONG,
        )
    )
    blocks.append(
        Facts(
            [
                Fact(figures.count(len(people)), [figures.reason(reason)])
                for reason, people in found.skipped.items()
            ]
        )
    )
    if sheet.notice:
        blocks.append(Line(sheet.notice, Tone.WARN))
    blocks += [Line(notice) for notice in found.notices]
    if found.bad_count:
        blocks += [
            GAP,
            Line(say_n("Mend {n} row:", "Mend {n} rows:", n=found.bad_count), Tone.BAD),
            *(Line(sentence, indent=2) for sentence in found.bad),
        ]
        more = found.bad_count - len(found.bad)
        if more:
            blocks.append(Line(say("and {n} more", n=more), indent=2))
    return blocks
