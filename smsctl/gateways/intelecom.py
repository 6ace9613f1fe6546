"""Intelecom, today Puzzel SMS Gateway: JSON over HTTPS (wire/puzzel.md).

What is the same for every message of a batch, the text above all, is encoded once; a message then adds
its number and its reference. The reply is matched on our reference only, never on position or number.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, cast

from smsctl.domain.gateway import CHECK_ACCOUNT, CancelResult, IsLate, Listed, Options, Traits
from smsctl.domain.message import AllAccepted, Answer, Batch, Letter, Receipt, Status, SubmitVerdict, statuses
from smsctl.domain.remark import Event, Remark, Words
from smsctl.domain.sender import sender_problems
from smsctl.domain.text import INTELECOM_PARTS, with_part_length
from smsctl.errors import Sentence, say
from smsctl.gateways.connection_pool import ConnectionPool
from smsctl.gateways.intelecom_management import IntelecomManagement
from smsctl.gateways.intelecom_request import request
from smsctl.gateways.json_reply import folded, read_json, whole_number
from smsctl.gateways.outcome import HttpReply, quoted, refused, status_verdict, unclear, unless_taken, verdict

STATUS_OF_CODE: Final = {
    1: Status.ACCEPTED,  # queued at the gateway, whatever its name MESSAGE_DELIVERED_OK says
    2: Status.PENDING,  # login refused
    3: Status.REJECTED,  # not permitted; PENDING where it is said of the whole batch
    4: Status.PENDING,  # service refused
    5: Status.REJECTED,  # a parameter is wrong; the text says which
    6: Status.UNKNOWN,  # the gateway's own fault
    24: Status.HELD,  # queued or refused, waiting for a person there: the manual says both
    25: Status.ACCEPTED,  # seen before: an earlier attempt got in
}
"""wire/puzzel.md, "Result codes". Any other code is UNKNOWN: nobody says whether such a message was taken."""

HOST = "https://smsgw.puzzel.com"
_SEND_PATH = "/gw/rs/sendMessages"
_MAX_PARTS = 6  # wire/puzzel.md, "Length"; the limits below stand there too
_MAX_BATCH = 1000  # no limit is documented; the old manual advised this one
_HORIZON = timedelta(days=30)  # none is documented; further ahead is not relied on
_MAX_VALIDITY = timedelta(days=7)
_OK = 200


def open_gateway(options: Options) -> "Intelecom":
    """Make the gateway ready. Nothing is contacted."""
    return Intelecom(options)


class Intelecom:
    """The web service of one account."""

    def __init__(self, options: Options) -> None:
        """Keep the options; the traits follow from them."""
        self._options = options
        self._pool = ConnectionPool()
        self._url = (options.url or HOST).rstrip("/")
        self._management = IntelecomManagement(options, self._url)
        self.traits: Final = Traits(
            name="intelecom",
            title="Intelecom (Puzzel)",
            parts=with_part_length(INTELECOM_PARTS, options.part_length),
            max_parts=min(options.max_parts or _MAX_PARTS, _MAX_PARTS),
            max_batch=min(options.batch_size, _MAX_BATCH),
            cost_centre=True,
            cancelling=True,
            schedule_ahead=_HORIZON,
        )

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        """Hand over the batch in one request (wire/puzzel.md)."""
        from smsctl.gateways.wire import exchange

        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        outcome = exchange(
            self._options,
            "POST",
            self._url + _SEND_PATH,
            headers=headers,
            body=request(self._options, batch),
            is_late=is_late,
            pool=self._pool,
        )
        if not isinstance(outcome, HttpReply):
            return verdict(batch, outcome)
        if outcome.status != _OK:
            secret = self._options.revealed_password()
            refusal = status_verdict(batch, outcome, quoted(outcome.body, secret))
            entries = _by_reference(_listed(outcome.body) or [])
            ours = [one for one in batch.references if one in entries]
            return unless_taken(batch, refusal, [_receipt(one, entries[one], secret) for one in ours])
        return self._answer(batch, outcome.body)

    def check(self, letter: Letter) -> list[Sentence]:
        """Return what the gateway would refuse (wire/puzzel.md, "Sender" and "Priority and validity")."""
        problems: list[Sentence] = []
        if letter.sender is not None:
            problems += sender_problems(letter.sender, "intelecom")
        if letter.validity is not None and letter.validity > _MAX_VALIDITY:
            problems.append(say("validity is at most 7 days with this gateway"))
        return problems

    def probe(self) -> Sentence:
        """Log in at the management address, which sends nothing (wire/puzzel.md, "Management API")."""
        return self._management.probe()

    def cancel(self, batch_reference: str) -> CancelResult:
        """Stop what is still held of the batch (wire/puzzel.md, "Management API")."""
        return self._management.cancel(batch_reference)

    def listed(self, batch_reference: str) -> Listed | None:
        """Return what the gateway still holds of the batch (wire/puzzel.md, "Management API")."""
        return self._management.listed(batch_reference)

    def _answer(self, batch: Batch, body: bytes) -> Answer:
        """Read the reply message by message (wire/puzzel.md, "Reply" and "Result codes")."""
        secret = self._options.revealed_password()
        listed = _listed(body)
        if listed is None:
            return unclear(batch, Remark(Event.NO_ANSWER, quoted(body, secret)))
        entries = _in_order(batch.references, listed)
        receipts = _all_accepted(batch.references, entries) or [
            _receipt(*one, secret) for one in zip(batch.references, entries, strict=True)
        ]
        told = {*statuses(receipts)}
        if told == {Status.ACCEPTED}:
            return Answer(SubmitVerdict.ANSWERED, receipts, _first_words(entries, secret))
        words = _words(receipts)
        if all(receipt.code in _REFUSALS for receipt in receipts):
            event, mend = _REFUSALS[receipts[0].code]
            return refused(batch, Remark(event, str(words)), mend)
        if Status.PENDING in told:
            mend = next(_REFUSALS[one.code][1] for one in receipts if one.status is Status.PENDING)
            return Answer(verdict=SubmitVerdict.REFUSED, receipts=receipts, text=words, mend=mend)
        said = SubmitVerdict.UNCLEAR if Status.UNKNOWN in told else SubmitVerdict.ANSWERED
        return Answer(verdict=said, receipts=receipts, text=words)


_REFUSALS: dict[str | None, tuple[Event, Sentence]] = {
    "2": (Event.LOGIN_REFUSED, CHECK_ACCOUNT),
    "3": (Event.NOT_PERMITTED, say("Ask the supplier what this service may send.")),
    "4": (Event.SERVICE_REFUSED, say("Check service_id in the config, or ask the supplier.")),
}
_Entry = dict[str, object]


_SPELLING = {name.lower(): name for name in ("clientReference", "messageId", "statusCode", "statusMessage")}


def _listed(body: bytes) -> list[_Entry] | None:
    """Return the reply's entries; None if this is no reply."""
    reply = folded(read_json(body))
    listed = reply.get("messagestatus") if reply is not None else None
    return _spelt(listed) if isinstance(listed, list) else None


