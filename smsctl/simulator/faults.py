"""Faults on demand: a share of the sends goes wrong in a named way."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from http import HTTPStatus
from itertools import count
from threading import Event
from types import MappingProxyType

from smsctl.errors import UsageError, say
from smsctl.simulator.behaviour import Behaviour
from smsctl.simulator.web import (
    Entry,
    NoAnswerError,
    ReceivedRequest,
    SimulatedAnswer,
    SimulatorReply,
    refuse,
)


class Fault(StrEnum):
    """What can go wrong with one send. Without `-early` the messages are accepted first."""

    TIMEOUT = "timeout"  # no answer until the client gives up
    TIMEOUT_EARLY = "timeout-early"
    RESET = "reset"  # the connection is reset instead of an answer
    RESET_EARLY = "reset-early"
    ERROR500 = "error500"
    ERROR500_EARLY = "error500-early"
    ERROR503 = "error503"  # nothing is accepted
    ERROR429 = "error429"  # nothing is accepted; with Retry-After
    HTML200 = "html200"  # status 200 and a web page
    TRUNCATED = "truncated"  # half of the document, in a complete HTTP reply
    MISSING_ENTRY = "missing-entry"  # the last message has no entry
    FOREIGN_REFERENCE = "foreign-reference"  # the last entry names a message nobody sent
    DUPLICATE_REFERENCE = "duplicate-reference"  # the last entry names the first message
    SLOW = "slow"


EARLY = frozenset(
    {Fault.TIMEOUT_EARLY, Fault.RESET_EARLY, Fault.ERROR500_EARLY, Fault.ERROR503, Fault.ERROR429}
)
"""The faults that strike before anything is accepted."""


class Faults:
    """Draws a fault, or none, for each send; the order of the sends and the seed decide."""

    def __init__(self, shares: Mapping[str, float], seed: int) -> None:
        """Take the share of each fault, as `parse_faults` gives them."""
        self._shares, self._seed = shares, seed
        self._sends = count(1)

    def draw(self) -> Fault | None:
        """Return what happens to the next send."""
        name = picked(self._shares, chance(self._seed, "fault", next(self._sends)))
        return None if name is None else Fault(name)


def parse_faults(text: str) -> Mapping[str, float]:
    """Return the shares out of `timeout=0.02,reset=0.01`. Raises UsageError with all problems."""
    shares: dict[str, float] = {}
    problems = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, share = item.partition("=")
        if name not in set(Fault):
            problems.append(say("{name} is no fault", name=name))
        elif not _is_share(share):
            problems.append(
                say("{name}: the share must be a number from 0 to 1, not {share!r}", name=name, share=share)
            )
        else:
            shares[name] = float(share)
    if not problems and sum(shares.values()) > 1:
        problems.append(say("the shares come to more than 1"))
    if problems:
        known = ", ".join(Fault)
        raise UsageError(
            say("the faults {text!r} cannot be read", text=text),
            hint=say("write NAME=SHARE, separated by commas; the names are {known}", known=known),
            problems=problems,
        )
    return MappingProxyType(shares)


def chance(seed: int, what: str, number: int) -> float:
    """Return a number from 0 up to 1 that looks random and is the same every time."""
    digest = blake2b(f"{seed} {what} {number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def picked(shares: Mapping[str, float], drawn: float) -> str | None:
    """Return the name in whose share a number from 0 to 1 is; None: in nobody's."""
    for name, share in shares.items():
        if drawn < share:
            return name
        drawn -= share
    return None


def damage(fault: Fault | None, entries: Sequence[Entry], reference: str) -> Sequence[Entry]:
    """Return the entries as the fault leaves them; `reference` is the field the sender matches on."""
    if not entries:
        return entries
    if fault is Fault.MISSING_ENTRY:
        return entries[:-1]
    if fault is Fault.FOREIGN_REFERENCE:
        return [*entries[:-1], entries[-1] | {reference: "999999999"}]
    if fault is Fault.DUPLICATE_REFERENCE:
        return [*entries[:-1], entries[-1] | {reference: entries[0][reference]}]
    return entries


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


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
            if fault in EARLY:
                self._strike(fault)
            answer = submit(request)
            self._wait(self._behaviour.slow_s if fault is Fault.SLOW else 0)
            self._strike(fault)
            return _spoilt(fault, answer.write(damage(fault, answer.entries, answer.reference)))

        return send

    def _wait(self, longer_s: float) -> None:
        seconds = self._behaviour.latency_s + longer_s
        if seconds:
            self._stopping.wait(seconds)

    def _strike(self, fault: Fault | None) -> None:
        """Raise where the request gets no answer of the gateway's."""
        match fault:
            case Fault.TIMEOUT | Fault.TIMEOUT_EARLY:
                raise NoAnswerError(self._behaviour.silence_s)
            case Fault.RESET | Fault.RESET_EARLY:
                raise NoAnswerError(None)
            case Fault.ERROR500 | Fault.ERROR500_EARLY:
                raise refuse(HTTPStatus.INTERNAL_SERVER_ERROR, _SIMULATED)
            case Fault.ERROR503:
                raise refuse(HTTPStatus.SERVICE_UNAVAILABLE, _SIMULATED)
            case Fault.ERROR429:
                later = ("Retry-After", str(self._behaviour.retry_after_s))
                raise refuse(HTTPStatus.TOO_MANY_REQUESTS, _SIMULATED, later)


def _spoilt(fault: Fault | None, reply: SimulatorReply) -> SimulatorReply:
    """Return what the fault leaves of the reply; the messages are accepted."""
    if fault is Fault.HTML200:
        return SimulatorReply(HTTPStatus.OK, "text/html", _WEB_PAGE)
    return reply._replace(body=reply.body[: len(reply.body) // 2]) if fault is Fault.TRUNCATED else reply
