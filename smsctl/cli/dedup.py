"""Whether the gateway account may be trusted to refuse repeats: configured, and proved with a real one."""

from smsctl.cli.wiring import Wiring
from smsctl.errors import say
from smsctl.ledger import unknowns


def account(wiring: Wiring) -> str:
    """Return the name of the gateway account, under which the proof is kept."""
    gateway = wiring.settings.gateway
    return f"{gateway.module} {gateway.service_id} {gateway.username}"


def may_be_used(wiring: Wiring) -> bool:
    """Say whether an unknown batch may be submitted again; configured without a proof, it may not."""
    if not wiring.settings.gateway.unique_references:
        return False
    if unknowns.proved_at(wiring.ledger, account(wiring)):
        return True
    wiring.teller.warn(
        say(
            "unique_references is set, but not proved: unknown batches are not submitted again."
            " Prove it with: smsctl gateway verify-dedup NUMBER"
        )
    )
    return False
