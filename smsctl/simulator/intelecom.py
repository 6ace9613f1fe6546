"""Puzzel's (Intelecom's) way to take messages: /gw/rs/sendMessages (wire/puzzel.md)."""

import math
import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import IntEnum
from functools import partial
from http import HTTPStatus
from itertools import count
from threading import Lock
from typing import NamedTuple

from smsctl.simulator import documents, intelecom_rules
from smsctl.simulator.behaviour import BadLogin, Behaviour
from smsctl.simulator.documents import Document
from smsctl.simulator.faults import chance
from smsctl.simulator.intelecom_rules import IntelecomFieldError, MessageSettings
from smsctl.simulator.journal import AcceptedMessage, Journal
from smsctl.simulator.management import Held, HeldMessage
from smsctl.simulator.measure import Content
from smsctl.simulator.web import Entry, ReceivedRequest, SimulatedAnswer, SimulatorReply, refuse


class Code(IntEnum):
    """The statuses of a message (wire/puzzel.md, "Result codes")."""

    ACCEPTED = 1
    ACCESS_ERROR = 2
    ILLEGAL_ACTION = 3
    ILLEGAL_SERVICE = 4
    SYNTAX_ERROR = 5
    INTERNAL_ERROR = 6
    QUOTA_EXCEEDED = 24
    NOT_UNIQUE = 25


_TEXTS = {
    Code.ACCEPTED: "Message enqueued for sending",
    Code.ACCESS_ERROR: "Access denied: wrong username or password",
    Code.ILLEGAL_ACTION: "Illegal action: the service may not bill recipients",
    Code.ILLEGAL_SERVICE: "Illegal service",
    Code.INTERNAL_ERROR: "Internal error",
    Code.QUOTA_EXCEEDED: "Quota exceeded: too many messages to this number",
    Code.NOT_UNIQUE: "Duplicate message: the identifier has been used before",
}


class _Message(NamedTuple):
    """One message that obeys the rules."""

    reference: str | None
    recipient: str
    content: Content
    settings: MessageSettings


class SimulatedIntelecom:
    """One Puzzel gateway: it remembers identifiers, counts messages per number, and accepts."""

    def __init__(self, behaviour: Behaviour, journal: Journal, held: Held) -> None:
        """Start with nothing remembered."""
        self._behaviour = behaviour
        self._journal = journal
        self._held = held
        self._lock = Lock()
        self._origin = os.urandom(3).hex()  # so that ids differ from those of earlier runs
        self._ids = count(1)
        self._draws = count(1)
        self._references = _Remembered(behaviour.unique_window_s)
        self._batches = _Remembered(behaviour.unique_window_s)
        self._per_number: Counter[str] = Counter()
        self._last_settings: tuple[object, MessageSettings] = (None, MessageSettings(behaviour.parsing_type))

    def submit(self, request: ReceivedRequest) -> SimulatedAnswer:
        """Take the messages of one request. Raises RefusedRequestError (400, 401, 415)."""
        document = documents.read(request)
        messages = document.get("message")
        if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
            raise refuse(HTTPStatus.BAD_REQUEST, "message: a list of at least one message is required.")
        with self._lock:
            batch = str(document.get("batchReference") or self._new_id())
            refused = self._refusal(document, batch)
            if refused is not None:
                entries = [_refused(fields, index, refused) for index, fields in enumerate(messages, 1)]
            else:
                entries = self._take(str(document["serviceId"]), batch, messages)
        return SimulatedAnswer(
            entries,
            "clientReference",
            partial(_write, request, None if self._behaviour.vendor_like else batch),
        )

    def _refusal(self, document: Document, batch: str) -> Code | None:
        """Return the code that all messages get, if the request as a whole is refused."""
        behaviour = self._behaviour
        if not behaviour.knows(document.get("username"), document.get("password")):
            if behaviour.bad_login is BadLogin.HTTP_401:
                raise refuse(HTTPStatus.UNAUTHORIZED, _TEXTS[Code.ACCESS_ERROR])
            return Code.ACCESS_ERROR
        service_id = str(document.get("serviceId", ""))
        if not service_id.isdecimal() or str(behaviour.service_id or service_id) != service_id:
            return Code.ILLEGAL_SERVICE
        if behaviour.unique_batches and not self._batches.is_new(batch):
            return Code.NOT_UNIQUE
        return None

    def _take(self, service_id: str, batch: str, messages: list[Document]) -> list[Entry]:
        """Judge every message; what is accepted is in the journal when this returns."""
        now = datetime.now(UTC)
        stamp = now.isoformat(timespec="milliseconds")
        entries: list[Entry] = []
        accepted: list[AcceptedMessage] = []
        held: list[HeldMessage] = []
        for index, fields in enumerate(messages, 1):
            try:
                message = self._read(fields)
            except IntelecomFieldError as error:
                entries.append(_refused(fields, index, Code.SYNTAX_ERROR, str(error)))
                continue
            code = self._judge(message)
            taken = code is Code.ACCEPTED or (code is Code.QUOTA_EXCEEDED and self._behaviour.spam_queues)
            message_id = self._new_id() if taken else None
            entries.append(_entry(message, index, code, message_id))
            if message_id is not None:
                accepted.append(_accepted(message, stamp, batch, message_id))
                held += self._waiting(message, message_id, code, now)
        self._journal.take(accepted)
        if held:
            self._held.add(service_id, batch, held)
        return entries

    def _read(self, fields: Document) -> _Message:
        reference = fields.get("clientReference")
        number = intelecom_rules.recipient(fields.get("recipient"))
        text = fields.get("content")
        if not isinstance(text, str) or not text:
            raise IntelecomFieldError("Invalid content: missing")
        settings = self._settings(fields)
        content = intelecom_rules.content(text, settings.parsing_type, binary=settings.binary)
        return _Message(
            reference=None if reference is None else str(reference),
            recipient=number,
            content=content,
            settings=settings,
        )

    def _settings(self, fields: Document) -> MessageSettings:
        """Return the message's settings; mostly they are those of the message before it."""
        asked = (fields.get("settings"), fields.get("price"))
        if asked != self._last_settings[0]:
            settings = intelecom_rules.settings(*asked, self._behaviour.parsing_type)
            self._last_settings = (asked, settings)
        return self._last_settings[1]

    def _judge(self, message: _Message) -> Code:
        """Return what becomes of a message that obeys the rules."""
        behaviour = self._behaviour
        if message.settings.price and not behaviour.premium:
            return Code.ILLEGAL_ACTION
        share, limit = behaviour.internal_error_share, behaviour.spam_limit
        if share and chance(behaviour.seed, "internal error", next(self._draws)) < share:
            return Code.INTERNAL_ERROR
        if limit is not None and self._per_number[message.recipient] >= limit:
            return Code.QUOTA_EXCEEDED
        reference = message.reference
        if behaviour.unique_references and reference and not self._references.is_new(reference):
            return Code.NOT_UNIQUE
        if limit is not None:
            self._per_number[message.recipient] += 1
        return Code.ACCEPTED

    def _waiting(self, message: _Message, message_id: str, code: Code, now: datetime) -> list[HeldMessage]:
        """Return the message if it does not leave at once; outside its window it is discarded."""
        window, leaves_at, on_hold = message.settings.window, time.time(), False
        if code is Code.QUOTA_EXCEEDED:
            leaves_at, on_hold = math.inf, True
        elif window is not None:
            opens = window.opens(now)
            if opens is None:
                return []
            leaves_at, on_hold = opens.timestamp(), opens > now
        leaves_at += self._behaviour.throttle_s
        if leaves_at <= time.time():
            return []
        ours = message.reference
        return [HeldMessage(message_id=message_id, reference=ours, leaves_at=leaves_at, on_hold=on_hold)]

    def _new_id(self) -> str:
        return f"{self._origin}{next(self._ids):06x}"


