"""What the three ways in share: storing what came, and mailing incoming SMS on."""

import time
from collections.abc import Sequence
from pathlib import Path

from smsctl.actions.report import NOTHING, House, Taken, take_in
from smsctl.cli import acquaintances, wiring_listener
from smsctl.cli.render import figures
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_listener import Mail
from smsctl.config import kinds
from smsctl.domain.push import Parcel
from smsctl.errors import SmsctlError, UsageError, say
from smsctl.ledger import inbox

_AFTER_TROUBLE_S = 60


class Intake:
    """Stores parcels in the ledger and keeps count."""

    def __init__(self, wiring: Wiring, house: House) -> None:
        """Open the ledger: what cannot be stored is not asked for."""
        self._ledger = wiring.ledger
        self._clock = wiring.clock
        self._house = house
        self.taken = NOTHING

    def store(self, parcels: Sequence[Parcel]) -> None:
        """Store all of them durably, or raise LedgerError and store none."""
        self.store_one(*parcels)

    def store_one(self, *parcels: Parcel) -> Taken:
        """Store durably; return what was taken in."""
        taken = take_in(self._ledger, parcels, self._house, self._clock.now())
        self.taken = self.taken + taken
        return taken


class Forwarder:
    """Mails incoming SMS on, after they are stored; one that is not taken is tried again later."""

    def __init__(self, wiring: Wiring) -> None:
        """Look up the mail server, so that a missing one is told at the start."""
        self._wiring = wiring
        self._send = wiring_listener.mailer(wiring)
        self._not_before = 0.0  # monotonic

    def forward_one(self) -> bool:
        """Mail the oldest one that waits; say whether there was one and it went."""
        if time.monotonic() < self._not_before:
            return False
        row = inbox.to_forward(self._wiring.ledger)
        if row is None:
            return False
        try:
            self._send(self._mail(row))
        except SmsctlError as error:
            self._not_before = time.monotonic() + _AFTER_TROUBLE_S
            self._wiring.teller.warn(error.sentence)
            return False
        with self._wiring.ledger.transaction(patient=True):
            inbox.forwarded(self._wiring.ledger, row.id, self._wiring.clock.now())
        return True

    def forward_all(self) -> None:
        """Mail all that wait, until one is not taken."""
        while self.forward_one():
            pass

    def _mail(self, row: inbox.InboxRow) -> Mail:
        sender = row.message.sender
        name = acquaintances.names_of(self._wiring, {sender}).get(sender)
        who = f"{name}, {sender}" if name else sender
        at = figures.local(row.at, self._wiring.settings.time_zone)
        return Mail(
            address=row.forward_to or "",
            reference=f"smsctl-inbox-{row.id}",
            subject=" ".join(str(say("SMS from {who}", who=who)).split()),
            body=f"{row.message.text}\n\n-- \n{who}\n{at}\n",
        )


def forwarder(wiring: Wiring, address: str | None) -> Forwarder | None:
    """Return what mails incoming SMS to the address; raises UsageError when it is none."""
    if address is None:
        return None
    try:
        kinds.MAIL_ADDRESS.read(address, Path())
    except kinds.RefusedError as error:
        raise UsageError(say("--forward-to {address} {why}.", address=address, why=error.why)) from None
    return Forwarder(wiring)
