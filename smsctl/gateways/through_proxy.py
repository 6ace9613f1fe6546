"""A connection to the gateway through the site's proxy, as requests and urllib3 make it.

Only this file imports them, and it is itself imported where the config names a proxy. There is no
requests.Session (docs/decisions/0010).
"""

import socket
from base64 import b64encode
from collections.abc import Callable
from typing import Any, cast

import requests  # this file is imported late itself
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from smsctl.domain.gateway import Options
from smsctl.gateways.trust import tls_context

Watch = Callable[[socket.socket], None]


def connected(options: Options, url: str, watch: Watch) -> object:
    """Return a socket to a server that speaks https, or TLS inside a proxy's TLS, which is read like one.

    `watch` is given each socket on the way to it. Raises whatever stands in the way.
    """
    connection = _Connector(options).connection(url, watch)
    try:
        connection.connect()
        made = connection.sock
        watch(getattr(made, "socket", made))  # of TLS inside a proxy's TLS, the outer one
    except BaseException:
        connection.close()
        raise
    return made


class _Connector(HTTPAdapter):
    """requests' way to a connection; it sends nothing."""

    def __init__(self, options: Options) -> None:
        self._options = options
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def connection(self, url: str, watch: Watch) -> "_Watched":
        """Return a connection that has still to be made."""
        options = self._options
        request = requests.PreparedRequest()
        request.url = url
        pool = cast(
            "HTTPConnectionPool",
            self.get_connection_with_tls_context(
                request, verify=True, proxies={"https": options.proxy or ""}
            ),
        )
        if pool.proxy is None:
            raise ValueError("a way without the proxy")
        settings = pool.conn_kw | {"timeout": options.connect_timeout_s, "watch": watch}
        context = tls_context(options.ca_bundle)
        connection = _Watched(str(pool.proxy.host), pool.proxy.port, ssl_context=context, **settings)
        connection.set_tunnel(
            pool.host, pool.port, headers=pool.proxy_headers, scheme=pool.proxy.scheme or "http"
        )
        return connection

    def proxy_headers(self, proxy: str) -> dict[str, str]:  # noqa: ARG002  # asked for the only one
        """Return the login for the proxy, which goes with CONNECT and never to the gateway."""
        options = self._options
        if options.proxy_username is None or options.proxy_password is None:
            return {}
        login = f"{options.proxy_username}:{options.proxy_password.reveal()}".encode()
        return {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"}


class _Watched(HTTPSConnection):
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
