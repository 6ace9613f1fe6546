"""What in texts that are filled in is no text for people, although their template is one."""

from itertools import islice
from typing import Final

from smsctl.domain.identity_number import identity_numbers
from smsctl.domain.personal import PersonalTexts
from smsctl.domain.text import line_and_column
from smsctl.domain.text_check import TextFault, TextFinding
from smsctl.errors import say


def identities_in(texts: PersonalTexts | None) -> tuple[TextFinding, ...]:
    """Return the first personal identity number that is filled in, of the first rows."""
    for body in islice(texts.bodies(), _LOOKED_AT) if texts else ():
        for at, _ in identity_numbers(body):
            line, column = line_and_column(body, at)
            sentence = say("Where it is filled in, the text holds a personal identity number.")
            kind = TextFault.IDENTITY_NUMBER
            return (TextFinding(kind, certain=False, line=line, column=column, piece="…", sentence=sentence),)
    return ()


_LOOKED_AT: Final = 100
