"""What the simulated gateways accepted: in memory, and one JSON line each in a file."""

import json
import os
import re
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from smsctl.errors import InputError, say
from smsctl.simulator.web import refuse


class AcceptedMessage(NamedTuple):
    """One message a gateway said yes to. Made by the hundred thousand, hence no dataclass."""

    time: str  # UTC, ISO 8601
    gateway: str  # intelecom, pswincom or mail
    reference: str | None  # the sender's own: clientReference, or PSWinCom's ID
    batch_reference: str | None  # batchReference, or PSWinCom's SD
    recipient: str
    content: str  # as the phone would show it
    encoding: str  # gsm7, ucs2 or binary
    parts: int
    originator: str | None = None
    priority: int | None = None
    message_id: str | None = None  # the gateway's: messageId, or PSWinCom's REF
    validity: int | None = None  # Puzzel's code, PSWinCom's minutes
    send_at: str | None = None  # UTC, ISO 8601; None: at once
    report: bool = False  # a delivery report is wanted


_KEYS = tuple(re.sub("_(.)", lambda found: found[1].upper(), name) for name in AcceptedMessage._fields)
_to_json = json.JSONEncoder(ensure_ascii=False).encode


class Journal:
    """Takes accepted messages from all gateways, from any thread."""

    def __init__(self, path: Path | None, *, durable: bool, keep: int) -> None:
        """Open the file for appending, made 0600 where it is new; InputError when that fails."""
        self._lock = Lock()
        self._kept: deque[AcceptedMessage] = deque(maxlen=keep)
        self._durable = durable
        self._file = None if path is None else _open(path)
        self.on_taken: Callable[[Sequence[AcceptedMessage]], None] | None = None

    def take(self, messages: Sequence[AcceptedMessage]) -> None:
        """Write the messages down; when this returns they are as safe as the journal was asked to be."""
        with self._lock:
            if self._file is not None:
                lines = "".join(f"{_to_json(dict(zip(_KEYS, m, strict=True)))}\n" for m in messages)
                self._write(self._file, lines.encode())
            self._kept.extend(messages)
        if self.on_taken is not None:
            self.on_taken(messages)

    def _write(self, journal: int, lines: bytes) -> None:
        """Append. Raises RefusedRequestError where the disk takes less than all of it."""
        try:
            while lines:
                lines = lines[os.write(journal, lines) :]
            if self._durable:
                os.fsync(journal)
        except OSError as error:
            told = f"The simulator cannot write its journal: {error.strerror}."
            raise refuse(HTTPStatus.INTERNAL_SERVER_ERROR, told) from error

    def accepted(self) -> tuple[AcceptedMessage, ...]:
        """Return what is remembered, oldest first."""
        with self._lock:
            return tuple(self._kept)

    def close(self) -> None:
        """Close the file; what was accepted can still be asked for."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        raise InputError(
            say("cannot write the simulator's journal {path}: {why}", path=path, why=error.strerror)
        ) from error
