"""How a connection to the gateway is made.

Only this file imports requests, and it is itself imported where something is about to be sent. There
is no requests.Session: without one, nothing follows redirects, keeps cookies, or reads proxies and
logins from the environment. requests finds the way, through the proxy where there is one; what goes over
it is ours (wire.py), for no library says at which moment a byte may have left.
"""

import socket
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, cast

import requests  # this file is imported late itself
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util import parse_url

from smsctl.domain.gateway import Options
from smsctl.gateways.connection_pool import Connection
from smsctl.gateways.trust import tls_context

Watch = Callable[[socket.socket], None]


class HttpAddress(NamedTuple):
    """Where a request goes, as it is written in it."""

    origin: str  # scheme and host
    host: str
    target: str


@lru_cache(maxsize=32)
def address_of(url: str) -> HttpAddress:
    """Take an address apart."""
    found = parse_url(url)
    return HttpAddress(
        origin=f"{found.scheme}://{found.netloc}", host=found.netloc or "", target=found.request_uri
    )


def connect(options: Options, url: str, watch: Watch) -> Connection:
    """Connect. `watch` is given each socket on the way to it, which may be shut down at any time.

    Raises whatever stands in the way: no byte of a request has left.
    """
    connection = _Connector(options).connection(url, watch)
    try:
        connection.connect()
        made = connection.sock
        watch(getattr(made, "socket", made))  # of TLS inside a proxy's TLS, the outer one
    except BaseException:
        connection.close()
        raise
    return Connection(
        address_of(url).origin, cast("socket.socket", made), can_be_watched=isinstance(made, socket.socket)
    )


class _Connector(HTTPAdapter):
    """requests' way to a connection; it sends nothing."""

    def __init__(self, options: Options) -> None:
        self._options = options
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def connection(self, url: str, watch: Watch) -> "_Plain":
        """Return a connection that has still to be made."""
        options = self._options
        request = requests.PreparedRequest()
        request.url = url
        proxies = {"https": options.proxy} if options.proxy else None
        pool = cast(
            "HTTPConnectionPool", self.get_connection_with_tls_context(request, verify=True, proxies=proxies)
        )
        settings = pool.conn_kw | {"timeout": options.connect_timeout_s, "watch": watch}
        first = pool.proxy or pool
        if pool.scheme != "https":
            return _Plain(str(first.host), first.port, **settings)
        context = tls_context(options.ca_bundle)
        connection = _Secure(str(first.host), first.port, ssl_context=context, **settings)
        if pool.proxy:
            headers = pool.proxy_headers
            connection.set_tunnel(pool.host, pool.port, headers=headers, scheme=pool.proxy.scheme or "http")
        return connection

    def proxy_headers(self, proxy: str) -> dict[str, str]:  # noqa: ARG002  # asked for the only one
        """Return the login for the proxy, which goes with CONNECT and never to the gateway."""
        options = self._options
        if options.proxy_username is None or options.proxy_password is None:
            return {}
        login = f"{options.proxy_username}:{options.proxy_password.reveal()}".encode()
        return {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"}


class _Plain(HTTPConnection):
    """A connection that shows its socket before a proxy is spoken to, which may drip its reply to CONNECT."""

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        watch: Watch,
        **settings: Any,  # noqa: ANN401  # urllib3's own, passed on
    ) -> None:
        super().__init__(host, port, **settings)
        self._watch = watch

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        self._watch(made)
        return made


class _Secure(_Plain, HTTPSConnection):
    """The same over TLS."""
