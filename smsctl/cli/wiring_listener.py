"""The composition root's part for what comes back from the gateways, pushed, polled or in a file."""

import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from ipaddress import ip_network
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, NamedTuple

from smsctl.actions.poll import must_be_allowed_to_poll
from smsctl.actions.report import IntakeRules
from smsctl.cli import numbers, wiring_gateway
from smsctl.cli.wiring import Wiring
from smsctl.domain.push import PushBatch, Queue, ReadPush, UnreadableError
from smsctl.domain.remark import Words
from smsctl.domain.secret import Secret
from smsctl.errors import InputError, Sentence, say
from smsctl.ledger.blocklist import FOR_ALL
from smsctl.ledger.reports import IntakeSource
from smsctl.listener.application import PushApplication
from smsctl.listener.authenticator import PROBE_HEADER, Authenticator, PushCredentials, RequestRules
from smsctl.listener.push_queue import PushQueue, Store
from smsctl.listener.server import Listener, Patience
from smsctl.opening import open_file

_PIECE_BYTES = 1 << 18
_NONCE_BYTES = 16


def _pushing() -> Sequence[ModuleType]:
    """Return the file of each gateway that pushes: what reads a push, and what reads one in a file."""
    from smsctl.gateways import intelecom_pushes, pswincom_pushes

    return intelecom_pushes, pswincom_pushes


def readers() -> Mapping[str, ReadPush]:
    """Return the parser of each gateway that pushes."""
    return {one.NAME: one.read_push for one in _pushing()}


def intake_rules(wiring: Wiring, source: IntakeSource, forward_to: str | None = None) -> IntakeRules:
    """Return what incoming SMS and reports are judged by."""
    settings = wiring.settings
    return IntakeRules(
        source=source,
        wait=settings.reports.wait,
        numbers=numbers.reader(wiring),
        endpoint=settings.gateway.endpoint,
        keep_other=settings.reports.keep_other,
        forward_to=forward_to,
        # Where authorities are kept apart, a STOP is for those of this config, whose account received it.
        stopped=tuple(settings.municipalities) if settings.senders else FOR_ALL,
    )


def passes(wiring: Wiring) -> tuple[PushCredentials, ...]:
    """Return what each gateway must show to push to us; the words in it are secret."""
    return _gate(wiring).passes


def listen(
    wiring: Wiring,
    store: Store,
    *,
    host: str | None,
    port: int | None,
    on_trouble: Callable[[Exception], None],
    on_refused: Callable[[Sentence], None],
    on_turn: Callable[[], object],
) -> tuple[Listener, PushQueue]:
    """Start to listen where the config says, or elsewhere.

    The queue must be served in the thread that owns the ledger.
    """
    reports = wiring.settings.reports
    push_queue = PushQueue(store, on_trouble=on_trouble, on_turn=on_turn)
    application = PushApplication(
        _gate(wiring), readers(), push_queue, accept_get=reports.accept_get, on_refused=on_refused
    )
    listener = Listener(
        application,
        host or reports.host,
        reports.port if port is None else port,
        Patience(largest_bytes=reports.largest_push_mib << 20),
    )
    return listener, push_queue


def queues(wiring: Wiring) -> Sequence[Queue]:
    """Return the account's queues of incoming SMS and of reports.

    Raises RuleError where the config does not allow to empty them, or the gateway has none.
    """
    settings = wiring.settings
    must_be_allowed_to_poll(settings)
    from smsctl.gateways.pswincom_polling import INCOMING, REPORTS, PolledQueue

    url = wiring_gateway.simulator_url(wiring) if wiring.simulated else settings.reports.poll_url
    options = wiring_gateway.options_for(wiring)._replace(
        url=url, failover_url=None, password=wiring_gateway.password(wiring)
    )
    if wiring.simulated:
        options = options._replace(proxy=None)
    options = wiring_gateway.through_the_proxy(wiring, options)
    wiring_gateway.must_fit_the_mode(options)
    # Incoming SMS first: a STOP must not wait for ten thousand reports.
    return (PolledQueue(options, INCOMING), PolledQueue(options, REPORTS))


