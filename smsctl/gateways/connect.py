"""How a connection to the gateway is made: by sockets of our own; through a proxy see `through_proxy`.

What goes over it is ours, too (wire.py), for no library says at which moment a byte may have left. Nothing
follows redirects, keeps cookies, or reads proxies and logins from the environment.
"""

import socket
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, cast
from urllib.parse import quote, urlsplit

from smsctl.domain.gateway import Options
from smsctl.gateways.connection_pool import Connection

Watch = Callable[[socket.socket], None]
_PORTS = {"https": 443, "http": 80}
_AS_WRITTEN = "%/?:@!$&'()*+,;=~"  # what a path and a query may hold (RFC 3986 3.3, 3.4)


class HttpAddress(NamedTuple):
    """Where a request goes, as it is written in it, and where its connection goes."""

    origin: str  # scheme and host
    host: str
    target: str
    server: tuple[str, int]


@lru_cache(maxsize=32)
def address_of(url: str) -> HttpAddress:
    """Take an address apart."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return HttpAddress(
        origin=f"{parts.scheme}://{host}",
        host=host,
        target=quote(target, safe=_AS_WRITTEN),
        server=(parts.hostname or "", parts.port or _PORTS[parts.scheme]),
    )


def connect(options: Options, url: str, watch: Watch) -> Connection:
    """Connect. `watch` is given each socket on the way to it, which may be shut down at any time.

    Raises whatever stands in the way: no byte of a request has left.
    """
    address = address_of(url)
    if options.proxy and address.origin.startswith("https:"):
        from smsctl.gateways import through_proxy

        made = through_proxy.connected(options, url, watch)
    else:
        made = _connected(options, address, watch)
    return Connection(
        address.origin, cast("socket.socket", made), can_be_watched=isinstance(made, socket.socket)
    )


def _connected(options: Options, address: HttpAddress, watch: Watch) -> socket.socket:
    made = socket.create_connection(address.server, options.connect_timeout_s)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        watch(made)
        if address.origin.startswith("https:"):
            from smsctl.gateways.trust import tls_context

            context = tls_context(options.ca_bundle)
            context.set_alpn_protocols(["http/1.1"])
            made = secured = context.wrap_socket(
                made, do_handshake_on_connect=False, server_hostname=address.server[0].rstrip(".")
            )
            watch(secured)  # which took the first one's place
            secured.do_handshake()
    except BaseException:
        made.close()
        raise
    return made
