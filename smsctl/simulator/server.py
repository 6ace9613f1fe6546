"""Starts and stops the simulator: both gateways on one loopback port, in threads of this process."""

import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from threading import Event, Thread
from typing import Any, cast

from smsctl.errors import InputError
from smsctl.simulator import identity
from smsctl.simulator.application import GatewayApplication
from smsctl.simulator.behaviour import BadLogin, Behaviour, NonGsm
from smsctl.simulator.journal import AcceptedMessage, Journal
from smsctl.simulator.loopback import listen
from smsctl.simulator.management import Held
from smsctl.simulator.pushes import INCOMING_PATH, PushStyle, Sms, must_be_addresses, read_sms
from smsctl.simulator.reports import Reporter
from smsctl.simulator.web import ReceivedRequest, SimulatorReply, refuse

__all__ = [
    "AcceptedMessage",
    "BadLogin",
    "Behaviour",
    "NonGsm",
    "PushStyle",
    "ReceivedRequest",
    "Simulator",
    "Sms",
    "start",
]

_DEFAULT = Behaviour()
_THREADS = 16  # requests served at once, those kept waiting by a fault included
_MAX_BODY = 64 * 1024 * 1024


class Simulator(AbstractContextManager["Simulator"]):
    """A running simulator. As a context manager it stops at the end of the block."""

    def __init__(self, behaviour: Behaviour, listening: socket.socket, journal: Journal) -> None:
        """Serve at once; `start` is the way in."""
        host, port = listening.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._journal = journal
        self._held = Held()
        self._stopping = Event()
        self._application = GatewayApplication(behaviour, journal, self._held, self._stopping)
        self._reporter = Reporter(behaviour, self._application.polling)
        self._application.add_route(INCOMING_PATH, {"POST": self._receive})
        journal.on_taken = self._reporter.accepted
        name = "waitress" if behaviour.as_a_gateway else identity.GREETING
        self._server = _Server(self._application, listening, self._stopping, name)

    def accepted(self) -> tuple[AcceptedMessage, ...]:
        """Return the messages accepted so far, oldest first (at most Behaviour.keep_accepted)."""
        return self._journal.accepted()

    def stopped(self) -> tuple[str, ...]:
        """Return the message ids of accepted messages that the sender stopped before they left."""
        return self._held.stopped()

    def requests(self) -> tuple[ReceivedRequest, ...]:
        """Return the latest raw requests, oldest first (at most Behaviour.keep_requests)."""
        return tuple(self._application.requests)

    def incoming(self, gateway: str, sms: Sms) -> None:
        """Let an SMS come in: it is pushed or queued as the gateway does."""
        self._reporter.incoming(gateway, sms)

    def wait_until_told(self, timeout_s: float) -> bool:
        """Wait until every report and SMS is pushed or queued; say whether it is."""
        return self._reporter.wait(timeout_s)

    def answers(self) -> Mapping[int, int]:
        """Return how the pushes were answered, by HTTP status; 0 for no answer."""
        return dict(self._reporter.answers)

    def queued(self) -> int:
        """Return how much waits in PSWinCom's queues, or is fetched and not acknowledged."""
        return self._application.polling.left()

    def _receive(self, request: ReceivedRequest) -> SimulatorReply:
        """Take an SMS that a person wants to come in."""
        gateway, sms = read_sms(request)
        if not self._reporter.tells(gateway):
            raise refuse(HTTPStatus.CONFLICT, f"There is nowhere to push to, as {gateway} does.")
        self.incoming(gateway, sms)
        return SimulatorReply(HTTPStatus.ACCEPTED, "application/json", b"{}")

    def stop(self) -> None:
        """Stop serving and close all connections; a second time does no harm."""
        self._reporter.stop()
        self._server.stop()
        self._journal.close()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


def start(
    behaviour: Behaviour = _DEFAULT,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_other_hosts: bool = False,
) -> Simulator:
    """Start the simulator; port 0 takes a free one.

    Raises RuleError for an address that is not loopback, unless `allow_other_hosts`; UsageError when
    the address cannot be had or nothing can be pushed as asked; InputError when the journal cannot be
    written.
    """
    must_be_addresses(behaviour.push_to, allow_other_hosts=allow_other_hosts)
    listening = listen(host, port, allow_other_hosts=allow_other_hosts)
    try:
        journal = Journal(behaviour.journal, durable=behaviour.durable, keep=behaviour.keep_accepted)
    except InputError:
        listening.close()
        raise
    return Simulator(behaviour, listening, journal)


class _Server:
    """Waitress in a thread of its own, which can be stopped."""

    def __init__(
        self, application: GatewayApplication, listening: socket.socket, stopping: Event, name: str
    ) -> None:
        import logging

        from waitress.server import BaseWSGIServer, create_server

        logging.getLogger("waitress").setLevel(logging.CRITICAL)  # it would tell tracebacks of rubbish
        self._connections: dict[int, Any] = {}
        self._stopping = stopping
        self._waitress = cast(
            "BaseWSGIServer",
            create_server(
                application,
                map=self._connections,
                sockets=[listening],
                threads=_THREADS,
                max_request_body_size=_MAX_BODY,
                channel_request_lookahead=1,  # so that a client that leaves is noticed
                ident=name,
            ),
        )  # several sockets would make another class
        self._thread = Thread(target=self._run, name="simulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the requests in flight end, then close everything."""
        from waitress.wasyncore import close_all

        if not self._stopping.is_set():
            self._stopping.set()
            self._waitress.pull_trigger()
            self._thread.join()
            close_all(self._connections)  # when nobody is left who would write to the wake-up pipe

    def _run(self) -> None:
        from waitress.wasyncore import loop

        while not self._stopping.is_set():
            loop(use_poll=True, map=self._connections, count=1)
        self._waitress.task_dispatcher.shutdown()
