"""English that reaches us ready made, known again so that it can be translated.

Typer's words for a command line that does not fit, the answers that gateways' adapters leave in the ledger,
and what keys and senders are about. What is not known here is shown as it came.
"""

import re
from functools import cache
from string import Formatter

from smsctl.errors import Sentence, say

_ANY = ""
_KNOWN = (
    say("No such command '{name}'.", name=_ANY),
    say("No such option: {name} (Possible options: {options})", name=_ANY, options=_ANY),
    say("No such option: {name}", name=_ANY),
    say("Missing argument '{name}'.", name=_ANY),
    say("Missing option '{name}'.", name=_ANY),
    say("Option '{name}' requires an argument.", name=_ANY),
    say("Option '{name}' does not take a value.", name=_ANY),
    say("Got unexpected extra argument(s) ({words})", words=_ANY),
    say("Invalid value for '{name}': {why}", name=_ANY, why=_ANY),
    say("'{text}' is not a valid int range.", text=_ANY),
    say("'{text}' is not a valid integer.", text=_ANY),
    say("'{text}' is not a valid int.", text=_ANY),
    say("{text} is not in the range {span}.", text=_ANY, span=_ANY),
    say("the gateway could not read the request ({said})", said=_ANY),
    say("the gateway refused the login ({said})", said=_ANY),
    say("the gateway refused the login: {said}", said=_ANY),
    say("the gateway does not permit this: {said}", said=_ANY),
    say("the gateway refused the service: {said}", said=_ANY),
    say("the gateway does not know the address ({said})", said=_ANY),
    say("the gateway found the request too large ({said})", said=_ANY),
    say("the address has moved; correct url in the config ({said})", said=_ANY),
    say("the gateway's answer does not tell of this message"),
    say("the gateway's answer names another message"),
    say("the gateway's answer holds no status code"),
    say("the gateway's receipts are not those of the batch"),
    say("smsctl or the machine stopped before the answer"),
    say("stopped at the gateway"),
    say("too old before the first byte"),
    say("too old before the next mail"),
    say("the mail server closed the connection"),
    say("the certificate is not trusted: {reason}", reason=_ANY),
    say("no complete answer within {seconds} s", seconds=_ANY),
    say("no answer within {seconds} s", seconds=_ANY),
    say("no complete reply"),
    say("timed out"),
    say("the proxy refused the login (407)"),
    say("A-Z, a-z, 0-9, space and {signs}", signs=_ANY),
    say("intelecom (Puzzel) or pswincom (LINK Mobility)"),
    say("the mail server"),
    say("who the mails are from"),
    say("as screens and invoices show it"),
    say("standard input"),
    say("STOP by SMS"),
    say("the recipient"),
)


def recognised(text: str) -> Sentence | None:
    """Return the sentence that reads exactly like the text; None where none does."""
    for known in _KNOWN:
        if found := _pattern(known.template).fullmatch(text):
            return Sentence(known.template, None, dict(found.groupdict()))
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    pieces = (
        re.escape(text) + (f"(?P<{name}>.+?)" if name else "")
        for text, name, _, _ in Formatter().parse(template)
    )
    return re.compile("".join(pieces), re.DOTALL)
