"""What can come of one request, and what each outcome proves about the batch (what-an-answer-proves.md)."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from smsctl.domain.gateway import CHECK_ACCOUNT
from smsctl.domain.message import Answer, Batch, Receipt, Status, SubmitVerdict, same_for_all
from smsctl.domain.remark import Event, Remark, Words
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import GatewayRefusedError, Sentence, StoppedError, say

MAX_RETRY_AFTER_S = 600.0
_QUOTE_LENGTH = 300


class HttpReply(NamedTuple):
    """A complete HTTP reply. The names of the headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotSent(NamedTuple):
    """No byte of the request has left; `text` says what stood in the way."""

    text: Words


class Unclear(NamedTuple):
    """The request may have been received, and there is no complete reply; `text` says what happened."""

    text: Words


class Stale(NamedTuple):
    """The claim had grown too old before the first byte; nothing has left."""


class WrongCounterpart(NamedTuple):
    """A simulator has answered in live mode, or something else in simulate mode."""

    where: str  # scheme and host, or host and port
    by_simulator: bool

    @property
    def event(self) -> Event:
        """What it is, for a ledger."""
        return Event.SIMULATOR if self.by_simulator else Event.NO_SIMULATOR

    def error(self) -> GatewayRefusedError:
        """Return what whoever asked for no batch raises."""
        hint = say("Start one with: smsctl simulator. Without this address a rehearsal brings its own.")
        if self.by_simulator:
            hint = say("Take this address out of the config; or rehearse, with --simulate.")
        return GatewayRefusedError(Remark(self.event, self.where), hint=hint)


Outcome = HttpReply | NotSent | Unclear | Stale | WrongCounterpart


CHECK_URL = say("Check url under [gateway] in the config, and the site's proxy.")


def reply_in(
    outcome: Outcome, no_answer: Callable[[Words], StoppedError], mend: Sentence = CHECK_URL
) -> HttpReply:
    """Return the reply; raise where there is none: by `no_answer`, or `mend` where none was reached."""
    if isinstance(outcome, WrongCounterpart):
        raise outcome.error()
    if isinstance(outcome, NotSent):
        raise StoppedError(say("The gateway cannot be reached: {text}", text=outcome.text), hint=mend)
    if not isinstance(outcome, HttpReply):
        raise no_answer("" if isinstance(outcome, Stale) else outcome.text)
    return outcome


def unless_login_refused(reply: HttpReply) -> HttpReply:
    """Return the reply to a request that sends nothing; raise where HTTP says that the login is refused."""
    if reply.status in _LOGIN_REFUSED:
        raise GatewayRefusedError(
            say("the gateway refused the login (HTTP {status})", status=reply.status), hint=CHECK_ACCOUNT
        )
    return reply


_LOGIN_REFUSED = (401, 403)
_ASK_SUPPORT = say(
    "The login is not what is wrong: smsctl gateway probe tries it. Ask the gateway's support what was."
)
_FEWER = say("Send fewer messages in a request: batch_size under [gateway] in the config.")

_NOT_ACCEPTED = {
    400: (Event.UNREADABLE_REQUEST, _ASK_SUPPORT),
    401: (Event.LOGIN_REFUSED_BY_HTTP, CHECK_ACCOUNT),
    403: (Event.LOGIN_REFUSED_BY_HTTP, CHECK_ACCOUNT),
    404: (Event.UNKNOWN_ADDRESS, CHECK_URL),
    405: (Event.UNKNOWN_ADDRESS, CHECK_URL),
    413: (Event.TOO_LARGE, _FEWER),
    415: (Event.UNREADABLE_REQUEST, _ASK_SUPPORT),
}
"""Statuses that say that the request was not taken, what that is, and what mends it."""


def verdict(batch: Batch, outcome: NotSent | Unclear | Stale | WrongCounterpart) -> Answer:
    """Return the answer for a batch whose request got no complete reply, or one from where none may come.

    What a simulator took, no gateway has taken.
    """
    if isinstance(outcome, WrongCounterpart):
        status = Status.PENDING if outcome.by_simulator else Status.UNKNOWN
        error = outcome.error()
        told = same_for_all(batch, status, SubmitVerdict.REFUSED, Remark(outcome.event, outcome.where))
        return told._replace(mend=error.hint)
    if isinstance(outcome, Stale):
        return same_for_all(batch, Status.PENDING, SubmitVerdict.STALE, Remark(Event.STALE))
    if isinstance(outcome, NotSent):
        return same_for_all(batch, Status.PENDING, SubmitVerdict.NOT_REACHED, outcome.text)
    return unclear(batch, outcome.text)


