"""What the gateway still holds, and stopping it (wire/puzzel.md, "Management API")."""

from typing import Final
from urllib.parse import quote

from smsctl.domain.gateway import CancelResult, Listed, Options
from smsctl.errors import Sentence, StoppedError, say
from smsctl.gateways.json_reply import Fields, folded, read_json, whole_number
from smsctl.gateways.outcome import HttpReply, Outcome, Unclear, reply_in, unless_login_refused

DEFAULT_PATH: Final = "/mgmt/rs/service/{service_id}"

_OK, _NOT_FOUND = 200, 404
_NOT_DONE = range(300, 500)
_NONE_HELD = b"null"  # as some services in Java write a list without entries


class IntelecomManagement:
    """The held batches of one service. Nothing here sends a message."""

    def __init__(self, options: Options, host: str) -> None:
        """Keep the address; `management_path` replaces the documented one, which clients disagree on."""
        self._options = options
        path = options.management_path or DEFAULT_PATH
        self._url = host + path.replace("{service_id}", str(options.service_id)).rstrip("/")

    def probe(self) -> Sentence:
        """Log in and list what is held; what is listed does not matter, but a web page is no list."""
        reply = self._ask("GET", "/batch/")
        if reply.status != _OK:
            raise _no_answer(f"HTTP {reply.status}")
        if read_json(reply.body) is None and reply.body.strip() != _NONE_HELD:
            raise _no_answer("HTTP 200, but no list")
        return say("the gateway took the login")

    def cancel(self, batch_reference: str) -> CancelResult:
        """Stop what is still held of the batch."""
        outcome = self._exchange("DELETE", f"/batch/{quote(batch_reference, safe='')}")
        if isinstance(outcome, Unclear):
            return CancelResult(found=True, answered=False)
        reply = _reply(outcome)
        if reply.status == _NOT_FOUND:
            return CancelResult(found=False)
        stopped = _listed(reply, "stoppedMessages") if reply.status == _OK else None
        if stopped is None:
            if reply.status in _NOT_DONE:
                raise _no_answer(f"HTTP {reply.status}")
            return CancelResult(found=True, answered=False)
        return CancelResult(
            found=True,
            stopped=_texts(stopped, "clientmessagereference", "customermessagereference"),
            stopped_ids=_texts(stopped, "messageid"),
            entries=len(stopped),
        )

    def listed(self, batch_reference: str) -> Listed | None:
        """Return how much of the batch is still held; None where it is not listed."""
        reply = self._ask("GET", f"/batch/{quote(batch_reference, safe='')}")
        if reply.status == _NOT_FOUND:
            return None
        for entry in _entries(reply, "messageBatch"):
            if entry.get("clientbatchreference") == batch_reference:
                return Listed(left=_count(entry, "totalSize"), on_hold=_count(entry, "onHold"))
        return None

    def _ask(self, method: str, path: str) -> HttpReply:
        """Return a reply of 200 or 404; raise for everything else."""
        reply = _reply(self._exchange(method, path))
        if reply.status not in {_OK, _NOT_FOUND}:
            raise _no_answer(f"HTTP {reply.status}")
        return reply

    def _exchange(self, method: str, path: str) -> Outcome:
        from smsctl.gateways.wire import exchange

        headers = {"Accept": "application/json", "Authorization": self._options.login_header()}
        return exchange(self._options, method, self._url + path, headers=headers)


def _reply(outcome: Outcome) -> HttpReply:
    """Return the reply; raise where there is none, or the login is refused."""
    return unless_login_refused(reply_in(outcome, _no_answer))


def _entries(reply: HttpReply, key: str) -> list[Fields]:
    """Return the entries under `key`. Raises StoppedError where there is no such list."""
    found = _listed(reply, key)
    if found is None:
        raise _no_answer("HTTP 200, but no list")
    return found


def _listed(reply: HttpReply, key: str) -> list[Fields] | None:
    """Return the entries under `key`, None where there is no list; one may stand without a list around it."""
    document = folded(read_json(reply.body))
    found = document.get(key.lower()) if document is not None else None
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        return None
    entries = [folded(entry) for entry in found]
    return [{} if entry is None else entry for entry in entries]


def _texts(entries: list[Fields], *keys: str) -> tuple[str, ...]:
    """Return the texts that stand under any of the keys."""
    return tuple(text for entry in entries for key in keys if isinstance(text := entry.get(key), str))


def _count(entry: Fields, key: str) -> int:
    """Return the number under the key."""
    found = whole_number(entry.get(key.lower()))
    if found is None:
        raise _no_answer(f"HTTP 200, but no number {key}")
    return found


def _no_answer(text: str | Sentence) -> StoppedError:
    return StoppedError(
        say("the gateway's management address gave no clear answer: {text}", text=text),
        hint=say("try again; management_path in the config names another address"),
    )
