"""PSWinCom's polling API: reports and incoming SMS fetched one by one (wire/pswincom.md, "Polling")."""

from typing import Final
from urllib.parse import quote

from smsctl.domain.gateway import CHECK_ACCOUNT, Options
from smsctl.domain.incoming import Incoming
from smsctl.domain.push import Polled, PushBatch
from smsctl.errors import GatewayRefusedError, Sentence, StoppedError, say
from smsctl.gateways.json_reply import entry_of
from smsctl.gateways.outcome import HttpReply, reply_in
from smsctl.gateways.pswincom_pushes import NAME, report_of
from smsctl.gateways.push_fields import Fields, number, short, whole

REPORTS: Final = "dr"
INCOMING: Final = "mo"

_OK, _TAKEN, _EMPTY = 200, 204, 404
_LOGIN_REFUSED = (401, 403)
_REFUSED = {
    REPORTS: say("The gateway refused the login to its queue of reports (HTTP {status}).", status=""),
    INCOMING: say("The gateway refused the login to its queue of incoming SMS (HTTP {status}).", status=""),
}
_CHECK_URL = say("Check poll_url under [reports] in the config, and the site's proxy.")


class PolledQueue:
    """One of the account's two queues. Fetching takes from it: whoever else reads it finds less."""

    def __init__(self, options: Options, kind: str) -> None:
        """`kind` is REPORTS or INCOMING; `options.url` is the polling server."""
        self._options = options
        self._kind = kind
        user = quote(options.username, safe="")
        self._url = f"{options.url}/api/output/rest/{kind}/gateway/{user}"

    def fetch(self, within_s: float) -> Polled | None:
        """Take the next one; unless acknowledged it comes back after 20 seconds.

        One that cannot be read has no receipt.
        """
        reply = self._ask("POST", f"{self._url}?ackrequired=true", within_s)
        if reply.status == _EMPTY and entry_of(reply.body) is not None:
            return None
        if reply.status == _EMPTY:  # whose queue is empty says so in a document of its own
            raise StoppedError(
                say("Not the gateway's queue answered: HTTP 404, and not what an empty queue says."),
                hint=_CHECK_URL,
            )
        if reply.status != _OK:
            raise _no_answer(f"HTTP {reply.status}")
        document = entry_of(reply.body)
        if document is None or not short(document, "reference"):
            return Polled(PushBatch(unread=1), "")
        return Polled(self._parcel(document), short(document, "reference"))

    def acknowledge(self, receipt: str, within_s: float) -> None:
        """Take it out of the queue for good."""
        reply = self._ask("PUT", f"{self._url}/ack/{quote(receipt, safe='')}", within_s)
        if reply.status not in {_OK, _TAKEN, _EMPTY}:  # 404: acknowledged before
            raise _no_answer(f"HTTP {reply.status}")

    def _parcel(self, document: Fields) -> PushBatch:
        told_at = short(document, "operatortimestamp")
        if self._kind == REPORTS:
            wire = {"STATE": "state", "REF": "reference", "RCV": "receiver"}
            fields = {name: document.get(ours) for name, ours in wire.items()}
            return PushBatch(reports=(report_of(fields, told_at=told_at),))
        incoming = Incoming(
            gateway=NAME,
            sender=number(document, "sender"),
            receiver=short(document, "receiver"),
            text=whole(document, "text"),
            vendor_id=short(document, "reference"),
            told_at=told_at,
        )
        return PushBatch(incoming=(incoming,))

    def _ask(self, method: str, url: str, within_s: float) -> HttpReply:
        from smsctl.gateways.wire import exchange

        headers = {"Accept": "application/json", "Authorization": self._options.login_header()}
        body = b"" if method == "POST" else None  # so that a length is told: servers ask for one
        options = self._options._replace(
            connect_timeout_s=min(self._options.connect_timeout_s, within_s),
            total_timeout_s=min(self._options.total_timeout_s, within_s),
        )
        reply = reply_in(exchange(options, method, url, headers=headers, body=body), _no_answer, _CHECK_URL)
        if reply.status in _LOGIN_REFUSED:
            raise GatewayRefusedError(_REFUSED[self._kind].given(status=reply.status), hint=CHECK_ACCOUNT)
        if reply.status == _EMPTY and _is_page(reply):
            raise StoppedError(
                say("Not the gateway's queue answered, but a web page: HTTP 404."), hint=_CHECK_URL
            )
        return reply


def _is_page(reply: HttpReply) -> bool:
    """Say whether people were meant: an empty queue says so in JSON, and a server that has none in HTML."""
    return "html" in reply.headers.get("content-type", "").lower() or reply.body.lstrip()[:1] == b"<"


def _no_answer(text: str | Sentence) -> StoppedError:
    return StoppedError(
        say("The gateway's queue gave no clear answer: {text}.", text=text),
        hint=say("Nothing is lost: what was not acknowledged comes again."),
    )
