"""Files that are given for a text by mistake, known by what stands in them and by how their bytes begin."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from smsctl.domain.recipient_lines import numbers_in, rows_in
from smsctl.errors import Sentence, say


class Evidence(NamedTuple):
    """What a text is instead of a message, and where that shows."""

    kind: Sentence
    at: int


def kind_of_bytes(head: bytes) -> Sentence | None:
    """Return what a file is by its first bytes, where it is none of text; None: that cannot be told."""
    return next((kind for kind, starts in _STARTS if head.startswith(starts)), None)


def kind_of_text(body: str) -> Evidence | None:
    """Return what the text certainly is instead of a message."""
    for needles, look, kind in _LOOKS:
        if any(needle in body for needle in needles) and (at := look(body)) is not None:
            return Evidence(kind=kind, at=at)
    return None


_STARTS: Final = (
    (say("a PDF"), (b"%PDF",)),
    (
        say("a packed file, such as .docx, .odt, .xlsx or .zip"),
        (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"bplist00"),
    ),
    # The second is winmail.dat.
    (say("an Office file, such as .doc, .xls or .msg"), (b"\xd0\xcf\x11\xe0", b"\x78\x9f\x3e\x22")),
    (say("a picture"), (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")),
    (say("a database"), (b"SQLite format 3",)),
)

_Look = Callable[[str], int | None]


def _begins(*starts: str) -> _Look:
    def look(body: str) -> int | None:
        head = body.lstrip()
        return len(body) - len(head) if head.casefold().startswith(starts) else None

    return look


def _finds(pattern: str, *, times: int = 1) -> _Look:
    """Look for a pattern that stands there at least so many times. No pattern may cost more than its text."""

    def look(body: str) -> int | None:
        found = [one.start() for one in re.finditer(pattern, body)]
        return found[0] if len(found) >= times else None

    return look


def _html(body: str) -> int | None:
    return _finds(_HTML)(body) if re.search("<[A-Za-z/!]", body) else None


def _entity(body: str) -> int | None:
    return _finds(_ENTITY)(body) if "&" in body else None


def _json(body: str) -> int | None:
    text = body.strip()
    if not text.startswith(("{", "[")):
        return None
    if re.match(r"[\[{]\s{0,80}(?:\{\s{0,80})?\"[^\"\n]{0,80}\"\s{0,9}:", text):
        return 0
    import json  # of a text that begins so, and hardly ever does

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return 0 if isinstance(value, list) and any(isinstance(one, str | dict | list) for one in value) else None


def _encoded(body: str) -> int | None:
    """Find a long line of letters and digits as base64 and hexadecimal digits have them; nobody writes so."""
    if max(map(len, body.split()), default=0) < _LONGEST_WORD:
        return None
    for found in re.finditer(
        r"(?m)^(?:[A-Za-z0-9+/]{60,}={0,2}|(?:[0-9A-F]{4}){10,}|(?:[0-9a-f]{4}){10,})$", body
    ):
        line = found[0]
        is_hex = re.fullmatch("[0-9A-F]+|[0-9a-f]+", line) and re.search("[0-9][A-Fa-f]", line)
        if is_hex or (re.search("[a-z]", line) and re.search("[A-Z]", line)):
            return found.start()
    return None


_LONGEST_WORD: Final = 40

_TAG_NAMES: Final = (
    "html|head|body|div|span|p|br|hr|strong|em|ul|ol|li|table|td|tr|font|img|style|script|meta"
)
_HTML: Final = (
    rf"(?i)</?(?:{_TAG_NAMES}|h[1-6])(?:\s[^<>\n]{{0,300}}|\s?/)?>"
    r"|<a\s[^<>\n]{0,300}>|</[abiu]>|<!--|<!doctype|</?(?:o|w|v|m|st1|asp):[a-z]"
    r"|<[a-z][\w-]{0,40}(?:\s[a-z][\w:-]{0,40}=\"[^\"<>\n]{0,200}\")+\s?/?>"
)
_ENTITY: Final = (
    r"&(?:amp|lt|gt|quot|apos|nbsp|[aouAOU]uml|[aA]ring|[eE]acute|[nm]dash|hellip|[lr][sd]quo|euro"
    r"|copy|reg|trade|deg|sect|middot|bull|shy|[lr]aquo|[aeiouAEIOU](?:grave|acute|circ)|aelig|oslash|szlig"
    r"|#[0-9]{2,6}|#x[0-9a-fA-F]{2,6});"
)
_ESCAPED: Final = (
    r"\\u(?:00|1[fF]|2[0-7]|[dD][89a-fA-F])[0-9a-fA-F]{2}|\\'[ef][0-9a-f]"
    r"|(?:(?<=[a-zA-Z ])|(?m:^))\\x[c-fC-F][0-9a-fA-F]|(?<=[a-z])\\3[0-7]{2}"
)
_QUOTED_PRINTABLE: Final = (
    r"=\?[\w-]{2,20}\?[bBqQ]\?|(?<![\w/?&])?=(?:C3=[89AB][0-9A-F]|(?:E[459]|F6|C[456]|D6|20\n)(?![0-9A-Z]))"
)
_UTF_7: Final = r"\+A(?:O[QUYkT]|M[QUYk]|PY|NY)(?:-|(?![\w+/]))"
_OF_ADDRESSES: Final = (  # outside of one
    r"(?<!\S)[^\s/=?@:&]{0,80}%(?:C3%[89ABab][0-9A-Fa-f]|(?:[EC][456]|[FD]6)(?![0-9A-Z]))"
    r"|(?<!\S)[^\W\d_]{1,40}%20[^\W\d_]"
)
_ANSWERED: Final = (
    r"(?m)^-{2,20} ?(?:(?:Ursprungligt|Vidarebefordrat) meddelande|(?:Original|Forwarded) [mM]essage) ?-"
    r"|^Den [^\n]{6,60} skrev [^\n]{1,100}:$|^On [^\n]{6,80} wrote:$"
)
_ELEMENT: Final = r"<([A-Za-z][\w:-]{0,40})>[^<>]{0,300}</\1>"
_MAIL: Final = (
    r"(?m)^(?:MIME-Version|Content-Type|Content-Transfer-Encoding|Message-ID|Received|Return-Path"
    r"|Delivered-To|X-[A-Z][\w-]{1,40}): ?\S"
)
_MAIL_SURE: Final = (
    r"(?m)^(?:MIME-Version: [0-9]|Content-Type: \w{1,20}/|Content-Transfer-Encoding: \w|DKIM-Signature: "
    r"|Message-ID: <|From \S{1,80}@\S{1,80} [A-Z][a-z]{2} )"
)
_MAIL_SAVED: Final = r"(?m)^(?:Från|Skickat|Ämne|From|Sent|Date|Subject): ?\S"
_MAIL_FROM: Final = r"(?m)^From: [^\n@]{0,80}@"
_SQL_WORDS: Final = "INSERT CREATE DROP DELETE LOCK ALTER PRAGMA UPDATE SELECT -- COPY insert Insert"
_SQL: Final = (
    r"(?m)^[ ]{0,8}(?:INSERT INTO |CREATE TABLE |DROP TABLE |DELETE FROM |LOCK TABLES |ALTER TABLE |PRAGMA \w"
    r"|UPDATE \S{1,80} SET |SELECT [^;\n]{1,300} FROM |-- (?:MySQL|PostgreSQL) |COPY \S{1,80} \()"
    r"|(?i:^[ ]{0,8}insert into \S{1,80} [^\n]{0,300}values)"
)
_CRON: Final = (
    r"(?m)^(?:@(?:reboot|hourly|daily|weekly|monthly|yearly)|(?=[^\n]{0,40}\*)(?:[0-9*/,-]{1,20}[ ]{1,9}){4}"
    r"[0-9*/,A-Za-z-]{1,20})[ ]{1,9}[^\n ]*/"
)
_SECTION: Final = r"(?m)^\[[^\[\]\n]{1,60}\]$"
_SETTING: Final = r"(?m)^[A-Za-z_][\w.-]{1,60}[ ]{0,20}=[ ]{0,4}\S"
_QUOTED_SETTING: Final = (
    r"(?m)^(?:export )?[A-Za-z_][\w.-]{1,60}[ ]{0,20}=[ ]{0,4}(?:\"[^\"\n]{0,200}\"|'|true$|false$|\[)"
)
_SHELL_SETTING: Final = r"(?m)^(?:export )?[A-Z][A-Z0-9_]{2,60}=\S"
_SHELL_SIGN: Final = r"(?m)^export |^[A-Z0-9]+_[A-Z0-9_]*=|=[\"'/]"
_PLUGIN: Final = r"(?m)^(?:intele|pswin)_\w{1,60}[ ]{0,4}="
_DOTTED: Final = r"(?m)^[a-z]\w{0,40}(?:[._][a-z]\w{0,40}){1,4}=\S"
_CODE: Final = (
    r"(?m)^(?:import [a-z_][\w.]{0,60}$"
    r"|from [a-z_][\w.]{0,60} import \w|def \w{1,60}\(|class \w{1,60}(?:\([^()\n]{0,80}\))?:$"
    r"|function \w{1,60}\(.{0,80}\{|Traceback \(most recent"
    r"|\$[a-zA-Z]\w{0,40} ?= ?[\"'@$(\[]|(?:const|let|var) [a-z]\w{0,40} = \S)"
    r"|(?<![\w.-])smsctl (?:send|test|--config) "
)
_FRONT: Final = (  # and no frame of dashes around a time and a place
    r"\A---\n(?:[A-Za-z_-]{1,40}:[^\n]{0,300}\n){0,40}?(?:title|date|layout|tags|lang|author|draft):"
    r"[^\n]{0,300}\n(?:[A-Za-z_-]{1,40}:[^\n]{0,300}\n){0,40}---(?:\n|\Z)"
)
_FILE_NAME: Final = (  # --text message.txt
    r"(?i)\A(?![\w-][\w.-]*\.[a-z]{2,9}/)"  # no link to one
    r"@?(?:(?:[a-z]:[\\/]|[~.]{0,2}/|\\\\)[^\n]{1,200}|[\w.\-\\/]{1,200})"
    r"\.(?:txt|docx?|csv|rtf|odt|xlsx?|eml|msg)\Z"
)
_YAML: Final = r"(?m)^[a-z_]{2,60}:\n[ ]{2,4}(?:- )?[a-z_]{2,60}: ?\S"
_SYSLOG: Final = r"(?m)^[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} \S{1,80} [\w./-]{1,60}\[[0-9]{1,9}\]: "
_LOG: Final = r"(?m)^\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}"


def _config(body: str) -> int | None:
    if "\n" not in body:
        return None
    for sure, times, besides in ((_PLUGIN, 1, ""), (_SHELL_SETTING, 2, _SHELL_SIGN), (_DOTTED, 2, "")):
        at = _finds(sure, times=times)(body)
        if at is not None and re.search(besides, body):
            return at
    at = _finds(_SETTING, times=1 if "[gateway" in body else 2)(body)
    section = _finds(_SECTION)(body)
    if at is not None and section is not None:
        return min(at, section)
    return _finds(_QUOTED_SETTING, times=2)(body)


def _saved_mail(body: str) -> int | None:
    found = list(re.finditer(_MAIL_SAVED, body))
    words = {one[0].partition(":")[0] for one in found}
    is_outlook = {"Skickat", "Ämne"} <= words or {"Sent", "Subject"} <= words
    is_sent = {"From", "Date", "Subject"} <= words or ("Subject" in words and re.search(_MAIL_FROM, body))
    return found[0].start() if is_outlook or is_sent else None


_A_MAIL: Final = say("a saved mail (.eml)")
_IN_CODES: Final = say("program code: letters such as å are written as codes")
_LOOKS: Final[tuple[tuple[tuple[str, ...], _Look, Sentence], ...]] = (
    (
        ("{\\rtf", "{\\RTF", "\\par"),
        _finds(r"(?i)\{\\rtf|(?<![\w:\\])\\pard?\b"),
        say("RTF, as WordPad saves it"),
    ),
    (("%PDF", "%!PS"), _begins("%pdf", "%!ps"), say("a PDF")),
    ((".",), _finds(_FILE_NAME), say("the name of a file")),
    (("---\n",), _finds(_FRONT), say("a config file")),
    (("version https://git-lfs",), _begins("version https://git-lfs"), say("a config file")),
    (("<?xml", "<svg", "<plist"), _begins("<?xml", "<svg", "<plist"), say("XML")),
    (("<",), _html, say("a web page (HTML)")),
    (("</",), _finds(_ELEMENT), say("XML")),
    ((";",), _entity, say("a web page (HTML)")),
    (("BEGIN:V",), _finds(r"(?m)^BEGIN:V[A-Z]+$"), say("a calendar or contacts file")),
    (("-----BEGIN ",), _finds(r"(?m)^-----BEGIN [A-Z ]{1,60}-----"), say("a key or a certificate")),
    (("#!", "@echo", "@ECHO", "<?php"), _begins("#!", "@echo off", "<?php"), say("a script")),
    (
        ("import ", "def ", "function ", "class ", "smsctl ", "Traceback ", "$", "const ", "let ", "var "),
        _finds(_CODE),
        say("a script"),
    ),
    (("{", "["), _json, say("JSON")),
    (("MIME-V", "Content-", "Message-ID", "Received", "Return-Path", "X-"), _finds(_MAIL, times=2), _A_MAIL),
    (("MIME-V", "Content-", "Message-ID", "DKIM-", "From "), _finds(_MAIL_SURE), _A_MAIL),
    (("Subject:", "Ämne:"), _saved_mail, _A_MAIL),
    (tuple(f"{word} " for word in _SQL_WORDS.split()), _finds(_SQL), say("SQL, out of a database")),
    (
        (" * ", "*/", "@reboot", "@hourly", "@daily", "@weekly", "@monthly", "@yearly"),
        _finds(_CRON),
        say("a crontab"),
    ),
    (("=",), _config, say("a config file")),
    ((":\n  ",), _finds(_YAML), say("a config file")),
    (("=C", "=D6", "=E", "=F6", "=20\n", "=?"), _finds(_QUOTED_PRINTABLE), _A_MAIL),
    (("+A",), _finds(_UTF_7), _A_MAIL),
    (("--", "skrev", "wrote"), _finds(_ANSWERED), _A_MAIL),
    (("> ",), _finds(r"(?m)^> ?\w", times=2), _A_MAIL),
    (("%",), _finds(_OF_ADDRESSES), _IN_CODES),
    (("[Internet", "[Desktop"), _begins("[internetshortcut]", "[desktop entry]"), say("a config file")),
    (("\\",), _finds(_ESCAPED), _IN_CODES),
    (("\\document", "\\begin{"), _finds(r"\\documentclass|\\begin\{"), say("LaTeX")),
    (("\n20", "\n[20"), _finds(_LOG, times=2), say("a log")),
    (("]: ",), _finds(_SYSLOG), say("a log")),
    (
        ("diff --git", "@@ -", "<<<<<<< "),
        _finds(r"(?m)^(?:diff --git |@@ -[0-9]|<{7} \w)"),
        say("a change of program code"),
    ),
    (("sep=", "Sep=", "SEP="), _begins("sep="), say("a recipients file")),
    ((";", ",", "|"), rows_in, say("a recipients file")),
    (("0", "+"), numbers_in, say("a recipients file")),
    (("",), _encoded, say("encoded data (base64)")),
)
