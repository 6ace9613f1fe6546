"""Whether the gateway account may be trusted to refuse repeats: configured, and proved by a double send."""

from smsctl.cli.wiring import Wiring
from smsctl.config.settings import MunicipalitySettings
from smsctl.domain.mailing import Mailing, Tally
from smsctl.domain.message import Status
from smsctl.errors import say
from smsctl.ledger import unknowns


def account(wiring: Wiring, municipality: MunicipalitySettings) -> str:
    """Return what the proof is kept under: the service, where the check is switched on (protocols.md 2.9)."""
    gateway = wiring.settings.gateway
    service_id = municipality.service_id or gateway.service_id
    return f"{gateway.module} {service_id} {gateway.username} {gateway.url or 'its own address'}"


def proved_at(wiring: Wiring, municipality: MunicipalitySettings) -> str | None:
    """Return when it was proved that repeats are refused; None: no unknown batch may be submitted again."""
    if not wiring.settings.gateway.unique_references:
        return None
    if proved := unknowns.proved_at(wiring.ledger, account(wiring, municipality)):
        return proved
    wiring.teller.warn(
        say(
            "unique_references is set, but not proved: unknown batches are not submitted again."
            " Prove it with: smsctl gateway verify-dedup NUMBER"
        )
    )
    return None


def may_settle(wiring: Wiring, mailing: Mailing, tally: Tally) -> bool:
    """Say whether resuming the mailing may settle unknown messages, though it has no pending ones."""
    if not tally.states.get(Status.UNKNOWN):
        return False
    from smsctl.actions.clear_up import may_be_repeated

    moment, configured = wiring.clock.now(), wiring.settings.municipality(mailing.municipality.key)
    named = account(wiring, configured)
    return (
        may_be_repeated(wiring.ledger, mailing, named, moment) and proved_at(wiring, configured) is not None
    )
