"""How far the line to a gateway reaches, step by step and without a login: name, port, certificate.

For `doctor` alone: a mailing goes through `wire` (or `mail_line`), which trusts nothing found here.
"""

import socket
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlsplit

from smsctl.domain.gateway import Options
from smsctl.errors import Sentence, StoppedError, say
from smsctl.gateways import host_of

_PORTS = {"https": 443, "http": 80}


class Endpoint(NamedTuple):
    """The first machine on the way: the gateway, a proxy or the site's mail server."""

    host: str
    port: int
    speaks_tls: bool  # from the first byte on
    timeout_s: float
    ca_bundle: Path | None = None

    def look_up(self) -> int:
        """Return how many addresses the host has. Raises StoppedError where that is none."""
        found: set[object] = set()
        failures: list[OSError] = []

        def ask() -> None:  # getaddrinfo knows no time limit
            try:
                told = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            except OSError as error:
                failures.append(error)
            else:
                found.update(address[4][0] for address in told)

        thread = Thread(target=ask, name="look-up", daemon=True)
        thread.start()
        thread.join(self.timeout_s)
        if found:
            return len(found)
        reason = (
            _reason(failures[0])
            if failures
            else say("no answer within {seconds} s", seconds=f"{self.timeout_s:g}")
        )
        raise StoppedError(
            say("{host} cannot be looked up: {reason}.", host=self.host, reason=reason),
            hint=say("Mend the name service of this machine, or the address in the config."),
        )

    def connect(self) -> None:
        """Open a connection and close it. Raises StoppedError where nobody takes it."""
        self._connected().close()

    def certificate_ends_s(self) -> float:
        """Return when the certificate ends, in seconds of the epoch.

        Raises StoppedError where it is not to be trusted, or there is no TLS; ConfigError where nobody is.
        """
        import ssl

        from smsctl.gateways.trust import NAME_AUTHORITY, must_be_usable, tls_context

        if self.ca_bundle:
            must_be_usable(self.ca_bundle)
        context = tls_context(self.ca_bundle)
        with self._connected() as line:
            try:
                with context.wrap_socket(line, server_hostname=self.host) as secured:
                    told = secured.getpeercert() or {}
            except OSError as error:
                reason = _reason(error)
                raise StoppedError(
                    say(
                        "{host} shows no certificate to be trusted: {reason}.", host=self.host, reason=reason
                    ),
                    hint=NAME_AUTHORITY,
                ) from None
        return float(ssl.cert_time_to_seconds(str(told["notAfter"])))

    def _connected(self) -> socket.socket:
        try:
            return socket.create_connection((self.host, self.port), self.timeout_s)
        except OSError as error:
            raise StoppedError(
                say(
                    "{host} port {port} cannot be reached: {reason}.",
                    host=self.host,
                    port=self.port,
                    reason=_reason(error),
                ),
                hint=say("Let the firewall open this way out, or name the site's proxy: `[gateway] proxy`."),
            ) from None


def position_of(module: str, options: Options) -> Endpoint | None:
    """Return where a connection to the gateway begins; None where only the gateway itself knows."""
    timeout_s = options.connect_timeout_s
    if options.mail is not None:
        return Endpoint(options.mail.host, options.mail.port, speaks_tls=False, timeout_s=timeout_s)
    url = options.proxy or options.url or host_of(module)
    if url is None:
        return None
    server = web_server(url, options)
    return server._replace(speaks_tls=server.speaks_tls and options.proxy is None)


def web_server(url: str, options: Options) -> Endpoint:
    """Return the web server of an address."""
    parts = urlsplit(url)
    return Endpoint(
        host=parts.hostname or "",
        port=parts.port or _PORTS.get(parts.scheme, 443),
        speaks_tls=parts.scheme == "https",
        timeout_s=options.connect_timeout_s,
        ca_bundle=options.ca_bundle,
    )


def _reason(error: OSError) -> str | Sentence:
    """Return what the machine says, without its numbers."""
    if isinstance(error, TimeoutError):
        return say("timed out")
    return getattr(error, "verify_message", "") or error.strerror or type(error).__name__
