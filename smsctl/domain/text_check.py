"""Does it look like a message? What in a text is no text for people, with its place, certain or doubtful.

Certain is what nobody means to send: another kind of file, a merge mark that nothing fills in, letters that
a program has damaged. Ordinary brackets, per cent signs, links and code words are none: a false alarm
in cron is as bad as a miss. Each look waits behind a sign that plain texts lack, so that they cost little.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from smsctl.domain.fields import as_field
from smsctl.domain.file_kinds import kind_of_text
from smsctl.domain.identity_number import PLAINLY, identity_numbers
from smsctl.domain.leftovers import Trace, leftovers
from smsctl.domain.merge_marks import merge_marks
from smsctl.domain.number import NumberReader
from smsctl.domain.remains import Remain, remains
from smsctl.domain.spelling import veil
from smsctl.domain.text import line_and_column
from smsctl.errors import InputError, Sentence, say


class TextFault(StrEnum):
    """What is wrong."""

    FILE = "file"  # another kind of file than a text
    MERGE_MARK = "merge-mark"
    LETTERS = "letters"  # å ä ö in the guise of another encoding
    LOST_LETTERS = "lost-letters"  # ? in their place
    LINE_BREAK = "line-break"  # \n as two characters
    MARKUP = "markup"
    BLANK = "blank"  # lines and spaces that are paid for
    IDENTITY_NUMBER = "identity-number"
    RECIPIENT = "recipient"  # the number of somebody who gets the text
    ENCODING = "encoding"  # the file's own, recognised and not asked for


class TextFinding(NamedTuple):
    """One thing that a text for people seldom has; line and column count from 1."""

    kind: TextFault
    certain: bool  # nobody means to send that
    line: int
    column: int
    piece: str  # as it stands; the middle of a person's number hidden
    sentence: Sentence

    @property
    def data(self) -> dict[str, object]:
        """What the envelope tells of it."""
        return {name: fact for name, fact in self._asdict().items() if name != "sentence"}


def check(body: str, headings: Collection[str] = ()) -> tuple[TextFinding, ...]:
    """Return what is found in a text, the certain first; `headings`: the recipients file's, casefolded."""
    found = [
        *_files(body),
        *_merge_marks(body, headings),
        *_letters(body),
        *_lost_letters(body),
        *_leftovers(body),
        *_identity_numbers(body),
    ]
    return tuple(sorted(found, key=lambda one: not one.certain))


def candidates(body: str) -> tuple[tuple[int, str], ...]:
    """Return what may be phone numbers in the text, each with its place."""
    if sum(map(str.isdecimal, body)) < _SHORTEST_NUMBER:
        return ()
    return tuple((found.start(), found[0].strip()) for found in re.finditer(_PHONE, body.translate(PLAINLY)))


def recipients_in(body: str, reader: NumberReader, numbers: Iterable[str]) -> tuple[TextFinding, ...]:
    """Return what in the text is the number of one of those who get it; `numbers` are theirs, E.164."""
    written = {reader.read(one).number: (at, one) for at, one in candidates(body)}
    written.pop(None, None)
    return tuple(_recipient(body, *written[one]) for one in numbers if one in written) if written else ()


def _recipient(body: str, at: int, written: str) -> TextFinding:
    sentence = say("{place}: {piece} is the number of one of the recipients.", **_HERE)
    return _finding(body, at, TextFault.RECIPIENT, veil(written), sentence, certain=False)


def unasked_encoding(source: Sentence | str, remain: Remain) -> TextFinding:
    """Return the finding that a file is in another encoding than it would be taken for."""
    sentence = say(
        "{source} seems to be in {encoding}: {meant} would else be sent as {piece}.",
        source=source,
        encoding=remain.mistake.title,
        meant=remain.meant,
        piece=remain.piece.encode(errors="replace").decode(),
    )
    return _finding("", 0, TextFault.ENCODING, remain.meant, sentence, certain=True)


def refuse(findings: Iterable[TextFinding]) -> None:
    """Raise InputError where something certainly is no text for people; nobody is there to be asked."""
    certain = [one for one in findings if one.certain]
    if certain:
        raise InputError(
            say("This does not look like a message; nothing was sent."),
            problems=[one.sentence for one in certain],
            hint=say("Mend the text. If it is meant to be so, add: --text-as-it-is"),
        )


def _files(body: str) -> Iterator[TextFinding]:
    evidence = kind_of_text(body)
    if evidence:
        at = evidence.at
        line, _ = line_and_column(body, at)
        piece = next(iter(re.findall(r"\S[^\n]{0,39}", body[at : at + 200])), "")
        sentence = say("line {line}: this is {kind}, not a text.", line=line, kind=evidence.kind)
        yield _finding(body, at, TextFault.FILE, _veiled(piece), sentence, certain=True)