def unclear(batch: Batch, text: Words) -> Answer:
    """Return the answer for a batch of which nothing can be told."""
    return same_for_all(batch, Status.UNKNOWN, SubmitVerdict.UNCLEAR, text)


def refused(batch: Batch, text: Words, mend: Sentence) -> Answer:
    """Return the answer for a batch that was not accepted, and the next will not be either."""
    return same_for_all(batch, Status.PENDING, SubmitVerdict.REFUSED, text)._replace(mend=mend)


def status_verdict(batch: Batch, reply: HttpReply, words: str) -> Answer:
    """Return the answer for a reply whose status is not 200; `words` are the gateway's own.

    503 proves nothing: neither vendor says what it means for acceptance.
    """
    said = f"HTTP {reply.status}" + (f": {words}" if words else "")
    if reply.status in _NOT_ACCEPTED:
        event, mend = _NOT_ACCEPTED[reply.status]
        return refused(batch, Remark(event, said), mend)
    if 300 <= reply.status < 400:  # noqa: PLR2004  # a redirect is never followed
        return refused(batch, Remark(Event.MOVED, said), CHECK_URL)
    if reply.status == 429:  # noqa: PLR2004
        wait_s = _retry_after_s(reply.headers.get("retry-after", ""))
        return same_for_all(batch, Status.PENDING, SubmitVerdict.BUSY, said, wait_s)
    return unclear(batch, said)


def unless_taken(batch: Batch, refusal: Answer, receipts: Iterable[Receipt]) -> Answer:
    """Return a refusal, unless the same reply tells of a message of ours that it was not refused.

    Such a reply says two things: to send again would be to send twice.
    """
    if refusal.verdict is SubmitVerdict.UNCLEAR or all(one.status in _REFUSED for one in receipts):
        return refusal
    said = refusal.text.said if isinstance(refusal.text, Remark) else refusal.text
    return unclear(batch, Remark(Event.REFUSED_AND_TAKEN, said))


_REFUSED = frozenset({Status.PENDING, Status.REJECTED})


def load_what_quotes() -> None:
    """Load what `quoted` needs: once an answer is here, no file may be left that can be opened for it."""
    import binascii  # noqa: F401
    import encodings.utf_8_sig  # noqa: F401
    import html  # noqa: F401
    import json  # noqa: F401


@lru_cache(maxsize=1)  # a gateway says the same of nearly each batch
def quoted(body: bytes | str, secret: str) -> str:
    """Return foreign text fit to be shown: short, in one line, without the secret or a number it echoes."""
    import json  # a plan needs none of this
    from html import escape

    text = body if isinstance(body, str) else _decoded(body)
    # First what nobody sees goes, or what it parted would stand there whole; an escape is shown as one.
    text = "".join(sign for sign in text if sign.isprintable() or sign.isspace() or sign == "\x1b")
    if secret:
        for form in (secret, json.dumps(secret)[1:-1], escape(secret, quote=False)):
            text = text.replace(form, "***")
        text = re.sub(_BASE64, lambda word: "***" if _is_login(word[0], secret) else word[0], text)
    return veil_numbers(" ".join(text.split()))[:_QUOTE_LENGTH]


def _is_login(word: str, secret: str) -> bool:
    """Say whether a word is a login as it travels, in which the secret stands (RFC 4616, RFC 7617)."""
    import binascii

    for begun in range(4):  # it may stand behind other letters, or have lost its first ones
        with suppress(binascii.Error):
            if secret.encode() in binascii.a2b_base64(f"{word[begun:]}==="):
                return True
    return False


_BASE64 = r"[A-Za-z0-9+/]{8,}={0,2}"


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("iso-8859-1")


def _retry_after_s(value: str) -> float | None:
    """Return how long the gateway asks us to wait, at most ten minutes; seconds or an HTTP date."""
    if value.strip().isdecimal():
        return min(float(value), MAX_RETRY_AFTER_S)
    try:
        from datetime import UTC, datetime
        from email.utils import parsedate_to_datetime

        wait = parsedate_to_datetime(value) - datetime.now(UTC)
    except (TypeError, ValueError, OSError):  # no date; or no more files may be open
        return None
    return min(max(wait.total_seconds(), 0.0), MAX_RETRY_AFTER_S)