class _Remembered:
    """Identifiers seen within a window of time (wire/puzzel.md, "References and repeats")."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._seen: dict[str, float] = {}  # oldest first

    def is_new(self, identifier: str) -> bool:
        """Return whether the identifier was not seen within the window, and remember it."""
        now = time.monotonic()
        while self._seen:
            oldest = next(iter(self._seen))
            if now - self._seen[oldest] < self._window_s:
                break
            del self._seen[oldest]
        if identifier in self._seen:
            return False
        self._seen[identifier] = now
        return True


def _refused(fields: Document, index: int, code: Code, text: str | None = None) -> Entry:
    return {
        "statusCode": int(code),
        "statusMessage": text or _TEXTS[code],
        "clientReference": fields.get("clientReference"),
        "recipient": fields.get("recipient"),
        "messageId": None,
        "sessionId": None,
        "sequenceIndex": index,
    }


def _entry(message: _Message, index: int, code: Code, message_id: str | None) -> Entry:
    settings = message.settings
    return _refused({}, index, code) | {
        "clientReference": message.reference,
        "recipient": message.recipient,
        "messageId": message_id,
        "sessionId": f"s{message_id}" if settings.new_session and message_id else settings.session_id,
    }


def _accepted(message: _Message, stamp: str, batch: str, message_id: str) -> AcceptedMessage:
    content, settings = message.content, message.settings
    return AcceptedMessage(
        time=stamp,
        gateway="intelecom",
        reference=message.reference,
        batch_reference=batch,
        recipient=message.recipient,
        content=content.text,
        encoding=content.encoding,
        parts=content.parts,
        originator=settings.originator,
        priority=settings.priority,
        message_id=message_id,
        validity=settings.validity,
        send_at=settings.window.start.isoformat() if settings.window else None,
        report=settings.report,
    )


def _write(request: ReceivedRequest, batch: str | None, entries: Sequence[Entry]) -> SimulatorReply:
    """Return the reply; the schema has a batchReference, the samples have none (wire/puzzel.md, "Reply")."""
    named = {} if batch is None else {"batchReference": batch}
    return documents.write(request, {**named, "messageStatus": entries})