def _in_order(references: Sequence[str], listed: list[_Entry]) -> Sequence[_Entry | None]:
    """Return the entry of each of our references; None for one that is not named, or is twice."""
    if [entry.get("clientReference") for entry in listed] == references:
        return listed
    entries = _by_reference(listed)
    return [entries.get(reference) for reference in references]


def _by_reference(listed: list[_Entry]) -> dict[str, _Entry | None]:
    """Return entries by our reference; None for one that is named twice."""
    entries: dict[str, _Entry | None] = {}
    for entry in listed:
        reference = entry.get("clientReference")
        if isinstance(reference, str):
            entries[reference] = None if reference in entries else entry
    return entries


def _spelt(listed: list[object]) -> list[_Entry]:
    """Return the entries with their names spelt as in the samples, which they nearly always are."""
    found = [one for one in listed if isinstance(one, dict)]
    if all(_SPELLING.get(name.lower(), name) == name for name in set[str]().union(*found)):
        return found
    return [
        {_SPELLING.get(name, name): value for name, value in (folded(one) or {}).items()} for one in found
    ]


def _all_accepted(references: Sequence[str], entries: Sequence[_Entry | None]) -> AllAccepted | None:
    """Return what `_receipt` would, for all at once, where each was accepted and named: nearly always."""
    if not all(entries):
        return None
    found = cast("Sequence[_Entry]", entries)
    codes, ids = [entry.get("statusCode") for entry in found], [entry.get("messageId") for entry in found]
    if codes.count(1) != len(references) or {*map(type, codes)} != {int} or {*map(type, ids)} != {str}:
        return None
    return AllAccepted(references, cast("list[str]", ids), "1")


def _receipt(reference: str, entry: _Entry | None, secret: str) -> Receipt:
    """Return what one entry says."""
    if entry is None:
        return Receipt(reference, Status.UNKNOWN, text=Remark(Event.NOT_TOLD_OF))
    code, gateway_id = whole_number(entry.get("statusCode")), entry.get("messageId")
    if not isinstance(gateway_id, str):
        gateway_id = None
    if code is None:
        return Receipt(reference, Status.UNKNOWN, gateway_id, text=Remark(Event.NO_CODE))
    if code == 1:
        return Receipt(reference, STATUS_OF_CODE[code], gateway_id=gateway_id, code="1")
    words = entry.get("statusMessage")
    text = quoted(words, secret) if isinstance(words, str) else None
    return Receipt(
        reference, STATUS_OF_CODE.get(code, Status.UNKNOWN), gateway_id=gateway_id, code=str(code), text=text
    )


def _first_words(entries: Iterable[_Entry | None], secret: str) -> str:
    """Return what the gateway said of the first message, for one that is asked about by a person."""
    words = next((entry.get("statusMessage") for entry in entries if entry), None)
    return quoted(words, secret) if isinstance(words, str) else ""


def _words(receipts: Sequence[Receipt]) -> Words:
    """Return what was said of the first message that was not simply accepted."""
    for receipt in receipts:
        if receipt.status is not Status.ACCEPTED:
            return f"{receipt.text or ''} (code {receipt.code})" if receipt.code else receipt.text or ""
    return ""
