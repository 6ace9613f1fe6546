"""Puzzel's own client for Python, version 3.0.1, as its readme uses it: what tls.py measures smsctl beside.

    .vendors/puzzel-3/bin/python benchmarks/puzzel.py recipients.csv https://localhost:PORT 100 8

So many messages a request, so many requests in flight. It looks at no number, stores nothing, and would send
everything again. Needs Python 3.13; `.ci/vendors` installs it.
"""

import asyncio
import csv
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_http.httpx_request_adapter import HttpxRequestAdapter
from src.models.gateway_request import GatewayRequest
from src.models.message import Message
from src.mt_http_client import MtHttpClient

TEXT = "Hej! Föräldramöte på torsdag kl 18.30 i matsalen. Anmäl specialkost senast på tisdag. Välkomna!"


async def main(recipients: str, url: str, in_a_request: str, in_flight: str) -> None:
    """Read, send, and count what was taken."""
    adapter = HttpxRequestAdapter(AnonymousAuthenticationProvider())
    adapter.base_url = url
    client = MtHttpClient(adapter)
    batches = requests(recipients, int(in_a_request))
    taken = await asyncio.gather(*(send(client, batches) for _ in range(int(in_flight))))
    print(sum(taken))


async def send(client: MtHttpClient, batches: Iterator[GatewayRequest]) -> int:
    taken = 0
    for batch in batches:
        told = await client.gw.rs.send_messages.post(batch)
        taken += sum(status.status_code == 1 for status in told.message_status)
    return taken


def requests(recipients: str, in_a_request: int) -> Iterator[GatewayRequest]:
    with Path(recipients).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        count = 0
        while found := list(islice(rows, in_a_request)):
            messages: list[Any] = []
            for row in found:
                count += 1
                messages.append(Message(recipient=row[1], content=TEXT, client_reference=f"r{count}"))
            yield GatewayRequest(service_id=4711, username="u", password="p", message=messages)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
