"""Requests byte for byte as published clients write them (wire/puzzel.md and wire/pswincom.md, "Clients")."""

from typing import NamedTuple
from urllib.parse import quote

import pytest

from .conftest import Begin

TEXT = "Föräldramöte på måndag"
NUMBER = "+46701740605"
LATIN = TEXT.encode("iso-8859-1")
LINK = (
    b"<SESSION><CLIENT>demo</CLIENT><PW>secret</PW><SD></SD><MSGLST><MSG><ID>1</ID><TEXT>%s</TEXT>"
    b"<SND>Kommunen</SND><RCV>46701740605</RCV>%s</MSG></MSGLST></SESSION>"
)
JSON = "application/json"


class Written(NamedTuple):
    """One request."""

    kind: str
    body: bytes
    path: str = "/"
    method: str = "POST"


AS_PUBLISHED = {
    "PSWinCom's .NET 2.0 client": Written(
        "application/xml", b'<?xml version="1.0"?>\r\n' + LINK % (LATIN, b"<RCPREQ>Y</RCPREQ>")
    ),
    "PSWinCom's npm client": Written(
        "text/xml", b'<?xml version="1.0" encoding="UTF-8"?>\n' + LINK % (LATIN, b"<OP>1</OP>")
    ),
    "PSWinCom's Ruby gem": Written(
        "text/xml charset=ISO-8859-1", b'<?xml version="1.0" encoding="ISO-8859-1"?>\n' + LINK % (LATIN, b"")
    ),
    "PSWinCom, with a charset": Written(
        "text/xml; charset=utf-8",
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + LINK % (TEXT.encode(), b""),
    ),
    "PSWinCom, with a quoted charset and none before it": Written(
        'text/xml charset="utf-8"', b'<?xml version="1.0"?>' + LINK % (TEXT.encode(), b"")
    ),
    "PSWinCom, in the DTD's order": Written(
        "text/xml", b"<?xml version='1.0'?>" + LINK % (LATIN, b"<TTL>60</TTL><RCPREQ>Y</RCPREQ>") + b"\0"
    ),
    "Puzzel's Python 2.0.4": Written(
        JSON,
        b'{"serviceId": 4711, "username": "demo", "password": "secret", "message": [{"recipient":'
        b' "+46701740605", "content": "F\\u00f6r\\u00e4ldram\\u00f6te p\\u00e5 m\\u00e5ndag",'
        b' "price": null, "clientReference": null, "settings": {"priority": 1,'
        b' "validity": 173, "differentiator": null, "invoiceNode": null,'
        b' "age": null, "newSession": null, "sessionId": null, "autoDetectEncoding": null,'
        b' "safeRemoveNonGsmCharacters": null, "originatorSettings": {"originatorType": "ALPHANUMERIC",'
        b' "originator": "Kommunen"}, "gasSettings": null, "sendWindow": null, "parameter": [{"key":'
        b' "parsing-type", "value": "AUTO_DETECT"}]}}], "batchReference": null}',
        "/gw/rs/sendMessages",
    ),
    "Puzzel's Python 1": Written(
        JSON,
        b'{"message": [{"content": "F\\u00f6r\\u00e4ldram\\u00f6te p\\u00e5 m\\u00e5ndag", "recipient":'
        b' "+46701740605"}], "password": "secret", "serviceId": 4711, "username": "demo"}',
        "/gw/rs/sendMessages",
    ),
    "Intelecom's npm client": Written(
        JSON,
        b'{"serviceId":4711,"username":"demo","password":"secret","message":[{"recipient":"+46701740605",'
        b'"content":"%s"}]}' % TEXT.encode(),
        "/gw/rs/sendMessages",
    ),
    "Puzzel's sample by GET": Written(
        "",
        b"",
        path="/gw/rs/sendMessages?serviceId=4711&username=demo&password=secret&message[0].recipient=+46701740605"
        f"&message[0].content={quote(TEXT)}",
        method="GET",
    ),
}


@pytest.mark.parametrize("client", AS_PUBLISHED)
def test_it_is_accepted_with_every_letter(begin: Begin, client: str) -> None:
    written, simulated = AS_PUBLISHED[client], begin(username="demo", password="secret")
    kind = {"Content_Type": written.kind} if written.kind else {}
    response = simulated.ask(written.method, written.path, written.body, **kind)
    assert response.status == 200
    (one,) = simulated.simulator.accepted()
    assert (one.recipient.lstrip("+"), one.content) == (NUMBER.lstrip("+"), TEXT)


def test_the_prolog_is_not_believed(begin: Begin) -> None:
    """UTF-8 in bytes and prolog, and no charset in HTTP: the gateway reads ISO-8859-1 all the same."""
    body = b'<?xml version="1.0" encoding="UTF-8"?>' + LINK % (TEXT.encode(), b"")
    client = begin()
    client.ask("POST", "/", body, Content_Type="text/xml")
    assert client.simulator.accepted()[0].content != TEXT


def test_the_go_clients_send_window_is_its_own_fault(begin: Begin) -> None:
    body = (
        b'{"serviceId":4711,"username":"demo","password":"secret","batchReference":"","message":[{"recipient":'
        b'"+46701740605","content":"Hej","settings":{"sendWindow":{"startDate":"2030-01-01T00:00:00Z",'
        b'"startTime":"2030-01-01T08:00:00Z"}}}]}'
    )
    response = begin().ask("POST", "/gw/rs/sendMessages", body, Content_Type=JSON)
    assert [one["statusCode"] for one in response.json()["messageStatus"]] == [5]