def _merge_marks(body: str, headings: Collection[str]) -> Iterator[TextFinding]:
    told: set[str] = set()
    for mark in sorted(merge_marks(body, headings), key=lambda one: (one.at, not one.certain)):
        if mark.piece in told or len(told) >= _MOST:
            continue
        told.add(mark.piece)
        sentence = say("{place}: {piece} may be a merge mark, and is not filled in here.", **_HERE)
        if mark.certain:
            sentence = say(
                "{place}: {piece} is a merge mark that is not filled in here; a field is written {field}.",
                field=as_field(mark.name or "Namn"),
                **_HERE,
            )
        yield _finding(body, mark.at, TextFault.MERGE_MARK, mark.piece, sentence, certain=mark.certain)


def _letters(body: str) -> Iterator[TextFinding]:
    told: set[str] = set()
    for remain in remains(body):
        if remain.piece in told or len(told) >= _MOST:
            continue
        told.add(remain.piece)
        sentence = say(
            "{place}: {piece} should probably be {meant}: {encoding} was read as something else.",
            meant=remain.meant,
            encoding=remain.mistake.title,
            **_HERE,
        )
        yield _finding(body, remain.at, TextFault.LETTERS, remain.piece, sentence, certain=True)
    if (
        not told
        and len(body.encode("ascii", "ignore")) * 4 < len(body) * 3
        and re.search(_NOT_ON_PHONES, body)
    ):
        yield from _unreadable(body, _ACCENTED)
    elif not told and not _RAISED.isdisjoint(body):
        yield from _unreadable(body, _POLISH)


def _unreadable(body: str, pattern: str) -> Iterator[TextFinding]:
    """Find words of Latin letters with accents alone: another alphabet, read as Windows-1252."""
    for found in re.finditer(pattern, body):
        if len(set(found[0])) >= _DIFFERENT or not found[0].isalpha():
            sentence = say("{place}: {piece} is no word: another encoding was read as Windows-1252.", **_HERE)
            yield _finding(body, found.start(), TextFault.LETTERS, found[0], sentence, certain=True)
            return


def _lost_letters(body: str) -> Iterator[TextFinding]:
    if _LOST.isdisjoint(body):
        return
    doubts: list[tuple[int, str]] = []
    for found in re.finditer(_LOST_SIGN, body):
        lost = _is_lost(body, found)
        start, word = _word(body, found.start())
        if lost is None or re.search(_LINK, word):
            continue
        if lost:
            sentence = say("{place}: {piece} has {sign} where a letter was lost.", sign=found[0][0], **_HERE)
            yield _finding(body, start, TextFault.LOST_LETTERS, word, sentence, certain=True)
            return
        doubts.append((start, word))
    for start, word in doubts[:1]:
        sentence = say("{place}: {piece} may have ? where a letter was lost.", **_HERE)
        yield _finding(body, start, TextFault.LOST_LETTERS, word, sentence, certain=False)


def _is_lost(body: str, match: re.Match[str]) -> bool | None:
    """Say whether a question mark stands for a lost letter.

    True: it stands within a word, begins one or cuts one short. False: perhaps; or a question ends there and
    a space was forgotten (sjuk?ring). None: it is ordinary writing.
    """
    before = body[max(0, match.start() - _LONGEST) : match.start()]
    after = body[match.end() : match.end() + _LONGEST]
    is_box = match[0] in "□▯"
    left, right = re.findall(r"[^\W\d_]*\Z", before)[0], re.findall(r"\A[^\W\d_]*", after)[0]
    if is_box:  # □ Ja □ Nej is to be ticked
        return True if (left and right) or right.islower() or left.casefold() in _CUT_SHORT else None
    if left and right:
        return _is_lost_within(left, right)
    if right and before[-1:] in ("", " ", "\n") and match[0] != "¿":
        if right.islower():  # ?ppet
            return right not in _GO_ON
        return True if re.match(_SHOUTED, right) else None  # ?PPET
    if before[-1:] == "?" or (match[0] == "??" and not left):  # another alphabet altogether
        return True if re.match(r"\?? \?\?", after) and set(_word(body, match.start())[1]) == {"?"} else None
    goes_on = after[:1] == " " and (after[1:2].islower() or after[1:2].isdigit())
    return True if goes_on and left.casefold() in _CUT_SHORT else None


def _is_lost_within(left: str, right: str) -> bool | None:
    if right.islower() and (left.islower() or len(left) == 1 or left[1:].islower()):  # st?nger, M?te
        return right not in _GO_ON or not _has_vowel(left)
    if left.isupper() and right.isupper():  # ST?NGD
        return None if _has_vowel(left) or right.casefold() in _GO_ON else True
    return None


