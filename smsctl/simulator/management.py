"""List, look at and stop what has not left yet (wire/puzzel.md, "Management API")."""

import base64
from http import HTTPStatus

from smsctl.simulator import documents
from smsctl.simulator.behaviour import Behaviour
from smsctl.simulator.documents import Document
from smsctl.simulator.held import Held, HeldBatch
from smsctl.simulator.web import ReceivedRequest, SimulatorReply, refuse


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
        if not (service_is_ours and behaviour.knows(*_basic(request.authorization))):
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


def _basic(header: str) -> tuple[str | None, str | None]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        username, colon, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return None, None
    return (username, password) if colon else (None, None)


def _no_batch(reference: str) -> Exception:
    return refuse(HTTPStatus.NOT_FOUND, f"There is no batch {reference}.")
