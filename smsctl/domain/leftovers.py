r"""What another program left in a text: line breaks that are none, markup, blank lines, values that failed.

Each is ordinary writing gone wrong, so that most are told and not refused. Certain are the errors of Word and
Excel, which nobody types.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from smsctl.errors import Sentence, say


class Trace(StrEnum):
    """What was left."""

    BREAK = "break"  # a line break, as a program writes it
    ESCAPED = "escaped"  # a tab or a quote
    FAILED = "failed"  # in the place of what a program should have filled in
    MARKUP = "markup"
    BLANK = "blank"


class Leftover(NamedTuple):
    """One thing that was left, and where; its sentence still lacks `place` and `piece`."""

    trace: Trace
    at: int
    piece: str
    sentence: Sentence
    certain: bool


def leftovers(body: str) -> Iterator[Leftover]:
    """Give the first of each trace that a text shows."""
    told: set[Trace] = set()
    for needle, pattern, trace, certain in _SHAPES:
        if trace in told or needle not in body:
            continue
        for found in re.finditer(pattern, body):
            if needle.startswith("\\") and _is_path(body, found.start()):
                continue
            told.add(trace)
            at, piece = (found.end(), "") if trace is Trace.BLANK else (found.start(), found[0])
            yield Leftover(trace=trace, at=at, piece=piece, sentence=_SAID[trace], certain=certain)
            break


def _is_path(body: str, at: int) -> bool:
    """Say whether the word about a place is a path of Windows."""
    start = max(body.rfind(" ", 0, at), body.rfind("\n", 0, at)) + 1
    return ":\\" in body[start : at + 1] or body.startswith("\\\\", start)


_BLANKS: Final[dict[str, object]] = {"place": "", "piece": ""}
_SAID: Final = {
    Trace.BREAK: say("{place}: {piece} reaches the phone as it stands, not as a line break.", **_BLANKS),
    Trace.ESCAPED: say("{place}: {piece} reaches the phone as it stands.", **_BLANKS),
    Trace.FAILED: say("{place}: {piece} stands where something should have been filled in.", **_BLANKS),
    Trace.MARKUP: say("{place}: {piece} is markup (Markdown), which phones show as it stands.", **_BLANKS),
    Trace.BLANK: say("{place}: blank lines or spaces stand before this, and are paid for.", place=""),
}
_WORD_ERROR: Final = (
    r"Fel! (?:Hittar inte referenskälla|Bokmärket är inte definierat|Hyperlänkreferensen|Okänt dokument)"
    r"|Error! (?:Reference source not found|Bookmark not defined|Hyperlink reference|Unknown document)"
)
_EXCEL_ERROR: Final = (
    r"(?<!\w)#(?:NAMN\?|NAME\?|VÄRDEFEL!|VALUE!|REFERENS!|REF!|SAKNAS!|N/A|DIVISION/0!|DIV/0!|OGILTIGT!|NUM!|NULL!|SKÄRNING!"
    r"|SPILL!|FÄLT!|FIELD!|CALC!)"
)
_NOBODY: Final = (
    r"(?:FÖR|EFTER)?NAMN\b|Förnamn Efternamn\b|F(?:IRST_?)?NAME\b|FIRST_?NAME\b|\.{4,}|\u2026{2,}"
    r"|\{[0-9]\}|#[0-9]#|[$\\@][0-9](?![\w.,-])"
)
_NO_DATE: Final = "0000-00-00|0001-01-01|1899-12-3[01]|190[04]-01-0[01]"
"""How programs write that there is none."""
_BREAK_TAG: Final = r"(?i)[\[{<](?:br ?/?|[cl][rf]|crlf|nl|newline|radbrytning)[\]}>]"
_SHAPES: Final = (
    ("!", _WORD_ERROR, Trace.FAILED, True),
    ("#", _EXCEL_ERROR, Trace.FAILED, True),
    ("$", r"\A\$\w+\Z|\A\$\([^\n]*\)\Z|\$env:\w", Trace.FAILED, True),
    ("%", r"\A%\w+%\Z", Trace.FAILED, True),
    ("undefined", r"\bundefined\b", Trace.FAILED, False),
    ("[object", r"\[object [A-Z]\w{1,20}\]", Trace.FAILED, False),
    ("NaN", r"\bNaN\b", Trace.FAILED, False),
    ("", r"\A(?:null|None|nil|true|false|NaN)\Z", Trace.FAILED, True),
    ("=", r"\A=(?:[A-ZÅÄÖ.]{2,30}\(|\"|[A-Z]{1,2}[0-9])", Trace.FAILED, True),
    ("Hej ", r"(?<=\bHej )(?:null|NULL|None|nil|nan|NN(?!-)|N/A)\b|(?<=\bHej) ,", Trace.FAILED, False),
    ("Hej ", rf"(?<=\bHej )(?:{_NOBODY})", Trace.FAILED, False),
    ('"&', r'"&\$?[A-Z]{1,2}\$?[0-9]{1,5}&"', Trace.FAILED, False),
    ("l", r"\b[Kk]l\.? ?(?:(?:TT|HH|tt|hh|\?\?)[:.](?:MM|mm|\?\?)(?!\w)|--[:.]--)", Trace.FAILED, False),
    ("0", rf"(?<![\w-])(?:{_NO_DATE})(?![\w-])", Trace.FAILED, False),
    ("XX", r"\bXX[:.]XX\b|\bX{3,10}\b|\b[Kk][Ll]\.? ?XX\b", Trace.FAILED, False),
    ("xx", r"\b[Kk]l\.? ?xx\b", Trace.FAILED, False),
    ("__", r"(?<=\w )_{2,}(?!\w)", Trace.FAILED, False),
    ("orem ipsum", "[Ll]orem ipsum", Trace.FAILED, False),
    ("TODO", r"\bTODO:", Trace.FAILED, False),
    (": ", r"No such file or directory|: command not found|: Permission denied", Trace.FAILED, False),
    ("ÅÅ", r"\bÅÅÅÅ-MM\b", Trace.FAILED, False),
    ("\\", r"\\r\\n|\\n|\\[rN](?![a-zåäö])|\\x0[aAdD]|\\01[25]|\\line\b", Trace.BREAK, False),
    *((sign, r"[↵⏎␤]|¶(?!\s?[0-9])", Trace.BREAK, False) for sign in "¶↵⏎␤"),
    ("^", r"(?<=[.!?,a-zåäö])\^[pl](?=[A-ZÅÄÖ^\s]|\Z)", Trace.BREAK, False),
    *((sign, _BREAK_TAG, Trace.BREAK, False) for sign in "[{<"),
    ("\\", r"\\t(?![a-zåäö])|\\\"", Trace.ESCAPED, False),
    ('"', r'\A"(?=[^\n]*\n)(?=(?:[^"]|"")*"\Z)|(?<!")""(?=\w)', Trace.ESCAPED, False),
    ("+", r"\A[^\s+/]{1,40}\+(?=[^\s+]+(?:\+[^\s+]+){2,}\Z)", Trace.ESCAPED, False),
    ("~", r"\A(?:\[?2)?00~(?=\S)|(?<=\S)(?:\[?2)?01~\Z|\[20[01]~", Trace.ESCAPED, False),
    ("`", r"`r`n|`n(?![\w`])|`n(?=[A-ZÅÄÖ])", Trace.BREAK, False),
    ("/n", r"(?<=[.!?,])/n(?=[A-ZÅÄÖ])", Trace.BREAK, False),
    ("%0", r"(?<![\w/=?&%])(?<=[^\s])(?:%0[dD])?%0[aA]", Trace.BREAK, False),
    ("_x000", r"_x000[DA]_", Trace.BREAK, False),
    ("(1", r"\b(?:TECKENKOD|CHAR|Chr|CHR)\(1[03]\)", Trace.BREAK, False),
    ("CRLF", "CRLF", Trace.BREAK, False),
    ("vb", r"\bvb(?:CrLf|NewLine|Lf)\b", Trace.BREAK, False),
    ("**", r"(?<![*\w])\*\*\w[^*\n]{0,200}\*\*(?![*\w])", Trace.MARKUP, False),
    ("```", "```", Trace.MARKUP, False),
    ("](", r"\[[^\[\]\n]{1,80}\]\(https?://", Trace.MARKUP, False),
    ("# ", r"(?m)^#{1,6} (?=[^\W\d_])", Trace.MARKUP, False),
    ("\n", r"\A[ \t\u00a0\n]*\n(?=[^\n])", Trace.BLANK, False),
    (" ", r"\A[ \u00a0]{2,}(?=\S)", Trace.BLANK, False),
    ("\n\n\n", r"(?<!\n)\n{4,}", Trace.BLANK, False),
    ("      ", r"(?<! ) {6,}", Trace.BLANK, False),
)
"""Where a needle is missing, the pattern is not tried."""
