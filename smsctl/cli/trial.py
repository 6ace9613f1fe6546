"""What a test mailing is made of: one text to one number, outside every audience and package rule."""

from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Letter
from smsctl.domain.municipality import Municipality
from smsctl.domain.text import measure
from smsctl.ledger.mailings import NewMailing


def trial_mailing(gateway: Gateway, payer: Municipality, letter: Letter, *, messages: int = 1) -> NewMailing:
    """Return the test mailing that the ledger is to write."""
    return NewMailing(
        kind="test",
        municipality=payer,
        gateway=gateway.traits.name,
        letter=letter,
        size=measure(letter.text.body, gateway.traits.parts),
        audience="test",
        source=None,
        rows=messages,
        ceilings=Ceilings(),
    )
