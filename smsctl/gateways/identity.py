"""Whether the other end is what the mode says: a simulator in simulate, anything else in live.

Asked before anything else is said, of addresses on this machine only, by whatever name: there a simulator may
stand in for a gateway, and no other address is probed. What comes later is held to the same at every answer
(`wire`) and at every greeting (`mail_line`).
"""

import socket
from ipaddress import IPv6Address, ip_address
from secrets import token_hex
from typing import Final
from urllib.parse import urlsplit

from smsctl.domain.gateway import Options
from smsctl.errors import StoppedError, say
from smsctl.gateways.address import is_loopback, is_on_this_machine
from smsctl.gateways.json_reply import read_json
from smsctl.gateways.outcome import HttpReply, NotSent, WrongCounterpart

_PATH: Final = "/simulator/identity"
_PATIENCE_S: Final = 5.0
_PATIENCE_LIVE_S: Final = 2.0  # what does not answer by then is no simulator, or its next answer tells
_NONCE_BYTES: Final = 16
_PORT: Final = 80  # of http, which a simulator speaks


def must_fit_the_mode(options: Options) -> None:
    """Raise GatewayRefusedError where a rehearsal would reach a gateway, or a live mailing a simulator.

    In simulate, nobody at the address is a StoppedError; in live, sending tells that.
    """
    if options.mail is None:
        for url in (options.url, options.failover_url):
            if url and (is_on_this_machine(url) or _leads_here(options, urlsplit(url).hostname or "")):
                _must_fit(options, url.rstrip("/"))
    elif is_loopback(options.mail.host) or _leads_here(options, options.mail.host):
        from smsctl.gateways.mail_line import must_greet_as_the_mode_says

        must_greet_as_the_mode_says(_patient(options), options.mail)


def _leads_here(options: Options, host: str) -> bool:
    """Say whether nothing but this machine is meant by a host, as far as its name can be looked up.

    A rehearsal goes to loopback only where the config says so plainly; and a proxy looks names up itself.
    """
    if options.simulated or (options.proxy and options.mail is None):
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # sending tells it
        return False
    return all(_is_here(str(address[0])) for *_, address in found)


def _is_here(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback or found.is_unspecified


def _must_fit(options: Options, url: str) -> None:
    from smsctl.gateways.wire import exchange

    nonce = token_hex(_NONCE_BYTES)
    asking = _patient(options)._replace(simulated=True)  # only a simulator's answer is a reply then
    outcome = exchange(asking, "GET", f"{url}{_PATH}?nonce={nonce}", headers={})
    if options.simulated and isinstance(outcome, NotSent):
        raise StoppedError(
            say("The simulator at {url} cannot be reached: {text}.", url=url, text=outcome.text),
            hint=say(
                "Start one with: smsctl simulator --port {port}. Without this address a rehearsal brings"
                " its own.",
                port=urlsplit(url).port or _PORT,
            ),
        )
    answers = isinstance(outcome, HttpReply)
    if options.simulated and isinstance(outcome, HttpReply):
        told = read_json(outcome.body)
        answers = isinstance(told, dict) and told.get("nonce") == nonce  # and is no answer of another time
    if answers is not options.simulated:
        raise WrongCounterpart(where=url, by_simulator=answers).error()


def _patient(options: Options) -> Options:
    """Return the options for a question that must not hold up a mailing."""
    most_s = _PATIENCE_S if options.simulated else _PATIENCE_LIVE_S
    return options._replace(
        connect_timeout_s=min(options.connect_timeout_s, most_s),
        read_timeout_s=min(options.read_timeout_s, most_s),
        total_timeout_s=min(options.total_timeout_s, most_s),
    )
