"""Whether the gateway account may be trusted to refuse repeats: configured, and proved by a double send."""

from smsctl.config.settings import MunicipalitySettings, Settings
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.errors import Sentence, say
from smsctl.ledger.store import Ledger


def billed_account(settings: Settings, municipality: MunicipalitySettings) -> str:
    """Return the account at the gateway that is billed for a municipality, whatever the gateway's address."""
    gateway = settings.gateway
    named = (gateway.module, _service_of(settings, municipality), gateway.username)
    return " ".join(str(one) for one in named if one)


def account_of(settings: Settings, municipality: MunicipalitySettings) -> str:
    """Return what the proof is kept under: the service, where the check is switched on (wire/puzzel.md)."""
    gateway, service_id = settings.gateway, _service_of(settings, municipality)
    return f"{gateway.module} {service_id} {gateway.username} {gateway.url or 'its own address'}"


def _service_of(settings: Settings, municipality: MunicipalitySettings) -> int | None:
    return municipality.service_id or settings.gateway.service_id


def proved_at(ledger: Ledger, settings: Settings, municipality: MunicipalitySettings) -> str | None:
    """Return when it was proved that repeats are refused; None: no unknown batch may be submitted again."""
    if not settings.gateway.unique_references:
        return None
    from smsctl.ledger import reconciling  # few accounts rely on it

    return reconciling.proved_at(ledger, account_of(settings, municipality))


def unproved(
    ledger: Ledger, settings: Settings, municipality: MunicipalitySettings, moment: Moment
) -> list[Sentence]:
    """Warn where the config relies on it, and it was never proved, or can never be relied on here."""
    if not settings.gateway.unique_references:
        return []
    if moment.up is None:
        line = say(
            "This system does not tell when it was started: unknown batches are not submitted again, for"
            " nobody could tell how long ago they were sent."
        )
        return [line]
    if proved_at(ledger, settings, municipality):
        return []
    sentence = say(
        "unique_references is set, but not proved: unknown batches are not submitted again."
        " Prove it with: smsctl gateway verify-dedup NUMBER"
    )
    return [sentence]


def may_repeat(
    ledger: Ledger, settings: Settings, mailing: Mailing, tally: MailingTotals, moment: Moment
) -> bool:
    """Say whether resuming the mailing may submit an unknown batch again, though nothing is pending."""
    if not tally.states.get(Status.UNKNOWN):
        return False
    from smsctl.actions.reconcile import may_be_repeated  # most runs are of a new mailing

    municipality = settings.municipality(mailing.municipality.key)
    account = account_of(settings, municipality)
    return (
        may_be_repeated(ledger, mailing, account, moment)
        and proved_at(ledger, settings, municipality) is not None
    )
