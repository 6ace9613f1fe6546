"""Whether the gateway account may be trusted to refuse repeats: configured, and proved with a real one."""

from smsctl.cli.wiring import Wiring
from smsctl.config.settings import MunicipalitySettings
from smsctl.errors import say
from smsctl.ledger import unknowns


def account(wiring: Wiring, municipality: MunicipalitySettings) -> str:
    """Return the name the proof is kept under: the check is switched on per service (protocols.md 2.9)."""
    gateway = wiring.settings.gateway
    service_id = municipality.service_id or gateway.service_id
    return f"{gateway.module} {service_id} {gateway.username} {gateway.url or 'its own address'}"


def proved_at(wiring: Wiring, municipality: MunicipalitySettings) -> str | None:
    """Return since when an unknown batch may be submitted again; None: it may not, for lack of a proof."""
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
