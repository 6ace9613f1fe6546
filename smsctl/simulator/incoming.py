"""An incoming SMS as each gateway tells of it (wire/puzzel.md and wire/pswincom.md, "Incoming SMS")."""

import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NamedTuple
from uuid import uuid4

from smsctl.simulator.pushes import GATEWAYS, Entry
from smsctl.simulator.web import ReceivedRequest, refuse

INCOMING_PATH = "/simulator/incoming"


class Sms(NamedTuple):
    """What somebody sent from a phone."""

    sender: str  # E.164
    text: str
    receiver: str = "71234"
    keyword: str | None = None  # None: the first word of the text
    id: str = ""  # the gateway's; empty: a new one


def entry_for(gateway: str, sms: Sms) -> Entry:
    """Return the SMS by the names of the gateway's pushes; names with @ are metadata."""
    now = datetime.now(UTC)
    identity = sms.id or uuid4().hex
    if gateway == "pswincom":
        return {
            "TEXT": sms.text,
            "SND": sms.sender.removeprefix("+"),
            "RCV": sms.receiver,
            "@TIMESTAMP": f"{now:%Y-%m-%d %H:%M:%S}",
            "@REFERENCE": identity,
        }
    keyword = sms.text.partition(" ")[0] if sms.keyword is None else sms.keyword
    return {
        "messageid": identity[:12],
        "sno": sms.receiver,
        "originator": sms.sender,
        "content": sms.text,
        "command": keyword,
        "strippedcontent": sms.text.removeprefix(keyword).strip(),
        "type": "1",
        "timestamp": f"{now:%Y%m%d %H:%M:%S}",
        "sessionid": "",
    }


def read_sms(request: ReceivedRequest) -> tuple[str, Sms]:
    """Read what a person sends to the simulator: the gateway and the SMS. Raises RefusedRequestError."""
    try:
        fields = json.loads(request.body)
        sms = Sms(sender=str(fields["sender"]), text=str(fields["text"]), receiver=str(fields["receiver"]))
        gateway = str(fields["gateway"])
    except (ValueError, LookupError, TypeError) as error:
        raise refuse(HTTPStatus.BAD_REQUEST, "Send gateway, sender, receiver and text as JSON.") from error
    if gateway not in GATEWAYS:
        raise refuse(HTTPStatus.BAD_REQUEST, f"There is no gateway {gateway}.")
    return gateway, sms


def polled(entry: Entry) -> dict[str, str]:
    """Return a PSWinCom entry as the polling API gives it."""
    return {
        "sender": entry["SND"],
        "receiver": entry["RCV"],
        "text": entry["TEXT"],
        "operatorTimestamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "reference": entry["@REFERENCE"],
    }
