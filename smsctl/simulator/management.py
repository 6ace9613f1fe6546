"""List, look at and stop what has not left yet (wire/puzzel.md, "Management API").

What is accepted but has not left: throttled, scheduled or waiting for a person.
"""

import time
from collections.abc import Iterable
from http import HTTPStatus
from threading import Lock
from typing import NamedTuple

from smsctl.simulator import documents
from smsctl.simulator.behaviour import Behaviour
from smsctl.simulator.documents import Document
from smsctl.simulator.web import ReceivedRequest, SimulatorReply, refuse


class HeldMessage(NamedTuple):
    """An accepted message that has not left the gateway."""

    message_id: str
    reference: str | None
    leaves_at: float  # seconds since the epoch; infinite: when a person lets it go
    on_hold: bool  # waits for its window or for a person, not only for its turn


class HeldBatch(NamedTuple):
    """What is left of one batch."""

    reference: str
    messages: tuple[HeldMessage, ...]


class Held:
    """The queue of each service, by batch reference. Any thread may ask."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = Lock()
        self._batches: dict[tuple[str, str], tuple[HeldMessage, ...]] = {}
        self._stopped: list[str] = []

    def add(self, service_id: str, reference: str, messages: Iterable[HeldMessage]) -> None:
        """Put messages into the queue."""
        with self._lock:
            key = (service_id, reference)
            self._batches[key] = (*self._batches.get(key, ()), *messages)

    def batches(self, service_id: str) -> list[HeldBatch]:
        """Return what is left of every batch of the service, oldest batch first."""
        with self._lock:
            self._let_go()
            return [
                HeldBatch(ref, left) for (owner, ref), left in self._batches.items() if owner == service_id
            ]

    def stop(self, service_id: str, reference: str) -> HeldBatch | None:
        """Take what is left of the batch out of the queue, for good; None: nothing was left."""
        with self._lock:
            self._let_go()
            taken = self._batches.pop((service_id, reference), None)
            if taken is None:
                return None
            self._stopped += [message.message_id for message in taken]
            return HeldBatch(reference, taken)

    def stopped(self) -> tuple[str, ...]:
        """Return the message ids of all that was stopped, and so never sent."""
        with self._lock:
            return tuple(self._stopped)

    def _let_go(self) -> None:
        now = time.time()
        for key, messages in list(self._batches.items()):
            left = tuple(message for message in messages if message.leaves_at > now)
            if left:
                self._batches[key] = left
            else:
                del self._batches[key]


class SimulatedManagement:
    """The calls under /mgmt/rs/service/{service}/batch/. They send nothing and suffer no faults."""

    def __init__(self, behaviour: Behaviour, held: Held) -> None:
        """Look after the messages that `held` holds."""
        self._behaviour = behaviour
        self._held = held

    def list(self, request: ReceivedRequest, service_id: str) -> SimulatorReply:
        """Return every batch of which something is left."""
        self._check_login(request, service_id)
        batches: list[Document] = [_summary(batch) for batch in self._held.batches(service_id)]
        single = self._behaviour.management_single_object and len(batches) == 1
        return self._write(request, {"messageBatch": batches[0] if single else batches})

    def get(self, request: ReceivedRequest, service_id: str, reference: str) -> SimulatorReply:
        """Return one batch; 404 when nothing of it is left."""
        self._check_login(request, service_id)
        for batch in self._held.batches(service_id):
            if batch.reference == reference:
                return self._write(request, {"messageBatch": _summary(batch)})
        raise _no_batch(reference)

    def stop(self, request: ReceivedRequest, service_id: str, reference: str) -> SimulatorReply:
        """Stop what is left of a batch and name every stopped message; 404 when nothing is left."""
        self._check_login(request, service_id)
        batch = self._held.stop(service_id, reference)
        if batch is None:
            raise _no_batch(reference)
        stopped = [
            {"messageId": message.message_id, "clientMessageReference": message.reference}
            for message in batch.messages
        ]
        document = {
            "serviceId": int(service_id),
            "clientBatchReference": reference,
            "stoppedMessages": stopped,
        }
        return self._write(request, document)

    def _check_login(self, request: ReceivedRequest, service_id: str) -> None:
        behaviour = self._behaviour
        service_is_ours = behaviour.service_id in (None, int(service_id))
        if not (service_is_ours and behaviour.knows(*request.login)):
            challenge = ("WWW-Authenticate", 'Basic realm="gateway management"')
            raise refuse(HTTPStatus.UNAUTHORIZED, f"Not authorised for service {service_id}.", challenge)

    def _write(self, request: ReceivedRequest, document: Document) -> SimulatorReply:
        """Return the document as JSON, or as XML with the same names, which is a guess of the simulator's."""
        reply = documents.write_json(document)
        if "xml" in request.accept.lower() and "json" not in request.accept.lower():
            reply = documents.write_xml("text/xml", "result", document)
        headers: tuple[tuple[str, str], ...] = (("Cache-Control", "max-age=60"),)
        if self._behaviour.management_gzip or self._behaviour.vendor_like:
            import gzip

            headers += (("Content-Encoding", "gzip"),)
            reply = reply._replace(body=gzip.compress(reply.body))
        return reply._replace(headers=headers)


def malformed(request: ReceivedRequest) -> SimulatorReply:
    """Refuse a path that is none of the calls; the document says 500, not 404."""
    raise refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"Malformed path {request.path}.")


def _summary(batch: HeldBatch) -> Document:
    return {
        "clientBatchReference": batch.reference,
        "totalSize": len(batch.messages),
        "onHold": sum(message.on_hold for message in batch.messages),
    }


def _no_batch(reference: str) -> Exception:
    return refuse(HTTPStatus.NOT_FOUND, f"There is no batch {reference}.")
