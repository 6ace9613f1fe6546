"""A connection to the mail server, on which mails are handed over step by step.

smtplib raises the same exception for a break before the final dot (not accepted) and after it (unknown):
so the dot is sent from here, and noted before it leaves (what-an-answer-proves.md, "By e-mail").
"""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from smtplib import (  # this file is imported late
    SMTP,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from ssl import SSLCertVerificationError
from types import TracebackType
from typing import Any, Self

from smsctl.domain.gateway import MailRoute, Options
from smsctl.domain.message import Status, SubmitVerdict
from smsctl.domain.remark import Event, Remark, Words
from smsctl.gateways.deadline import CLOCK
from smsctl.gateways.mail_refusals import MailOutcome, is_of_this_address, puts_off_this_address, refusal
from smsctl.gateways.outcome import WrongCounterpart, quoted
from smsctl.gateways.trust import NAME_AUTHORITY, tls_context

SIMULATOR = b"smsctl-simulator"
_READY, _OK, _GO_AHEAD = 220, 250, 354
_TAKEN, _REFUSED = range(200, 300), range(400, 600)


def open_line(options: Options, route: MailRoute) -> "MailLine | MailOutcome":
    """Connect and log in; return the line, or why there is none. No mail has been spoken of yet.

    Whatever is told of here is fit to be shown: the server may repeat a number, or the login.
    """
    server = _Server(route.host, options.connect_timeout_s)
    try:
        with server.within(options.total_timeout_s):
            _log_in(server, options, route)
    except (OSError, ValueError) as error:  # smtplib's own errors are OSErrors
        server.close()
        return _fit(_trouble(error), route)
    return MailLine(server, route, options)


def must_greet_as_the_mode_says(options: Options, route: MailRoute) -> None:
    """Raise GatewayRefusedError unless a simulator greets in simulate, and none in live.

    Where nobody greets, sending tells it.
    """
    server = _Server(route.host, options.connect_timeout_s)
    mistaken = None
    with suppress(OSError, ValueError), server.within(options.total_timeout_s):
        _, words = server.reach(route.port)
        mistaken = _mistaken(words, options, route)
        server.quit()
    server.close()
    if mistaken:
        raise mistaken.error()


def _mistaken(greeting: bytes, options: Options, route: MailRoute) -> WrongCounterpart | None:
    by_simulator = greeting.split()[:1] == [SIMULATOR]
    if by_simulator is options.simulated:
        return None
    return WrongCounterpart(where=f"{route.host}:{route.port}", by_simulator=by_simulator)


def _log_in(server: "_Server", options: Options, route: MailRoute) -> None:
    code, words = server.reach(route.port)
    if code < 0:  # as smtplib says that a line is no reply at all
        raise SMTPException(Remark(Event.NO_SMTP))
    if code != _READY:
        raise SMTPResponseException(code, words)
    if mistaken := _mistaken(words, options, route):
        raise SMTPException(mistaken.error().sentence)
    _wait_at_most(server, options.read_timeout_s)
    if route.starttls:
        server.starttls(context=tls_context(options.ca_bundle))
    if route.username is not None and route.password is not None:
        server.login(_Utf8(route.username), _Utf8(route.password.reveal()))
    server.ehlo_or_helo_if_needed()


class _Server(SMTP):
    """The other end. Its timeout starts anew with every byte, so each stretch of the dialogue has a limit."""

    def __init__(self, host: str, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s, local_hostname=socket.gethostname())
        self._host = host  # whom the certificate must name; smtplib's own connect() does not keep it
        self._expired = False

    def reach(self, port: int) -> tuple[int, bytes]:
        """Connect and return the greeting."""
        self.sock = socket.create_connection((self._host, port), self.timeout)
        if self._expired:  # while there was no socket that could be shut down
            raise TimeoutError
        return self.getreply()

    @contextmanager
    def within(self, limit_s: float) -> Iterator[None]:
        """Raise TimeoutError when the block takes longer in all; the line is cut then, for good."""
        alarm = CLOCK.set(limit_s, self._cut)
        try:
            yield
        except (OSError, ValueError) as error:
            if self._expired:
                raise TimeoutError from error
            raise
        finally:
            alarm.off = True
        if self._expired:  # half a line looks like a whole one
            raise TimeoutError

    def auth(
        self,
        mechanism: str,
        authobject: Any,  # noqa: ANN401  # as smtplib has it
        *,
        initial_response_ok: bool = True,
    ) -> tuple[int, bytes]:
        """Log in one way, as smtplib does, but with what is sent in UTF-8."""

        def in_utf8(challenge: Any = None) -> Any:  # noqa: ANN401
            answer = authobject(challenge)
            return None if answer is None else _Utf8(answer)

        return super().auth(mechanism, in_utf8, initial_response_ok=initial_response_ok)

    def _cut(self) -> None:
        self._expired = True
        if self.sock is not None:
            # Not SSLSocket's own shutdown: it takes the TLS object away from the thread that reads.
            with suppress(OSError):  # closed at the other end first
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _Utf8(str):
    """A text that becomes UTF-8 whatever is asked for (RFC 4616).

    smtplib asks for ASCII: a password with an å would fail, and the error would name the letter.
    """

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002
        return super().encode("utf-8", errors)


class MailLine:
    """An open connection. As a context manager it says goodbye at the end of the block."""

    def __init__(self, server: _Server, route: MailRoute, options: Options) -> None:
        """Keep the connection, which is logged in."""
        self._server = server
        self._route = route
        self._from = route.from_address
        self._read_timeout_s = options.read_timeout_s
        self._total_timeout_s = options.total_timeout_s
        self._after_the_dot_s = options.after_a_mail_s

    def __enter__(self) -> Self:
        """Return the line."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye, unless something went wrong."""
        if error is None:
            with suppress(OSError), self._server.within(self._read_timeout_s):
                self._server.quit()
        self._server.close()

    def content(self, body: str, subject: str | None = None) -> bytes:
        """Return what all mails of a batch have in common: plain text in UTF-8, and the sender."""
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = self._from
        if subject is not None:  # a notice, or an SMS that is mailed on: nothing is to answer it by itself
            mail["Subject"] = subject
            mail["Auto-Submitted"] = "auto-generated"  # RFC 3834
        mail["Date"] = formatdate(localtime=False)
        mail.set_content(body, cte="quoted-printable")
        return re.sub(rb"(?m)^\.", b"..", mail.as_bytes())

    def hand_over(self, address: str, reference: str, content: bytes) -> MailOutcome:
        """Send one mail. The Message-ID follows from the reference, so that a repeat can be recognised."""
        return _fit(self._hand_over(address, reference, content), self._route)

    def _hand_over(self, address: str, reference: str, content: bytes) -> MailOutcome:
        domain = self._from.rpartition("@")[2]
        head = f"Message-ID: <{reference}@{domain}>\r\nTo: {address}\r\n".encode()
        dot_may_have_left = False
        try:
            with self._server.within(self._total_timeout_s):
                refused = self._announce(address)
                if refused is not None:
                    return refused
                self._server.send(head + content)
            dot_may_have_left = True
            _wait_at_most(self._server, self._after_the_dot_s)
            with self._server.within(self._after_the_dot_s):
                self._server.send(b".\r\n")
                code, words = self._server.getreply()
            _wait_at_most(self._server, self._read_timeout_s)
        except (OSError, ValueError) as error:
            why_not = _trouble(error)
            if dot_may_have_left:
                return MailOutcome(Status.UNKNOWN, SubmitVerdict.UNCLEAR, code=None, text=why_not.text)
            return why_not
        if code in _REFUSED:
            return _refused(code, words)
        text = words.decode("utf-8", "replace")
        if code in _TAKEN:
            return MailOutcome(Status.ACCEPTED, SubmitVerdict.ANSWERED, code=str(code), text=text)
        return MailOutcome(Status.UNKNOWN, SubmitVerdict.UNCLEAR, code=str(code), text=text)

    def _announce(self, address: str) -> MailOutcome | None:
        """Name sender and recipient and ask to send; return what the server had against it."""
        code, words = self._server.mail(self._from)
        if code != _OK:
            return refusal(code, words)
        code, words = self._server.rcpt(address)
        if code in {_OK, 251}:
            code, words = self._server.docmd("DATA")
            if code == _GO_AHEAD:
                return None
            refused = _refused(code, words)
            if refused.verdict is SubmitVerdict.ANSWERED:
                self._forget()
            return refused
        if is_of_this_address(code, words):
            self._forget()
            return _rejected(code, words)
        if puts_off_this_address(code, words):
            self._forget()
            return refusal(code, words)._replace(puts_off_one=True)
        return refusal(code, words)

    def _forget(self) -> None:
        with suppress(OSError):  # a server that leaves now has refused the recipient all the same
            self._server.rset()


def _fit(handed: MailOutcome, route: MailRoute) -> MailOutcome:
    secret = route.password.reveal() if route.password else ""
    text = handed.text
    fit = Remark(text.event, quoted(text.said, secret)) if isinstance(text, Remark) else quoted(text, secret)
    return handed._replace(text=fit)


def _refused(code: int, words: bytes) -> MailOutcome:
    """Return what a refusal means once the server has taken the recipient."""
    of_the_address = is_of_this_address(code, words, at_rcpt=False)
    return _rejected(code, words) if of_the_address else refusal(code, words)


def _rejected(code: int, words: bytes) -> MailOutcome:
    return MailOutcome(
        Status.REJECTED, SubmitVerdict.ANSWERED, code=str(code), text=words.decode("utf-8", "replace")
    )


def _wait_at_most(server: SMTP, timeout_s: float) -> None:
    if server.sock is not None:
        server.sock.settimeout(timeout_s)


def _trouble(error: OSError | ValueError) -> MailOutcome:
    """Return what an exception means while no mail can have been taken."""
    if isinstance(error, SMTPResponseException):
        words = error.smtp_error
        return refusal(error.smtp_code, words if isinstance(words, bytes) else words.encode())
    # STARTTLS or login not offered, a certificate not trusted, an address that cannot be written
    refused = isinstance(error, SMTPException | ValueError) and not isinstance(error, SMTPServerDisconnected)
    verdict = SubmitVerdict.REFUSED if refused else SubmitVerdict.NOT_REACHED
    mend = None
    if isinstance(error, SSLCertVerificationError):
        mend = NAME_AUTHORITY
    return MailOutcome(Status.PENDING, verdict, code=None, text=_in_words(error), mend=mend)


def _in_words(error: OSError | ValueError) -> Words:
    if isinstance(error, SSLCertVerificationError):
        return Remark(Event.UNTRUSTED, error.verify_message)
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return Remark(Event.TIMED_OUT)  # smtplib calls a server that is silent disconnected, too
    if isinstance(error, SMTPServerDisconnected):
        return Remark(Event.CLOSED)
    if isinstance(error, SMTPException | ValueError):
        told = error.args[0] if error.args else ""
        return told if isinstance(told, Remark) else str(error)
    return error.strerror or type(error).__name__
