"""Who may come in: by the secret path of each gateway, and by address, header or login where that is asked.

No gateway signs its pushes (wire/puzzel.md, "Who pushes"): the path is the key. All the words that a gateway
must show are made from one secret, a different one for each gateway and each use.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, NamedTuple

from smsctl.domain.secret import Secret
from smsctl.errors import Sentence, say

PROBE_HEADER = "Smsctl-Probe"
"""What a push of `doctor --push` carries: a nonce. It is answered, and nothing of it is stored."""

_TOKEN_DIGITS = 32  # of 4 bits: 128 bits
_FORWARDED = "HTTP_X_FORWARDED_FOR"
_BEARER = "authorization"


class PushRefusedError(Exception):
    """This request does not come in."""

    def __init__(self, status: HTTPStatus, why: Sentence | None = None) -> None:
        """Keep the status to answer with, and why, for our own administrator only."""
        super().__init__(status)
        self.status = status
        self.why = why


class RequestRules(NamedTuple):
    """What is asked beyond the path."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()  # empty: from anywhere
    header: str | None = None  # its name
    username: str | None = None  # of HTTP Basic


class PushCredentials(NamedTuple):
    """Everything one gateway must show; for the supplier who sets its pushes up."""

    gateway: str
    path: str
    header: tuple[str, str] | None = None
    login: tuple[str, str] | None = None


class Authenticator:
    """Lets a request in, or not."""

    def __init__(self, secret: Secret, gateways: Iterable[str], rules: RequestRules) -> None:
        """Make the words of each gateway."""
        self._secret = secret
        self.passes = tuple(_pass_for(secret, gateway, rules) for gateway in gateways)
        self._networks = rules.networks

    def admit(self, environ: Mapping[str, Any]) -> str:
        """Return which gateway a request comes from (WSGI). Raises PushRefusedError (401, 403, 404)."""
        if self._networks:
            self._must_come_from_there(_address_of(environ))
        matching = self._at(environ.get("PATH_INFO", ""))
        if not matching:
            raise PushRefusedError(
                HTTPStatus.NOT_FOUND,
                say("a request was refused: its path is not one that `reports listen --addresses` prints"),
            )
        gateway = matching[0].gateway
        if not _shows_the_rest(matching[0], environ):
            raise PushRefusedError(
                HTTPStatus.UNAUTHORIZED,
                say(
                    "a push for {gateway} was refused: it lacks the right header or login, which [reports]"
                    " asks for",
                    gateway=gateway,
                ),
            )
        return gateway

    def proof(self, nonce: str) -> bytes:
        """Return what only a listener with this secret can answer to a push that the site made itself."""
        return token(self._secret, f"{PROBE_HEADER} {nonce}").encode()

    def knows(self, path: str) -> bool:
        """Say whether the path is one of ours, before anything more of a request is read."""
        return bool(self._at(path))

    def _at(self, path: str) -> list[PushCredentials]:
        # Every path is compared, and each in constant time: how long it takes tells nothing.
        shown = _bytes(path).rstrip(b"/")
        return [one for one in self.passes if hmac.compare_digest(shown, one.path.encode())]

    def _must_come_from_there(self, address: IPv4Address | IPv6Address | None) -> None:
        if address is None or not any(address in network for network in self._networks):
            raise PushRefusedError(
                HTTPStatus.FORBIDDEN,
                say(
                    "a push from {address} was refused: the address is not in `allow` under [reports]",
                    address=address or "-",
                ),
            )


def _address_of(environ: Mapping[str, Any]) -> IPv4Address | IPv6Address | None:
    """Return who a request comes from; the site's own proxy tells who it is for."""
    try:
        address = _plain(environ.get("REMOTE_ADDR", ""))
        if address.is_loopback and _FORWARDED in environ:
            address = _plain(environ[_FORWARDED].rpartition(",")[2].strip())
    except ValueError:
        return None
    return address


def _plain(written: str) -> IPv4Address | IPv6Address:
    """Return an address without what some proxies write around it: a port, brackets, or ::ffff: before it."""
    found = re.fullmatch(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+", written)
    address = ip_address((found[1] or found[2]) if found else written)
    return getattr(address, "ipv4_mapped", None) or address


def token(secret: Secret, purpose: str) -> str:
    """Return the word for one purpose, 32 hexadecimal digits; from it neither secret nor others follow."""
    made = hmac.new(secret.reveal().encode(), purpose.encode(), hashlib.sha256)
    return made.hexdigest()[:_TOKEN_DIGITS]


def _pass_for(secret: Secret, gateway: str, rules: RequestRules) -> PushCredentials:
    header = login = None
    if rules.header is not None:
        word = token(secret, f"{gateway} header")
        header = (rules.header, f"Bearer {word}" if rules.header.lower() == _BEARER else word)
    if rules.username is not None:
        login = (rules.username, token(secret, f"{gateway} login"))
    return PushCredentials(
        gateway=gateway, path=f"/{gateway}/{token(secret, f'{gateway} path')}", header=header, login=login
    )


def _shows_the_rest(asked: PushCredentials, environ: Mapping[str, Any]) -> bool:
    if asked.header is not None:
        name, value = asked.header
        shown = environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")
        if not hmac.compare_digest(_bytes(shown), value.encode()):
            return False
    if asked.login is not None:
        expected = b"Basic " + b64encode(":".join(asked.login).encode())
        if not hmac.compare_digest(_bytes(environ.get("HTTP_AUTHORIZATION", "")), expected):
            return False
    return True


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")  # as WSGI hands it over
