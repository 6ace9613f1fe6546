"""PSWinCom, today LINK Mobility: XML over HTTPS (wire/pswincom.md).

What is the same for every message of a batch is escaped once; a message then adds its ID and its number,
in the order of the vendor's document type. The reply is read by the elements' names, never by their order,
and matched on ID, which no message of another batch has: a cached or crossed reply fits nothing.
"""

from collections import Counter
from datetime import datetime, timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Final
from zlib import crc32

from smsctl.domain.gateway import CHECK_ACCOUNT, IsLate, Options, Traits
from smsctl.domain.message import Answer, Batch, Letter, Receipt, Status, SubmitVerdict
from smsctl.domain.remark import Event, Remark, Words
from smsctl.domain.sender import sender_problems
from smsctl.domain.text import PSWINCOM_PARTS, septets, with_part_length
from smsctl.errors import GatewayRefusedError, Sentence, StoppedError, say
from smsctl.gateways.connection_pool import ConnectionPool
from smsctl.gateways.outcome import (
    CHECK_URL,
    HttpReply,
    NotSent,
    Outcome,
    Stale,
    Unclear,
    quoted,
    refused,
    reply_in,
    status_verdict,
    unclear,
    unless_login_refused,
    unless_taken,
    verdict,
)

if TYPE_CHECKING:
    from smsctl.gateways.pswincom_reply import Session

STATUS_OF_CODE: Final = {
    "OK": Status.ACCEPTED,  # taken for forwarding
    "FAIL": Status.REJECTED,
}
"""wire/pswincom.md, "Reply". Any other STATUS is UNKNOWN."""

HOST: Final = "https://xml.pswin.com"
FAILOVER_HOST: Final = "https://xml2.pswin.com"
_MAX_PARTS = 16  # beyond, the gateway cuts the text: wire/pswincom.md, "Characters and length"
_DEFAULT_PARTS = 6
_MAX_BATCH = 100  # both official clients cut here
_HORIZON = timedelta(days=7)
_MAX_TAG = 200
_IDS = (1 << 31) - 1  # what every reader of a number holds
_OK = 200
_HEADERS = {"Content-Type": "text/xml; charset=ISO-8859-1", "Accept": "text/xml"}


def open_gateway(options: Options) -> "PSWinCom":
    """Make the gateway ready. Nothing is contacted."""
    return PSWinCom(options)


