"""The vendors' own published clients against `smsctl simulator`; `.ci/vendors` installs them."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .conftest import Begin, Client

VENDORS = Path(__file__).parents[2] / ".vendors"
TEXT = "Föräldramöte på måndag"
NUMBERS = ("+46701740605", "+46701740606")
LIMIT_S = 60

_ON_THIS_MACHINE = """
import sys

def look(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] != "127.0.0.1":
        raise RuntimeError(arguments[1])

sys.addaudithook(look)
url, password, text, *numbers = sys.argv[1:]
"""

_PYTHON_1 = """
import json
from itcsmsgwclient import itcsmsgwclient as client

messages = [client.Message(number, text) for number in numbers]
for place, message in enumerate(messages):
    message.clientReference = f"r{place}"
    message.settings = client.MessageOptions()
    message.settings.originatorSettings = client.OriginatorSettings("ALPHANUMERIC", "Kommunen")
try:
    told = client.Client(url + "/gw/rs", 4711, "demo", password).send(messages)
    print(json.dumps([entry["statusCode"] for entry in told["messageStatus"]]))
except client.GatewayError as error:
    print(json.dumps("401" in error.message))
"""

_PYTHON_2 = """
import json
import puzzel_sms_gateway_client as client

message = client.Message(
    content=text,
    client_reference="r",
    settings=client.MessageSettings(
        priority=2,
        originator_settings=client.OriginatorSettings(originator_type="ALPHANUMERIC", originator="Kommunen"),
        parameter=client.Parameter(parsing_type="AUTO_DETECT", pid=65, strex_verification_timeout="10"),
    ),
)
sender = client.Client(
    service_id=4711, username="demo", password=password, base_address=url + "/gw/rs", batch_reference="b1"
)
try:
    told = sender.send([message], recipients=numbers).json()
    print(json.dumps([entry["statusCode"] for entry in told["messageStatus"]]))
except client._exceptions.GatewayRequestError as error:
    print(json.dumps("401" in str(error)))
"""

_PYTHON_3 = """
import asyncio, base64, json
from datetime import datetime, timedelta
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_http.httpx_request_adapter import HttpxRequestAdapter
from src.models.gateway_request import GatewayRequest
from src.models.message import Message
from src.models.originator_settings import OriginatorSettings
from src.models.originator_type import OriginatorType
from src.models.problem_details import ProblemDetails
from src.models.send_window import SendWindow
from src.models.settings import Settings
from src.mt_http_client import MtHttpClient

class Basic(AuthenticationProvider):
    async def authenticate_request(self, request, additional=None):
        login = base64.b64encode(f"demo:{password}".encode()).decode()
        request.headers.add("Authorization", f"Basic {login}")

async def main():
    adapter = HttpxRequestAdapter(Basic())
    adapter.base_url = url
    client = MtHttpClient(adapter)
    later = datetime.now() + timedelta(days=2)
    settings = Settings(
        priority=2,
        originator_settings=OriginatorSettings(
            originator="Kommunen", originator_type=OriginatorType.Alphanumeric
        ),
        send_window=SendWindow(start_date=f"{later:%Y-%m-%d}", start_time="09:00:00"),
    )
    messages = [Message(recipient=number, content=text, settings=settings) for number in numbers]
    request = GatewayRequest(
        service_id=4711, username="demo", password=password, batch_reference="b1", message=messages
    )
    try:
        sent = await client.gw.rs.send_messages.post(request)
    except ProblemDetails as problem:
        return print(json.dumps(problem.status == 401))
    batches = client.management.by_service_id(4711).batch
    listed = [[one.client_batch_reference, one.total_size] for one in (await batches.get()).message_batch]
    one = (await batches.by_client_batch_reference("b1").get()).message_batch
    stopped = await batches.by_client_batch_reference("b1").delete()
    codes = [status.status_code for status in sent.message_status]
    print(json.dumps([codes, listed, one.on_hold, len(stopped.stopped_messages)]))

