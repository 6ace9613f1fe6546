import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from smsctl.domain.gateway import MailRoute, Options
from smsctl.errors import StoppedError
from smsctl.gateways.reach import Endpoint, position_of

from .certificates import server_context

DAY_S = 86_400


@contextmanager
def greeting(context: ssl.SSLContext) -> Iterator[int]:
    """Answer one connection with a handshake; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            line, _ = listening.accept()
            with suppress(OSError), context.wrap_socket(line, server_side=True) as secured:
                secured.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        yield int(listening.getsockname()[1])
        thread.join()


def place(port: int, bundle: Path | None = None) -> Endpoint:
    return Endpoint("localhost", port, speaks_tls=True, timeout_s=5, ca_bundle=bundle)


def test_the_end_of_a_certificate_is_told(tmp_path: Path) -> None:
    context, bundle = server_context(tmp_path)
    with greeting(context) as port:
        ends_s = place(port, bundle).certificate_ends_s()
    assert ends_s == pytest.approx(bundle.stat().st_mtime + DAY_S, abs=60)


def test_a_certificate_that_is_not_to_be_trusted_is_refused(tmp_path: Path) -> None:
    context, _ = server_context(tmp_path)
    with greeting(context) as port, pytest.raises(StoppedError, match="no certificate to be trusted") as told:
        place(port).certificate_ends_s()
    assert "ca_bundle" in str(told.value.hint)


def test_a_host_is_looked_up() -> None:
    assert place(443).look_up() >= 1


def test_a_host_without_an_address_is_told() -> None:
    with pytest.raises(StoppedError, match=r"nowhere\.example\.se cannot be looked up"):
        Endpoint("nowhere.example.se", 443, speaks_tls=True, timeout_s=5).look_up()


def test_a_port_that_nobody_listens_on_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
    with pytest.raises(StoppedError, match=f"port {port} cannot be reached"):
        place(port).connect()


@pytest.mark.parametrize(
    ("module", "options", "expected"),
    [
        ("intelecom", Options(), ("smsgw.puzzel.com", 443, True)),
        ("pswincom", Options(), ("xml.pswin.com", 443, True)),
        ("intelecom", Options(url="http://127.0.0.1:8471"), ("127.0.0.1", 8471, False)),
        ("intelecom", Options(proxy="http://proxy.example.se:3128"), ("proxy.example.se", 3128, False)),
        (
            "intelecom",
            Options(mail=MailRoute(host="mail.example.se", from_address="a@example.se")),
            ("mail.example.se", 25, False),
        ),
    ],
)
def test_the_line_begins_at_the_first_machine(
    module: str, options: Options, expected: tuple[str, int, bool]
) -> None:
    found = position_of(module, options)
    assert found is not None
    assert (found.host, found.port, found.speaks_tls) == expected


def test_where_a_gateway_from_elsewhere_lives_is_not_known() -> None:
    assert position_of("acme", Options()) is None
