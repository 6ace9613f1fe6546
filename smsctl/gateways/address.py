"""Which addresses may be spoken to, and which of them are this machine; nothing is looked up or contacted."""

from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from smsctl.errors import ConfigError, say


@cache
def refuse_plain_http(url: str) -> None:
    """Raise ConfigError unless the address is https, or http on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname and not parts.username:
        return
    if parts.scheme == "http" and is_on_this_machine(url):
        return
    raise ConfigError(
        say("the gateway's address {url} is not allowed", url=f"{parts.scheme}://{parts.hostname}"),
        hint=say("use https; http is for this machine only (127.0.0.1)"),
    )


def is_on_this_machine(url: str) -> bool:
    """Say whether an address names this machine itself; no name is looked up."""
    return is_loopback(urlsplit(url).hostname or "")


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine; no name is looked up."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
