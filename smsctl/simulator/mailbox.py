"""Stands in for the site's mail server, so that the e-mail route can be rehearsed (wire/puzzel.md).

A mail to `NUMBER-SERVICE@…` is one SMS. A small server of our own: what a rehearsal needs of SMTP is
nine commands, and a mail library would be installed for nothing else.
"""

import re
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import NamedTuple

from smsctl.errors import InputError
from smsctl.simulator.identity import GREETING
from smsctl.simulator.journal import AcceptedMessage, Journal
from smsctl.simulator.loopback import listen
from smsctl.simulator.measure import AirEncoding, is_gsm, parts
from smsctl.simulator.web import RefusedRequestError

_KEEP = 100_000
_FIXED_ANSWERS = {"NOOP": "250 OK", "VRFY": "252 Send a mail and see", "QUIT": "221 Bye"}
_FRESH_ANSWERS = {
    "HELO": "250 {name}",
    "EHLO": "250-{name}\r\n250-SIZE {largest}\r\n250 8BITMIME",
    "RSET": "250 OK",
}
"""To the commands that make it forget a sender and recipients that were named before."""
_LONGEST_LINE = 4096
_LARGEST_MAIL = 1024 * 1024
_STOP_WITHIN_S = 0.05
_RECIPIENT = re.compile(r"TO:\s*<\+?([0-9]{8,15})-([0-9]{1,10})@[^\s<>@]+>.*", re.IGNORECASE)
_SENDER = re.compile(r"FROM:\s*<[^\s<>]*>.*", re.IGNORECASE)
_PART_LENGTH = {AirEncoding.GSM7: 153, AirEncoding.UCS2: 67}


class Mailbox(AbstractContextManager["Mailbox"]):
    """A running mail server. As a context manager it stops at the end of the block."""

    def __init__(self, listening: socket, journal: Journal, name: str) -> None:
        """Serve at once, greeting with the name; `start` is the way in."""
        self.host: str
        self.port: int
        self.host, self.port = listening.getsockname()[:2]
        self._journal = journal
        self._server = _Server(listening, journal, name)
        self._thread = Thread(target=self._server.serve_forever, args=(_STOP_WITHIN_S,), daemon=True)
        self._thread.start()

    def accepted(self) -> tuple[AcceptedMessage, ...]:
        """Return the SMS that came as mail so far, oldest first."""
        return self._journal.accepted()

    def stop(self) -> None:
        """Stop serving; a second time does no harm."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._journal.close()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


def start(
    *,
    journal: Path | None = None,
    durable: bool = False,
    as_a_gateway: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_other_hosts: bool = False,
) -> Mailbox:
    """Start the mail server; port 0 takes a free one. The journal is that of the simulator.

    With `as_a_gateway` it does not say that it is a simulator, for tests of live mode.
    Raises RuleError, UsageError and InputError as `smsctl.simulator.server.start` does.
    """
    listening = listen(host, port, allow_other_hosts=allow_other_hosts)
    try:
        written = Journal(journal, durable=durable, keep=_KEEP)
    except InputError:
        listening.close()
        raise
    return Mailbox(listening, written, "localhost" if as_a_gateway else GREETING)


class _Recipient(NamedTuple):
    number: str  # international digits
    service_id: str


class _Server(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, listening: socket, journal: Journal, name: str) -> None:
        super().__init__(listening.getsockname(), _Conversation, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.journal = journal
        self.name = name

    def handle_error(self, *_: object) -> None:
        """Break the connection off without a word: this would print a traceback among what smsctl says."""


class _Conversation(StreamRequestHandler):
    """One connection, command by command."""

    server: _Server

    def handle(self) -> None:
        """Talk until the client leaves; how it leaves is its own business."""
        with suppress(OSError):
            self._converse()

    def _converse(self) -> None:
        self._forget()
        self._say(f"220 {self.server.name} ESMTP")
        commands = {"MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data}
        while line := self.rfile.readline(_LONGEST_LINE):
            verb, _, rest = line.decode("utf-8", errors="replace").strip().partition(" ")
            verb = verb.upper()
            if verb in commands:
                commands[verb](rest)
            elif verb in _FRESH_ANSWERS:
                self._forget()
                self._say(_FRESH_ANSWERS[verb].format(name=self.server.name, largest=_LARGEST_MAIL))
            else:
                self._say(_FIXED_ANSWERS.get(verb, "502 Not known here"))
            if verb == "QUIT":
                return

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _forget(self) -> None:
        self._has_sender = False
        self._recipients: list[_Recipient] = []

    def _mail(self, argument: str) -> None:
        if not _SENDER.fullmatch(argument):
            self._say("501 MAIL FROM:<address>")
            return
        self._forget()
        self._has_sender = True
        self._say("250 OK")

    def _rcpt(self, argument: str) -> None:
        match = _RECIPIENT.fullmatch(argument)
        if not self._has_sender:
            self._say("503 MAIL first")
        elif match is None:
            self._say("550 The address must be NUMBER-SERVICE@...")
        else:
            self._recipients.append(_Recipient(number=match[1], service_id=match[2]))
            self._say("250 OK")

    def _data(self, _: str) -> None:
        if not self._recipients:
            self._say("503 RCPT first")
            return
        self._say("354 End with a line that is only a dot")
        mail = self._read_mail()
        if mail is None:
            self._say("552 Too large")
        elif (read := _read(mail)) is None:
            self._say("554 Plain text only")
        else:
            self._say(self._take(*read))
        self._forget()

    def _take(self, message_id: str | None, content: str) -> str:
        try:
            self.server.journal.take([_accepted(message_id, content, one) for one in self._recipients])
        except RefusedRequestError:
            return "452 The journal cannot be written"
        return "250 Accepted"

    def _read_mail(self) -> bytes | None:
        """Return the mail up to the lone dot; None: it was too large, and read to its end all the same."""
        lines, size = [], 0
        while (line := self.rfile.readline(_LARGEST_MAIL)) not in (b".\r\n", b".\n"):
            if not line:
                raise ConnectionAbortedError  # before the dot: the mail was never handed over
            size += len(line)
            if size <= _LARGEST_MAIL:
                lines.append(line.removeprefix(b"."))
        return b"".join(lines) if size <= _LARGEST_MAIL else None


def _read(mail: bytes) -> tuple[str | None, str] | None:
    """Return the mail's Message-ID and plain text; None: it has no plain text that can be read."""
    from email import message_from_bytes
    from email.policy import default

    parsed = message_from_bytes(mail, policy=default)
    body = parsed.get_body(("plain",))
    try:
        content = body.get_content() if body is not None else None
        message_id = parsed["Message-ID"]
    except (LookupError, ValueError):
        return None
    if content is None:
        return None
    return message_id, content.replace("\r\n", "\n").rstrip("\n")


def _accepted(reference: str | None, text: str, recipient: _Recipient) -> AcceptedMessage:
    encoding = AirEncoding.GSM7 if is_gsm(text) else AirEncoding.UCS2
    return AcceptedMessage(
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        gateway="mail",
        reference=reference,
        batch_reference=recipient.service_id,
        recipient=recipient.number,
        content=text,
        encoding=encoding,
        parts=parts(text, encoding, _PART_LENGTH[encoding]),
    )
