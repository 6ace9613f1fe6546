from base64 import b64encode
from collections.abc import Callable

import pytest

from smsctl.simulator.server import Sms

from .conftest import Begin, Client, Response
from .test_pswincom import msg, post, session

REPORTS = "/api/output/rest/dr/gateway/demo-user"
INCOMING = "/api/output/rest/mo/gateway/demo-user"


def ask(client: Client, method: str, path: str, login: str = "demo-user:demo-secret") -> Response:
    return client.ask(method, path, Authorization=f"Basic {b64encode(login.encode()).decode()}")


def fetch(client: Client, path: str) -> Response:
    return ask(client, "POST", f"{path}?ackrequired=true")


@pytest.fixture
def client(begin: Begin) -> Client:
    return begin(reports_on_account=True)


def test_a_report_waits_in_the_queue_until_it_is_acknowledged(client: Client) -> None:
    post(client, session(msg()))
    assert client.simulator.wait_until_told(30)
    (accepted,) = client.simulator.accepted()
    report = fetch(client, REPORTS).json()
    assert (report["reference"], report["state"]) == (accepted.message_id, "DELIVRD")
    assert report["receiver"] == accepted.recipient.removeprefix("+")
    assert client.simulator.queued() == 1
    assert ask(client, "PUT", f"{REPORTS}/ack/{report['reference']}").status == 204
    assert client.simulator.queued() == 0
    assert fetch(client, REPORTS).status == 404


def test_what_is_not_acknowledged_comes_back(begin: Begin) -> None:
    client = begin(poll_return_s=0)
    client.simulator.incoming("pswincom", Sms("+46701740605", "KOMMUN hej"))
    assert client.simulator.wait_until_told(30)
    first, second = fetch(client, INCOMING).json(), fetch(client, INCOMING).json()
    assert first == second
    assert (first["sender"], first["text"]) == ("46701740605", "KOMMUN hej")


def test_without_acknowledgement_it_is_gone_at_once(client: Client) -> None:
    client.simulator.incoming("pswincom", Sms("+46701740605", "KOMMUN hej"))
    assert client.simulator.wait_until_told(30)
    assert ask(client, "POST", INCOMING).status == 200
    assert client.simulator.queued() == 0


REFUSED: list[tuple[str, Callable[[Client], Response], int]] = [
    ("an empty queue", lambda client: fetch(client, REPORTS), 404),
    ("nothing to acknowledge", lambda client: ask(client, "PUT", f"{REPORTS}/ack/x"), 404),
    ("another's queue", lambda client: ask(client, "POST", REPORTS, "other:demo-secret"), 401),
    ("no login", lambda client: client.ask("POST", REPORTS), 401),
    ("another method", lambda client: ask(client, "GET", REPORTS), 405),
]


@pytest.mark.parametrize(
    ("asking", "status"), [(one, status) for _, one, status in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_the_rest_is_refused(client: Client, asking: Callable[[Client], Response], status: int) -> None:
    assert asking(client).status == status
