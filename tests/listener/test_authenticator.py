from base64 import b64encode
from http import HTTPStatus
from ipaddress import ip_network

import pytest

from smsctl.domain.secret import Secret
from smsctl.listener.authenticator import Authenticator, PushRefusedError, RequestRules, token

from .conftest import SECRET

GATEWAYS = ("intelecom", "pswincom")


def gate(rules: RequestRules) -> Authenticator:
    return Authenticator(SECRET, GATEWAYS, rules)


def asking(path: str, address: str = "127.0.0.1", **headers: str) -> dict[str, str]:
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return {"PATH_INFO": path, "REMOTE_ADDR": address, **named}


def refusal(of: Authenticator, environ: dict[str, str]) -> HTTPStatus:
    with pytest.raises(PushRefusedError) as refused:
        of.admit(environ)
    return refused.value.status


def test_each_gateway_has_a_path_of_its_own() -> None:
    found = gate(RequestRules())
    assert len({one.path for one in found.passes}) == len(GATEWAYS)
    for one in found.passes:
        assert found.admit(asking(one.path)) == one.gateway
        assert found.admit(asking(f"{one.path}/")) == one.gateway


def test_the_secret_itself_is_in_no_word_and_words_differ_by_use() -> None:
    shown = gate(RequestRules(header="X-API-Key", username="reports")).passes
    words = [word for one in shown for word in (one.path, *(one.header or ()), *(one.login or ()))]
    assert not any(SECRET.reveal() in word for word in words)
    assert (
        len({token(SECRET, f"{name} {use}") for name in GATEWAYS for use in ("path", "header", "login")}) == 6
    )
    assert token(Secret("another"), "intelecom path") != token(SECRET, "intelecom path")


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path[:-1],
        lambda path: f"{path}0",
        lambda path: path.upper(),
        lambda path: path.replace("intelecom", "pswincom"),
        lambda path: path.rpartition("/")[0],
        lambda _: "",
        lambda _: "/",
        lambda _: "/intelecom/\u00e5\u20ac",
    ],
)
def test_another_path_leads_nowhere(change: "type[str]") -> None:
    found = gate(RequestRules())
    assert refusal(found, asking(change(found.passes[0].path))) is HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("address", "forwarded", "comes_in"),
    [
        ("192.0.2.7", None, True),
        ("198.51.100.7", None, False),
        ("127.0.0.1", None, False),
        ("127.0.0.1", "192.0.2.7", True),
        ("127.0.0.1", "198.51.100.7, 192.0.2.7", True),
        ("127.0.0.1", "192.0.2.7, 198.51.100.7", False),
        ("198.51.100.7", "192.0.2.7", False),
        ("127.0.0.1", "not an address", False),
        ("127.0.0.1", "192.0.2.5:51234", True),
        ("127.0.0.1", "198.51.100.5:51234", False),
        ("127.0.0.1", "::ffff:192.0.2.5", True),
        ("127.0.0.1", "[::ffff:192.0.2.5]:51234", True),
        ("127.0.0.1", "[::ffff:198.51.100.5]:51234", False),
        ("127.0.0.1", "192.0.2.5:51234, 198.51.100.5:51234", False),
        ("127.0.0.1", "192.0.2.5:", False),
        ("127.0.0.1", "[192.0.2.5", False),
        ("127.0.0.1", "192.0.2.5:1:2", False),
        ("::ffff:127.0.0.1", "192.0.2.7", True),
        ("::ffff:192.0.2.7", None, True),
        ("::ffff:198.51.100.7", "192.0.2.7", False),
        ("127.0.0.1", "[2001:db8::5]:443", True),
        ("127.0.0.1", "2001:db8::5", True),
        ("127.0.0.1", "[2001:db8:1::5]:443", False),
        ("", None, False),
    ],
)
def test_only_allowed_addresses_come_in(address: str, forwarded: str | None, *, comes_in: bool) -> None:
    found = gate(RequestRules(networks=(ip_network("192.0.2.0/24"), ip_network("2001:db8::/48"))))
    environ = asking(found.passes[0].path, address, **({"x_forwarded_for": forwarded} if forwarded else {}))
    if comes_in:
        assert found.admit(environ) == "intelecom"
    else:
        assert refusal(found, environ) is HTTPStatus.FORBIDDEN


def test_the_administrator_hears_which_address_is_not_allowed() -> None:
    found = gate(RequestRules(networks=(ip_network("192.0.2.0/24"),)))
    with pytest.raises(PushRefusedError) as refused:
        found.admit(asking(found.passes[0].path, "127.0.0.1", x_forwarded_for="198.51.100.7"))
    assert "198.51.100.7" in str(refused.value.why)


@pytest.mark.parametrize("name", ["X-API-Key", "Authorization"])
def test_a_header_must_be_shown_where_it_is_asked_for(name: str) -> None:
    found = gate(RequestRules(header=name))
    shown = found.passes[0]
    assert shown.header
    key = name.replace("-", "_").lower()
    assert found.admit(asking(shown.path, **{key: shown.header[1]})) == "intelecom"
    assert refusal(found, asking(shown.path)) is HTTPStatus.UNAUTHORIZED
    assert refusal(found, asking(shown.path, **{key: f"{shown.header[1]}0"})) is HTTPStatus.UNAUTHORIZED


def test_a_login_must_be_shown_where_it_is_asked_for() -> None:
    found = gate(RequestRules(username="reports"))
    shown = found.passes[1]
    assert shown.login
    right = b64encode(":".join(shown.login).encode()).decode()
    assert found.admit(asking(shown.path, authorization=f"Basic {right}")) == "pswincom"
    for wrong in ("", "Basic", f"Basic {right}x", "Basic cmVwb3J0czo="):
        assert refusal(found, asking(shown.path, authorization=wrong)) is HTTPStatus.UNAUTHORIZED
