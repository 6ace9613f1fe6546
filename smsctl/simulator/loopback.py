"""Where the simulator listens: on this machine, unless it is told otherwise."""

import socket

from smsctl.errors import RuleError, UsageError, say

_LAST_PORT = 65_535


def listen(host: str, port: int, *, allow_other_hosts: bool) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises RuleError for an address that is not loopback, unless `allow_other_hosts`; UsageError when
    the address cannot be had.
    """
    if not (allow_other_hosts or is_loopback(host)):
        raise RuleError(
            say(
                "the simulator takes any login, so it listens on this machine only, not on {host}", host=host
            ),
            hint=say("add --allow-other-hosts if other machines are to reach it"),
        )
    if not 0 <= port <= _LAST_PORT:
        raise _cannot_listen(host, port, f"ports go from 0 to {_LAST_PORT}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (")[0]  # Python writes the address there
        raise _cannot_listen(host, port, why) from error


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _cannot_listen(host: str, port: int, why: str) -> UsageError:
    return UsageError(
        say("the simulator cannot listen on {host} port {port}: {why}", host=host, port=port, why=why),
        hint=say("choose another port; without one, a free port is taken"),
    )
