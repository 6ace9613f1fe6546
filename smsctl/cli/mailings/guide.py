"""`smsctl send` without its words, on a terminal: whom it is to, what it says and when it leaves are asked.

The answers are the flags that would have been typed; the plan and its question follow as ever.
"""

import shlex
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from smsctl.actions.classify import GroupCounts, UnnamedColumnError, columns_of, count_groups
from smsctl.cli import dialogue, numbers, wiring_gateway
from smsctl.cli.mailings.drafting import meant, picked
from smsctl.cli.mailings.request import SendFlags
from smsctl.cli.output import figures, language
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, TextLine, Tone
from smsctl.cli.typed_rows import named_columns, reading_of
from smsctl.cli.typed_times import read_time
from smsctl.cli.wiring import Wiring
from smsctl.domain.audience import Audience, group_key, titled
from smsctl.errors import NotConfirmedError, Sentence, SmsctlError, say, say_n
from smsctl.spreadsheet import Sheet, open_sheet
from smsctl.spreadsheet.kinds import HiddenRowsError

_MOST_LISTED = 20


def is_wanted(wiring: Wiring, flags: SendFlags) -> bool:
    """Say whether something that a mailing needs was not typed, and a person is there to be asked."""
    return wiring.output.interactive and not (_has_text(flags) and _has_audience(flags))


def ask(wiring: Wiring, flags: SendFlags) -> SendFlags:
    """Ask for what was not typed. Raises NotConfirmedError where an answer stays empty."""
    asks_all = not (_has_text(flags) or _has_audience(flags))
    if not (flags.dry_run or flags.accept_clock):
        wiring.must_be_fit_to_send()  # or all would be typed in vain
    wiring.output.show(
        [TextLine(say("Nothing is sent before the plan has been shown and you have said yes."), Tone.FAINT)]
    )
    if flags.municipality is None and len(wiring.settings.municipalities) > 1:
        flags = flags._replace(municipality=_municipality(wiring))
    if not _has_audience(flags):
        flags = _whom(wiring, flags)
    if not _has_text(flags):
        flags = _text(wiring, flags)
    if asks_all and flags.at is None:
        flags = flags._replace(at=_when(wiring, flags))
    wiring.output.show([GAP])
    return flags


def command(wiring: Wiring, typed: SendFlags, flags: SendFlags) -> list[Block]:
    """Return the command that does the same without a question; `typed` are the flags before it was asked."""
    added: list[str] = []
    for name, flag in _FLAGS.items():
        value = getattr(flags, name)
        if value != getattr(typed, name):
            each = value if isinstance(value, tuple | list) else (value,)
            added += [word for one in each for word in (flag, *([] if one is True else [str(one)]))]
    text = ""
    if flags.file != typed.file and flags.file:
        added.append(flags.file)
    elif flags.words != typed.words and flags.words:
        text = f" --text {_quoted(flags.words)}"
    line = wiring.flags.command(added, by_a_person=True) + text
    return [GAP, TextLine(say("The same without these questions:")), TextLine(line, whole=True)]


def _quoted(text: str) -> str:
    """Return a text as a shell reads it; one of several lines in one line, as bash and zsh do."""
    if "\n" not in text:
        return shlex.quote(text)
    inside = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"$'{inside}'"


_FLAGS = {
    "municipality": "--municipality",
    "group": "--group",
    "everyone": "--all",
    "column": "--column",
    "hidden_rows": "--hidden-rows",
    "at": "--at",
}


def _has_text(flags: SendFlags) -> bool:
    return flags.file is not None or flags.words is not None


def _has_audience(flags: SendFlags) -> bool:
    return bool(flags.group or flags.where or flags.where_empty or flags.everyone)


def _municipality(wiring: Wiring) -> str:
    known = wiring.settings.municipalities
    default = wiring.settings.default_municipality or ""
    wiring.output.show([GAP, FactList([Fact(key, [one.name]) for key, one in known.items()])])
    return dialogue.ask_choice(wiring.output, say("Who sends and pays"), tuple(known), default=default)


