"""Makes a letter of a text, by the config."""

from smsctl.config.settings import MunicipalitySettings, Settings
from smsctl.domain.message import Letter, Priority
from smsctl.domain.text import MessageText


def letter_for(settings: Settings, municipality: MunicipalitySettings, text: MessageText) -> Letter:
    """Return the letter: the municipality's sender goes before the one of all."""
    gateway = settings.gateway
    return Letter(
        text=text,
        sender=municipality.sender or settings.sender,
        priority=None if gateway.priority is None else Priority(gateway.priority),
        validity=gateway.validity,
        send_at=None,
        want_report=gateway.delivery_confirmation,
        invoice_node=municipality.invoice_node,
        cost_centre=municipality.cost_centre,
    )
