"""Around every send: latency, and the fault that was drawn for it."""

from collections.abc import Callable
from http import HTTPStatus
from threading import Event

from smsctl.simulator.behaviour import Behaviour
from smsctl.simulator.faults import Fault, Faults, damage
from smsctl.simulator.web import NoAnswerError, ReceivedRequest, SimulatedAnswer, SimulatorReply, refuse

_SIMULATED = "Simulated fault."
_WEB_PAGE = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works.</body></html>"


class Sending:
    """Makes a gateway's `submit` as slow and as unreliable as it was asked to be."""

    def __init__(self, behaviour: Behaviour, stopping: Event) -> None:
        """Draw from one sequence for all gateways; `stopping` ends every wait."""
        self._behaviour = behaviour
        self._faults = Faults(behaviour.faults, behaviour.seed)
        self._stopping = stopping

    def around(
        self, submit: Callable[[ReceivedRequest], SimulatedAnswer]
    ) -> Callable[[ReceivedRequest], SimulatorReply]:
        """Return `submit` with everything that can go wrong."""

        def send(request: ReceivedRequest) -> SimulatorReply:
            fault = self._faults.draw()
            self._strike_early(fault)
            answer = submit(request)
            self._wait(self._behaviour.slow_s if fault is Fault.SLOW else 0)
            reply = answer.write(damage(fault, answer.entries, answer.reference))
            return self._strike(fault, reply)

        return send

    def _wait(self, longer_s: float) -> None:
        seconds = self._behaviour.latency_s + longer_s
        if seconds:
            self._stopping.wait(seconds)

    def _strike_early(self, fault: Fault | None) -> None:
        """Do what the fault does before anything is accepted."""
        match fault:
            case Fault.TIMEOUT_EARLY:
                raise NoAnswerError(self._behaviour.silence_s)
            case Fault.RESET_EARLY:
                raise NoAnswerError(None)
            case Fault.ERROR500_EARLY:
                raise refuse(HTTPStatus.INTERNAL_SERVER_ERROR, _SIMULATED)
            case Fault.ERROR503:
                raise refuse(HTTPStatus.SERVICE_UNAVAILABLE, _SIMULATED)
            case Fault.ERROR429:
                later = ("Retry-After", str(self._behaviour.retry_after_s))
                raise refuse(HTTPStatus.TOO_MANY_REQUESTS, _SIMULATED, later)

    def _strike(self, fault: Fault | None, reply: SimulatorReply) -> SimulatorReply:
        """Return what the fault leaves of the reply; the messages are accepted."""
        match fault:
            case Fault.TIMEOUT:
                raise NoAnswerError(self._behaviour.silence_s)
            case Fault.RESET:
                raise NoAnswerError(None)
            case Fault.ERROR500:
                raise refuse(HTTPStatus.INTERNAL_SERVER_ERROR, _SIMULATED)
            case Fault.HTML200:
                return SimulatorReply(HTTPStatus.OK, "text/html", _WEB_PAGE)
            case Fault.TRUNCATED:
                return reply._replace(body=reply.body[: len(reply.body) // 2])
        return reply