def _has_vowel(piece: str) -> bool:
    return not _VOWELS.isdisjoint(piece.casefold())


def _word(body: str, at: int) -> tuple[int, str]:
    """Return where the word about a place begins, and the word, or as much of it as matters."""
    before = re.findall(r"\S+\Z", body[max(0, at - _LONGEST) : at])
    start = at - len("".join(before))
    return start, body[start : at + _LONGEST].split(maxsplit=1)[0].rstrip(".,!")


def _leftovers(body: str) -> Iterator[TextFinding]:
    for one in leftovers(body):
        yield _finding(body, one.at, _LEFT[one.trace], one.piece, one.sentence, certain=one.certain)


def _identity_numbers(body: str) -> Iterator[TextFinding]:
    if sum(map(str.isdecimal, body)) < _FEWEST_DIGITS:
        return
    for at, written in identity_numbers(body):
        piece = f"{written[:-4]}****"
        sentence = say("{place}: {piece} is a personal identity number.", **_HERE)
        yield _finding(body, at, TextFault.IDENTITY_NUMBER, piece, sentence, certain=False)
        return


def _finding(
    body: str, at: int, kind: TextFault, piece: str, sentence: Sentence, *, certain: bool
) -> TextFinding:
    line, column = line_and_column(body, at)
    if "place" in sentence.values:
        place = say("line {line}, column {column}", line=line, column=column)
        sentence = sentence.given(place=place, piece=piece)
    return TextFinding(kind=kind, certain=certain, line=line, column=column, piece=piece, sentence=sentence)


_HERE: Final[dict[str, object]] = {"place": "", "piece": ""}
"""Stands in a sentence for where a finding is, and for the piece of the text."""


def _veiled(piece: str) -> str:
    return re.sub(r"\+?[0-9][0-9 \-]{6,18}[0-9]", lambda found: veil(found[0]), piece)


_LEFT: Final = {
    Trace.BREAK: TextFault.LINE_BREAK,
    Trace.ESCAPED: TextFault.LINE_BREAK,
    Trace.FAILED: TextFault.MERGE_MARK,
    Trace.MARKUP: TextFault.MARKUP,
    Trace.BLANK: TextFault.BLANK,
}
_MOST: Final = 5  # of a kind that are told
_DIFFERENT: Final = 3
_FEWEST_DIGITS: Final = 10  # of an identity number
_SHORTEST_NUMBER: Final = 8
_ACCENTED: Final = (
    "[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]{5,60}"
    "|(?:[\u00d0\u00d1][\u0080-\u00bf\u0152-\u017e\u02c6\u02dc\u2013-\u203a\u20ac\u2122]){3,30}"
    "|(?:[\u00d8-\u00db][\u0080-\u00bf\u0152-\u017e\u02c6\u02dc\u2013-\u203a\u20ac\u2122]){3,30}"
)
_NOT_ON_PHONES: Final = "[\u00c0-\u00ff](?<![ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùü])"
"""Without one of these it is a trial of what phones show (ÅÄÖåäö): no alphabet gets by with the others."""
_RAISED: Final = frozenset("\u00b9\u00b3")
_POLISH: Final = r"\b[A-Za-z\u00c0-\u017f]{1,30}[\u00b9\u00b3][A-Za-z\u00c0-\u017f]{1,30}"
"""ą and ł, read as Windows-1252."""
_LONGEST: Final = 200  # of a word; a link may be long
_LOST: Final = frozenset("?¿□▯◊■◆¤")
_LOST_SIGN: Final = r"\?{1,2}|[¿□▯]|(?<=[^\W\d_])[◊■◆¤](?=[^\W\d_])"
_CUT_SHORT: Final = frozenset({"p", "s", "ocks"})  # på så också
_LINK: Final = r"[/=@]|www\.|\w\.[a-z]{2,4}\?"
_VOWELS: Final = frozenset("aeiouyåäöé")
_GO_ON: Final = frozenset(  # after a question, where the space was forgotten
    re.findall(
        r"\w+",
        "ring ringa svara svar mejla maila kontakta skriv stanna vi du ni ja nej tack hör läs då så och eller"
        " annars anmäl meddela skicka klicka boka kom hej mvh om i det är call please reply contact we you",
    )
)
_SHOUTED: Final = r"(?:R|N|VEN|PPET|PPNAR?|PPEN|RLIG\w*|TERBUD|NDRAD\w*|NTLIGEN|VRIGT|STRA|NSKAR)\b"
_PHONE: Final = r"(?<![\w+/=.])(?:\+|00)?[0-9](?:[ \-()/]{0,2}[0-9]){7,14}(?!\w)"
