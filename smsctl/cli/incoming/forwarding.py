"""Mails incoming SMS on, after they are stored: the ledger is the queue, and one mail at most is under way.

What must stay true: only a thread of its own ever waits for the mail server, an SMS is noted as mailed only
when the server has taken it, and who mails one holds the right to, of all who forward from the ledger, on
other hosts too. So a crash may have one mailed twice, and loses none.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from smsctl.cli import wiring_gateway
from smsctl.cli.incoming import names_by_number
from smsctl.cli.output import figures, language
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import OutgoingMail
from smsctl.config import kinds
from smsctl.errors import Sentence, SmsctlError, UsageError, say
from smsctl.ledger import inbox, lock
from smsctl.ledger.inbox import InboxRow

_TRIED_FOR = timedelta(days=7)  # after that it is in the inbox only
_FIRST_PAUSE_S = 60
_LONGEST_PAUSE_S = 15 * 60

Complain = Callable[[Sentence], None]


class _ForwardedMail(NamedTuple):
    """One mail under way."""

    row: InboxRow
    trouble: "Future[Sentence | None]"  # None: the server has taken it
    right: ExitStack  # to be given back when that is noted


class Forwarder:
    """Works in turns in the thread that owns the ledger; no turn waits for the mail server."""

    def __init__(self, wiring: Wiring, complain: Complain) -> None:
        """Look up the mail server, so that a missing one is told at the start."""
        self._wiring = wiring
        self._complain = complain
        self._send = wiring_gateway.mailer(wiring)
        self._under_way: _ForwardedMail | None = None
        self._last = 0  # the SMS tried last: one that is never taken does not keep the others waiting
        self._not_before = 0.0  # monotonic
        self._pause_s = _FIRST_PAUSE_S

    def turn(self) -> None:
        """Note what came of the mail under way, and start on the next one."""
        try:
            self._note()
            if self._under_way is None and time.monotonic() >= self._not_before:
                self._start()
        except SmsctlError as error:  # the ledger's; a later turn tries again
            self._complain(error.sentence)

    def work(self, for_s: float) -> None:
        """Mail what waits for at most `for_s` seconds; stop early when the mail server does not take one."""
        until = time.monotonic() + for_s
        self.turn()
        while self._under_way and time.monotonic() < until:
            self._wait(until - time.monotonic())
            self.turn()

    def end(self, within_s: float) -> None:
        """Start on no other mail, and wait at most `within_s` for the one under way."""
        self._not_before = float("inf")
        self._wait(within_s)
        self.turn()

    def _wait(self, at_most_s: float) -> None:
        if self._under_way:
            wait([self._under_way.trouble], at_most_s)

    def _start(self) -> None:
        ledger, now = self._wiring.ledger, self._wiring.clock.now()
        since = datetime.fromisoformat(now.at) - _TRIED_FOR
        with ExitStack() as right:
            row = inbox.to_forward(ledger, after=self._last, since=since)
            if row:
                if not right.enter_context(lock.if_nobody_forwards(ledger)):
                    return  # a later turn looks what that one has left
                row = inbox.to_forward(ledger, after=self._last, since=since)
            self._last = row.id if row else 0
            if row:
                mail = self._under_way = _ForwardedMail(row, Future(), right.pop_all())
                carried = (row, mail.trouble)
                Thread(target=self._carry, args=carried, name="mailing on", daemon=True).start()

    def _carry(self, row: InboxRow, trouble: "Future[Sentence | None]") -> None:
        try:
            outcome = self._send(self._mail(row))
        except SmsctlError as error:
            trouble.set_result(error.sentence)
        except Exception as error:  # noqa: BLE001  # nobody else hears of it in this thread
            kind = type(error).__name__
            trouble.set_result(say("an incoming SMS could not be mailed on ({kind})", kind=kind))
        else:
            refused = say("an incoming SMS could not be mailed on: {text}", text=outcome.text)
            trouble.set_result(None if outcome.is_taken else refused)

    def _note(self) -> None:
        if self._under_way is None or not self._under_way.trouble.done():
            return
        row, trouble, right = self._under_way.row, self._under_way.trouble.result(), self._under_way.right
        if trouble is None:
            with self._wiring.ledger.transaction():
                inbox.forwarded(self._wiring.ledger, row.id, self._wiring.clock.now())
            self._pause_s = _FIRST_PAUSE_S
        else:
            self._complain(trouble)
            self._not_before = max(self._not_before, time.monotonic() + self._pause_s)
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        self._under_way = None
        right.close()

    def _mail(self, row: InboxRow) -> OutgoingMail:
        sender = row.message.sender
        name = names_by_number.names_of(self._wiring, {sender}, None, self._complain).get(sender)
        who = f"{name}, {sender}" if name else sender
        at = figures.local(row.at, self._wiring.settings.time_zone)
        return OutgoingMail(
            address=row.forward_to or "",
            reference=f"smsctl-inbox-{row.id}",
            subject=" ".join(language.words(say("SMS from {who}", who=who)).split()),
            body=f"{row.message.text}\n\n-- \n{who}\n{at}\n",
        )


def forwarder(wiring: Wiring, address: str | None, complain: Complain) -> Forwarder | None:
    """Return what mails incoming SMS to the address. Raises UsageError when it is none."""
    if address is None:
        return None
    try:
        kinds.MAIL_ADDRESS.read(address, Path())
    except kinds.UnfitValueError as error:
        raise UsageError(say("--forward-to {address} {why}.", address=address, why=error.why)) from None
    return Forwarder(wiring, complain)
