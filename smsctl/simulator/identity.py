"""The simulator says that it is one: on every answer, when it is asked, and to whoever brings a mail.

So that no mailing is booked and invoiced for SMS that never existed, and no number of a rehearsal goes to
anything else. Whoever asks, asks in `smsctl.gateways.identity`, with the same words.
"""

import re
from http import HTTPStatus
from typing import Final

from smsctl.simulator.documents import write_json
from smsctl.simulator.web import ReceivedRequest, SimulatorReply, refuse

PATH: Final = "/simulator/identity"
HEADER: Final = ("Smsctl-Simulator", "no SMS is sent")
GREETING: Final = "smsctl-simulator"
"""The name that the mail server greets with."""

_ASKED = re.compile(r"nonce=([0-9a-f]{32})")


def tell(request: ReceivedRequest) -> SimulatorReply:
    """Repeat the nonce, so that no stored answer passes for this one. Raises RefusedRequestError."""
    asked = _ASKED.fullmatch(request.query)
    if asked is None:
        raise refuse(HTTPStatus.BAD_REQUEST, "Ask with nonce= and 32 hexadecimal digits.")
    return write_json({"simulator": HEADER[1], "nonce": asked[1]})
