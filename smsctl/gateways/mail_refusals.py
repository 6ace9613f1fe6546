"""What a mail server's refusal means: of one recipient or of us, for now or for good, and what mends it."""

import re
from typing import NamedTuple

from smsctl.domain.gateway import CHECK_MAIL_SERVER
from smsctl.domain.message import Status, SubmitVerdict
from smsctl.domain.remark import Words
from smsctl.errors import Sentence, say

_ENHANCED = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_OF_US = re.compile(rb"(?i)relay|spam|policy|blocked|block ?list|blacklist|junk|denied|not permitted")
_OF_SENDER = re.compile(rb"(?is)[45]\.1\.[78]\b|.*\bsender (?:address )?(?:rejected|denied|verif)")
_OF_A_MAILBOX, _OF_THE_LOGIN, _TOO_LARGE = {550, 551, 553}, {530, 534, 535, 538}, 552
_NOT_NOW, _CLOSING, _MAILBOX_BUSY = range(400, 500), 421, 450


class MailOutcome(NamedTuple):
    """What came of one mail, and what that means for the next."""

    status: Status
    verdict: SubmitVerdict
    code: str | None
    text: Words
    mend: Sentence | None = None  # what mends a refusal, where its cause is known
    puts_off_one: bool = False  # for now, and this recipient alone: the next may be taken

    @property
    def is_taken(self) -> bool:
        """Whether the server has it, or may have it: it is not sent once more."""
        return self.status in {Status.ACCEPTED, Status.UNKNOWN}


def is_of_this_address(code: int, words: bytes, *, at_rcpt: bool = True) -> bool:
    """Say whether a refusal is of the recipient and not of us (RFC 3463 3.2, 3.3; RFC 5321 4.2.3).

    Without an enhanced code 550 means the mailbox, unless the words tell that it is our mails, or it comes
    when the mail itself has been named or seen: it has one recipient, but may be refused for what it holds.
    What is said of the sender's address is of all mails, whenever it is said.
    """
    if _OF_SENDER.match(words):
        return False
    if _ENHANCED.match(words):
        return code not in _NOT_NOW and words.startswith((b"5.1.", b"5.2."))
    return at_rcpt and code in _OF_A_MAILBOX and not _OF_US.search(words)


def puts_off_this_address(code: int, words: bytes) -> bool:
    """Say whether the server takes no mail for this recipient just now (RFC 5321 4.2.3; RFC 3463 3.2, 3.3).

    Not where its words, or their code, tell that it is our mails, our address, or the server itself.
    """
    if _OF_SENDER.match(words):
        return False
    if _ENHANCED.match(words):
        return code in _NOT_NOW and code != _CLOSING and words.startswith((b"4.1.", b"4.2."))
    return code == _MAILBOX_BUSY and not _OF_US.search(words)


def refusal(code: int, words: bytes) -> MailOutcome:
    """Return what a reply means that did not take the mail."""
    text = f"{code} {words.decode('utf-8', 'replace')}"
    if code in _NOT_NOW:
        return MailOutcome(Status.PENDING, SubmitVerdict.BUSY, code=str(code), text=text)
    if code in _OF_THE_LOGIN:
        mend = CHECK_MAIL_SERVER
    elif code == _TOO_LARGE:
        mend = say("The mail server has no room for the mail, or finds it too large: ask who runs it.")
    elif words.startswith(b"5.7.") or _OF_US.search(words):
        mend = say(
            "The mail server's own rules refuse these mails, as spam or from this machine: ask who runs it to"
            " let them pass."
        )
    else:
        mend = say("Check [smtp] in the config, or ask who runs the mail server.")
    return MailOutcome(Status.PENDING, SubmitVerdict.REFUSED, code=str(code), text=text, mend=mend)