def _whom(wiring: Wiring, flags: SendFlags) -> SendFlags:
    flags, sheet, counted = _counted(wiring, flags)
    listed = dict(sorted(counted.rows.items(), key=lambda one: (-one[1], one[0]))[:_MOST_LISTED])
    numbered = dict(enumerate(listed, 1))
    everyone = len(numbered) + 1
    facts = [
        Fact(str(n), [_with_rows(titled(counted.names[key]), listed[key])]) for n, key in numbered.items()
    ]
    facts.append(Fact(str(everyone), [_with_rows(say("everyone"), counted.all_rows)]))
    more = len(counted.rows) - len(listed)
    modified = sheet.modified.astimezone(wiring.clock.local().tzinfo)
    whom = say("To whom? From {path}, of {modified:%Y-%m-%d %H:%M}:", path=sheet.path, modified=modified)
    wiring.output.show(
        [
            GAP,
            TextLine(whom),
            FactList(facts),
            *([TextLine(_more(more))] if more else ()),
        ]
    )

    def refuse(text: str) -> Sentence | None:
        words = _words(text)
        if str(everyone) in words and len(words) > 1:
            return say("Everyone goes with no other choice.")
        unknown = [one for one in words if one != str(everyone) and _group(one, numbered, counted) is None]
        return say("There is no {choice} in the list.", choice=unknown[0]) if unknown else None

    question = say("Its figure, or several as 1, 2")
    words = _words(dialogue.ask_text(wiring.output, question, refuse=refuse))
    if not words:
        raise NotConfirmedError(say("Nothing was chosen; nothing was sent."))
    if words == [str(everyone)]:
        return flags._replace(everyone=True)
    groups = dict.fromkeys(filter(None, (_group(one, numbered, counted) for one in words)))
    return flags._replace(group=tuple(counted.names[key] for key in groups))


def _counted(wiring: Wiring, flags: SendFlags) -> tuple[SendFlags, Sheet, GroupCounts]:
    """Count the groups of the recipients file; ask what it leaves open, as before a plan."""
    configured, _ = wiring.municipality(flags.municipality)
    path = wiring.recipients_path(flags.recipients, configured)
    rule = Audience(everyone=True, municipality=configured.spellings)
    while True:
        overrides = {**wiring.settings.columns, **named_columns(flags.column)}
        reading = reading_of(flags.delimiter, flags.sheet, flags.hidden_rows)
        try:
            sheet = open_sheet(path, reading._replace(numbers=overrides.get("number", ())))
            columns = columns_of(sheet, overrides, numbers.reader(wiring), require_terms=False)
            return flags, sheet, count_groups(sheet, columns, rule)
        except HiddenRowsError as error:
            flags = flags._replace(hidden_rows=meant(wiring, error).value)
        except UnnamedColumnError as error:
            if not error.proposed.headers:
                raise
            named = [f"{error.proposed.column}={header}" for header in picked(wiring, error)]
            flags = flags._replace(column=(*flags.column, *named))


def _with_rows(title: Sentence | str, rows: int) -> Sentence:
    return say_n(
        "{title}, {count} row", "{title}, {count} rows", n=rows, title=title, count=figures.count(rows)
    )


def _more(n: int) -> Sentence:
    return say_n(
        "{n} smaller group is not listed; its name is understood.",
        "{n} smaller groups are not listed; their names are understood.",
        n=n,
    )


def _words(text: str) -> list[str]:
    """Return the choices: figures may stand with spaces between them, names are kept whole."""
    pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
    return [word for one in pieces for word in (one.split() if one.replace(" ", "").isdecimal() else [one])]


def _group(word: str, numbered: Mapping[int, str], counted: GroupCounts) -> str | None:
    if word.isdecimal() and int(word) in numbered:
        return numbered[int(word)]
    return group_key(word) if group_key(word) in counted.rows else None


def _text(wiring: Wiring, flags: SendFlags) -> SendFlags:
    about = say("The text. End it with an empty line. A file that holds it may be named instead.")
    wiring.output.show([GAP, TextLine(about, Tone.FAINT)])
    lines = dialogue.ask_lines(wiring.output, say("Text"))
    if not lines:
        raise NotConfirmedError(say("No text was typed; nothing was sent."))
    with suppress(OSError, ValueError):  # a text is no name of a file
        if len(lines) == 1 and Path(lines[0]).is_file():
            return flags._replace(file=lines[0])
    return flags._replace(words="\n".join(lines))


def _when(wiring: Wiring, flags: SendFlags) -> str | None:
    """Ask when it leaves, where the gateway holds a mailing until later."""
    configured, _ = wiring.municipality(flags.municipality)
    traits = wiring_gateway.gateway(wiring, configured, for_sending=False).traits
    if traits.schedule_ahead is None:
        return None
    wiring.output.show([GAP])
    now: datetime = wiring.clock.local()

    def refuse(text: str) -> Sentence | None:
        try:
            read_time(text, now, flag="")
        except SmsctlError as error:
            return say("{what} {mend}", what=error.sentence, mend=error.hint or "")
        return None

    question, at_once = say("When? A time as 07:30, or"), language.words(say("now"))
    answer = dialogue.ask_text(wiring.output, question, default=at_once, refuse=refuse)
    return None if answer == at_once else answer