class PSWinCom:
    """The XML service of one account."""

    def __init__(self, options: Options) -> None:
        """Keep the options; the traits follow from them. The second host goes with the built-in first."""
        self._options = options
        failover = options.failover_url or (None if options.url else FAILOVER_HOST)
        self._pool = ConnectionPool()
        self._hosts = [host.rstrip("/") + "/" for host in (options.url or HOST, failover) if host]
        self.traits: Final = Traits(
            name="pswincom",
            title="PSWinCom (LINK Mobility)",
            parts=with_part_length(PSWINCOM_PARTS, options.part_length),
            max_parts=min(options.max_parts or _DEFAULT_PARTS, _MAX_PARTS),
            max_batch=min(options.batch_size, _MAX_BATCH),
            cost_centre=True,
            priority=False,
            schedule_ahead=_HORIZON,
        )

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        """Hand over the batch in one request (wire/pswincom.md)."""
        from smsctl.gateways.pswincom_reply import read_session

        outcome = self._post(self._request(batch), is_late)
        if not isinstance(outcome, HttpReply):
            return verdict(batch, outcome)
        if outcome.status != _OK:
            refusal = status_verdict(batch, outcome, quoted(outcome.body, self._options.revealed_password()))
            return unless_taken(batch, refusal, self._told_of(batch, read_session(outcome)))
        return self._answer(batch, outcome)

    def probe(self) -> Sentence:
        """Log in without a message list, which the document type allows (wire/pswincom.md, "Sending")."""
        from smsctl.gateways.pswincom_reply import read_session

        outcome = self._post(self._document(""), lambda: False)
        if isinstance(outcome, Stale | Unclear):
            raise _no_answer(say("no complete reply"))
        reply = unless_login_refused(reply_in(outcome, _no_answer))
        session = read_session(reply) if reply.status == _OK else None
        if session is None:
            raise _no_answer(
                f"HTTP {reply.status}", CHECK_URL if reply.status < _TOO_MANY_REQUESTS else _TRY_AGAIN
            )
        if session.logon == "FAIL":
            reason = quoted(session.reason, self._options.revealed_password())
            raise GatewayRefusedError(
                say("the gateway refused the login: {reason}", reason=reason or "-"), hint=CHECK_ACCOUNT
            )
        return say("the gateway took the login")

    def check(self, letter: Letter) -> list[Sentence]:
        """Return what the gateway would refuse (wire/pswincom.md, "Sending")."""
        return [] if letter.sender is None else [*sender_problems(letter.sender, "pswincom")]

    def _post(self, body: bytes, is_late: IsLate) -> Outcome:
        """Send to the first host; to the second only where no byte has left."""
        from smsctl.gateways.wire import exchange

        outcome: Outcome = Stale()
        for url in self._hosts:
            outcome = exchange(
                self._options, "POST", url, headers=_HEADERS, body=body, is_late=is_late, pool=self._pool
            )
            if not isinstance(outcome, NotSent):
                break
        return outcome

    def _request(self, batch: Batch) -> bytes:
        """Return the document: the shared elements escaped once, the messages joined."""
        before, after = self._shared(batch.letter)
        texts = map(_text, batch.bodies) if batch.bodies else repeat(_text(batch.letter.text.body))
        columns = zip(batch.references, batch.numbers, texts, strict=bool(batch.bodies))
        messages = "".join(
            [
                f"<MSG><ID>{message_id(reference)}</ID>{text}{before}<RCV>{number[1:]}</RCV>{after}</MSG>"
                for reference, number, text in columns
            ]
        )
        tag = (batch.letter.cost_centre or batch.reference)[:_MAX_TAG]  # one for the whole request
        return self._document(f"<SD>{_escaped(tag)}</SD><MSGLST>{messages}</MSGLST>")

    def _document(self, content: str) -> bytes:
        """Return a session; ISO-8859-1 in header and prolog, so that every reading gives the same text."""
        client = _escaped(self._options.username)
        password = _escaped(self._options.revealed_password())
        document = (
            '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
            f"<SESSION><CLIENT>{client}</CLIENT><PW>{password}</PW>{content}</SESSION>"
        )
        return document.encode("iso-8859-1", "xmlcharrefreplace")

    def _shared(self, letter: Letter) -> tuple[str, str]:
        """Return what every message of the batch has beside its text, before its number and after."""
        before = []
        if letter.want_report and self._options.delivery_confirmation:
            before.append("<RCPREQ>Y</RCPREQ>")
        if letter.sender is not None:
            before.append(f"<SND>{_escaped(letter.sender.removeprefix('+'))}</SND>")
        after = []
        if letter.validity is not None:
            after.append(f"<TTL>{-(-letter.validity // timedelta(minutes=1))}</TTL>")
        if letter.send_at is not None:
            after.append(f"<DELIVERYTIME>{self._gateway_time(letter.send_at)}</DELIVERYTIME>")
        return "".join(before), "".join(after)

    def _gateway_time(self, moment: datetime) -> str:
        """Return the time on the gateway's clock: "CET", most likely Norwegian local time."""
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(self._options.gateway_time_zone or "Europe/Oslo")
        return moment.astimezone(zone).strftime("%Y%m%d%H%M")

    def _answer(self, batch: Batch, reply: HttpReply) -> Answer:
        """Read the reply message by message (wire/pswincom.md, "Reply")."""
        from smsctl.gateways.pswincom_reply import read_session

        secret = self._options.revealed_password()
        session = read_session(reply)
        if session is None:
            return unclear(batch, Remark(Event.NO_ANSWER, quoted(reply.body, secret)))
        if session.logon == "FAIL":
            reason = quoted(session.reason, secret) or "-"
            refusal = refused(batch, Remark(Event.LOGIN_REFUSED, reason), CHECK_ACCOUNT)
            return unless_taken(batch, refusal, self._told_of(batch, session))
        entries = [session.entries.get(message_id(reference)) for reference in batch.references]
        names = Counter(entry.get("REF") for entry in session.entries.values() if entry)
        receipts = [
            _receipt(reference, entry if entry and _is_one(entry, names) else None, secret)
            for reference, entry in zip(batch.references, entries, strict=True)
        ]
        known = all(receipt.status is not Status.UNKNOWN for receipt in receipts)
        said = SubmitVerdict.ANSWERED if known else SubmitVerdict.UNCLEAR
        return Answer(verdict=said, receipts=receipts, text=_words(receipts))

    def _told_of(self, batch: Batch, session: "Session | None") -> list[Receipt]:
        """Return what a reply that is a refusal tells of messages all the same."""
        entries = session.entries if session else {}
        secret = self._options.revealed_password()
        return [
            _receipt(reference, entries[one], secret)
            for reference in batch.references
            if (one := message_id(reference)) in entries
        ]


def message_id(reference: str) -> str:
    """Return the ID that names a message to the gateway: a number that follows from its reference.

    References are unique over ledgers, so another batch's reply is never taken for this one's.
    """
    stem, _, place = reference.rpartition("-")
    return str((crc32(stem.encode()) + int(place)) % _IDS + 1)


def _is_one(entry: dict[str, str], names: Counter[str | None]) -> bool:
    """Say whether no other message of the reply has the same name: one that stands twice names nothing."""
    return not entry.get("REF") or names[entry["REF"]] == 1


def _text(body: str) -> str:
    """Return the elements of a text: as it is where it is counted so, by GSM-7 and ISO-8859-1."""
    if septets(body, PSWINCOM_PARTS) is not None:
        return f"<TEXT>{_escaped(body)}</TEXT>"
    return f"<TEXT>{body.encode('utf-16-be').hex().upper()}</TEXT><OP>9</OP>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _receipt(reference: str, entry: dict[str, str] | None, secret: str) -> Receipt:
    if entry is None:
        return Receipt(reference, Status.UNKNOWN, text=Remark(Event.NOT_TOLD_OF))
    code = entry.get("STATUS", "")
    status = STATUS_OF_CODE.get(code, Status.UNKNOWN)
    words: Words | None = quoted(entry.get("INFO", ""), secret) or None
    if not (code or words):
        words = Remark(Event.NO_CODE)
    return Receipt(reference, status, gateway_id=entry.get("REF") or None, code=code[:20], text=words)


def _words(receipts: list[Receipt]) -> Words:
    """Return what was said of the first message that was not simply accepted."""
    return next((r.text or r.code or "" for r in receipts if r.status is not Status.ACCEPTED), "")


_TRY_AGAIN = say("try again")
_TOO_MANY_REQUESTS = 429  # and what is higher, is for another time


def _no_answer(text: str | Sentence, mend: Sentence = _TRY_AGAIN) -> StoppedError:
    return StoppedError(say("the gateway gave no clear answer: {text}", text=text), hint=mend)
