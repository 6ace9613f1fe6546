"""What smsctl itself has to say of a request or a message: a code and a value, stored as such.

The words are made where they are told. What a gateway, a mail server or the operating system said is foreign
text, and stays a `str`.
"""

from enum import StrEnum

from smsctl.errors import Sentence, say


class Event(StrEnum):
    """What happened to a request or a message; what is stored never changes."""

    UNREADABLE_REQUEST = "unreadable-request"
    LOGIN_REFUSED = "login-refused"
    LOGIN_REFUSED_BY_HTTP = "login-refused-by-http"
    NOT_PERMITTED = "not-permitted"
    SERVICE_REFUSED = "service-refused"
    UNKNOWN_ADDRESS = "unknown-address"
    TOO_LARGE = "too-large"
    MOVED = "moved"
    REFUSED_AND_TAKEN = "refused-and-taken"
    NO_ANSWER = "no-answer"
    NO_HTTP = "no-http"
    CUT_OFF = "cut-off"
    OVERSIZED = "oversized"
    UNREADABLE_BODY = "unreadable-body"
    NOT_TOLD_OF = "not-told-of"
    ANOTHERS_NAME = "anothers-name"
    NO_CODE = "no-code"
    BROKEN_OFF = "broken-off"
    STOPPED = "stopped"
    GIVEN_BACK = "given-back"
    STALE = "stale"
    STALE_MAIL = "stale-mail"
    CLOSED = "closed"
    NO_SMTP = "no-smtp"
    UNTRUSTED = "untrusted"
    INCOMPLETE = "incomplete"
    TIMED_OUT = "timed-out"
    PROXY_REFUSED = "proxy-refused"
    RESTORED = "restored"
    SIMULATOR = "simulator"
    NO_SIMULATOR = "no-simulator"


class Remark(Sentence):
    """One event and what belongs to it: the other side's words, a figure, an address; empty: nothing."""

    __slots__ = ("event", "said")

    def __init__(self, event: Event, said: str = "") -> None:
        """Keep both; the words follow from them."""
        super().__init__(_WORDS[event].template, None, {"said": said})
        self.event = event
        self.said = said


Words = str | Remark
"""What is told of a request or a message: foreign text, or a remark of ours."""

_SAID = ""
_LONGEST = 500
_WORDS = {
    Event.UNREADABLE_REQUEST: say("the gateway could not read the request ({said})", said=_SAID),
    Event.LOGIN_REFUSED: say("the gateway refused the login: {said}", said=_SAID),
    Event.LOGIN_REFUSED_BY_HTTP: say("the gateway refused the login ({said})", said=_SAID),
    Event.NOT_PERMITTED: say("the gateway does not permit this: {said}", said=_SAID),
    Event.SERVICE_REFUSED: say("the gateway refused the service: {said}", said=_SAID),
    Event.UNKNOWN_ADDRESS: say("the gateway does not know the address ({said})", said=_SAID),
    Event.TOO_LARGE: say("the gateway found the request too large ({said})", said=_SAID),
    Event.MOVED: say("the address has moved; correct url in the config ({said})", said=_SAID),
    Event.REFUSED_AND_TAKEN: say("refused and taken in one answer: {said}", said=_SAID),
    Event.NO_ANSWER: say("HTTP 200, but not an answer: {said}", said=_SAID),
    Event.NO_HTTP: say("no HTTP reply"),
    Event.CUT_OFF: say("closed before a whole answer had come"),
    Event.OVERSIZED: say("{said}, and more than an answer may be", said=_SAID),
    Event.UNREADABLE_BODY: say("{said}, and what follows cannot be read", said=_SAID),
    Event.NOT_TOLD_OF: say("the gateway's answer does not tell of this message"),
    Event.ANOTHERS_NAME: say("the gateway's answer names another message"),
    Event.NO_CODE: say("the gateway's answer holds no status code"),
    Event.BROKEN_OFF: say("smsctl or the machine stopped before the answer"),
    Event.STOPPED: say("stopped before the answer"),
    Event.GIVEN_BACK: say("given back unsent"),
    Event.STALE: say("too old before the first byte"),
    Event.STALE_MAIL: say("too old before the next mail"),
    Event.CLOSED: say("the mail server closed the connection"),
    Event.NO_SMTP: say("what answers there is no mail server"),
    Event.UNTRUSTED: say("the certificate is not trusted: {said}", said=_SAID),
    Event.INCOMPLETE: say("no complete answer within {said} s", said=_SAID),
    Event.TIMED_OUT: say("timed out"),
    Event.PROXY_REFUSED: say("the proxy refused the login (407)"),
    Event.RESTORED: say("the ledger was put back from an older copy"),
    Event.SIMULATOR: say("At {said} a simulator answers: live, no SMS would be sent through it.", said=_SAID),
    Event.NO_SIMULATOR: say(
        "What answers at {said} does not say that it is a simulator: it is told nothing.", said=_SAID
    ),
}


def stored(words: Words | None) -> tuple[Event | None, str | None]:
    """Return the code and the text that the ledger keeps; no code for foreign text."""
    event, text = (words.event, words.said) if isinstance(words, Remark) else (None, words)
    return event, text[:_LONGEST] if text else None


def restored(event: str | None, text: str | None) -> Words:
    """Return what the ledger has kept; empty where nothing was said."""
    return Remark(Event(event), text or "") if event else text or ""