def read_report_file(path: Path, on_progress: Callable[[int, int], None]) -> Iterator[PushBatch]:
    """Read a file that holds a push as a gateway makes it, some thousands of reports at a time.

    `on_progress` is told how many bytes were read, and of how many. Raises InputError; what came before that
    has been yielded.
    """
    with open_file(path) as file:
        pieces = _pieces(file, on_progress)
        first, reasons = next(pieces, b""), []
        for gateway in _pushing():
            try:
                yield from _batches_of(path, gateway.read_file(chain((first,), pieces)))
            except UnreadableError as error:
                reasons.append(say("not as {gateway} pushes: {why}", gateway=gateway.NAME, why=error.why))
            else:
                return
    raise InputError(
        say("{path} holds no delivery reports and no incoming SMS as a gateway pushes them.", path=path),
        problems=reasons,
    )


def _pieces(file: BinaryIO, on_progress: Callable[[int, int], None]) -> Iterator[bytes]:
    done, size = 0, os.fstat(file.fileno()).st_size
    while piece := file.read(_PIECE_BYTES):
        done += len(piece)
        on_progress(done, max(done, size))
        yield piece


def _batches_of(path: Path, push_batches: Iterator[PushBatch]) -> Iterator[PushBatch]:
    """Yield them all; UnreadableError where there is not even a first one."""
    yield next(push_batches, PushBatch())
    try:
        yield from push_batches
    except UnreadableError as error:
        raise InputError(
            say("{path} is damaged: {why}.", path=path, why=error.why),
            hint=say("What came before that is taken in; a second time changes nothing."),
        ) from None


class PushTrial(NamedTuple):
    """What came of a push that the site made to itself. `status` is None where nothing answered."""

    status: int | None
    is_proved: bool = False  # the listener answered, and has had the whole of it
    why: Words | None = None  # nothing answered


def push_to_itself(wiring: Wiring, public_url: str) -> PushTrial:
    """Push to the site's own address as the supplier would, as much as the listener takes.

    The listener stores nothing of it, and answers what only it can.
    """
    from secrets import token_hex

    from smsctl.gateways.outcome import HttpReply
    from smsctl.gateways.wire import exchange

    gate, nonce = _gate(wiring), token_hex(_NONCE_BYTES)
    own = next((one for one in gate.passes if one.gateway == wiring.settings.gateway.module), gate.passes[0])
    headers = {"Content-Type": "application/json", PROBE_HEADER: nonce}
    if own.login:
        headers["Authorization"] = "Basic " + b64encode(":".join(own.login).encode()).decode()
    if own.header:
        headers[own.header[0]] = own.header[1]
    options = wiring_gateway.options_for(wiring)._replace(proxy=None)
    # A small one first: of a large one, a listener that does not know the path says only that.
    for size in (1, (wiring.settings.reports.largest_push_mib << 20) - 1):
        outcome = exchange(options, "POST", f"{public_url}{own.path}", headers=headers, body=b" " * size)
        if not isinstance(outcome, HttpReply):
            return PushTrial(None, why=getattr(outcome, "text", None))
        if outcome.body != gate.proof(nonce):
            return PushTrial(outcome.status)
    return PushTrial(HTTPStatus.OK, is_proved=True)


def _gate(wiring: Wiring) -> Authenticator:
    reports = wiring.settings.reports
    rules = RequestRules(
        networks=tuple(map(ip_network, reports.allow)), header=reports.header, username=reports.username
    )
    return Authenticator(_secret(wiring), readers(), rules)


def _secret(wiring: Wiring) -> Secret:
    if wiring.simulated:
        return Secret("simulated")
    return wiring_gateway.secret(wiring, "reports", wiring.settings.reports.secret)