asyncio.run(main())
"""

_NPM = """
const http = require('http'), https = require('https');
const [url, password, text, ...numbers] = process.argv.slice(1);
// It knows HTTPS on port 443 alone; what it writes goes to the simulator as it is.
https.request = (options, answered) =>
    http.request(Object.assign({}, options, {hostname: '127.0.0.1', port: new URL(url).port}), answered);
const client = require('intelecom-smsgw-client').init(url + '/gw/rs', 4711, 'demo', password);
client.send(numbers.map(number => ({recipient: number, content: text})),
    error => console.log(JSON.stringify(String(error))),
    told => console.log(JSON.stringify(
        told.messageStatus ? told.messageStatus.map(entry => entry.statusCode) : told.status === 401)));
"""


class Vendors(NamedTuple):
    """One published client: where it is installed, and a program that uses it as its readme does."""

    folder: str
    program: str

    def send(self, client: Client, password: str = "right", numbers: Sequence[str] = NUMBERS) -> Any:  # noqa: ANN401
        """Let it send; return what the program prints of the answer."""
        if not (VENDORS / self.folder / "installed").exists():
            pytest.skip(f"{self.folder} is not installed: bash .ci/vendors")
        place = VENDORS / self.folder
        command = [str(place / "bin" / "python"), "-W", "ignore", "-c", _ON_THIS_MACHINE + self.program]
        if self.folder == "npm":
            command = [shutil.which("node") or "node", "-e", self.program, "--"]
        done = subprocess.run(
            [*command, client.simulator.url, password, TEXT, *numbers],
            cwd=place,
            env={"PATH": os.environ["PATH"], "HOME": str(place)},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


PYTHON_1 = Vendors(folder="itcsmsgwclient", program=_PYTHON_1)
PYTHON_2 = Vendors(folder="puzzel-2", program=_PYTHON_2)
PYTHON_3 = Vendors(folder="puzzel-3", program=_PYTHON_3)
NPM = Vendors(folder="npm", program=_NPM)
EACH = pytest.mark.parametrize("vendors", [PYTHON_1, PYTHON_2, PYTHON_3, NPM], ids=lambda one: one.folder)
LIKE = pytest.mark.parametrize("like", [False, True], ids=["as documented", "vendor-like"])


@pytest.mark.parametrize("vendors", [PYTHON_1, PYTHON_2, NPM], ids=lambda one: one.folder)
@LIKE
def test_what_it_sends_is_accepted_with_every_letter(begin: Begin, vendors: Vendors, *, like: bool) -> None:
    client = begin(vendor_like=like, password="right")
    assert vendors.send(client) == [1, 1]
    accepted = client.simulator.accepted()
    assert [(one.recipient, one.content) for one in accepted] == [(number, TEXT) for number in NUMBERS]


def test_the_latest_client_sends_lists_and_stops(begin: Begin) -> None:
    client = begin(vendor_like=True, password="right", throttle_s=600)
    assert PYTHON_3.send(client) == [[1, 1], [["b1", 2]], 2, 2]
    assert len(client.simulator.stopped()) == 2
    assert [one.originator for one in client.simulator.accepted()] == ["Kommunen", "Kommunen"]


@EACH
def test_a_refused_login_is_understood(begin: Begin, vendors: Vendors) -> None:
    client = begin(vendor_like=True, password="right")
    assert vendors.send(client, password="wrong") is True
    assert client.simulator.accepted() == ()


@EACH
def test_a_number_that_the_gateway_refuses_is_told_beside_those_it_takes(
    begin: Begin, vendors: Vendors
) -> None:
    client = begin(vendor_like=True)
    codes = vendors.send(client, numbers=(NUMBERS[0], "+1"))
    assert (codes[0] if vendors is PYTHON_3 else codes) == [1, 5]
    assert len(client.simulator.accepted()) == 1
