"""What `smsctl config init` asks: each question with its line of explanation and the example's answer."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from smsctl.config import write
from smsctl.config.keys import ANY, Section, find
from smsctl.config.kinds import UnfitValueError
from smsctl.config.rules import BUILT_IN
from smsctl.domain.sender import sender_problems
from smsctl.errors import Sentence, say

NONE = "-"
"""The answer that leaves out what may be left out."""

_MUNICIPALITY = ("municipalities", ANY)  # until its name is known


class Question(NamedTuple):
    """One key that is asked for. `default` is the answer of config.example.toml."""

    name: str  # of the flag that answers it
    place: Section
    title: Sentence
    about: Sentence
    default: str
    choices: tuple[str, ...] = ()
    may_be_left_out: bool = False
    gateway: str | None = None  # asked for this one only
    figure: bool = False  # may be typed as figures are written in Sweden: 10 000, 4 900,00 kr
    path: bool = False  # typed from where the person stands; the config's folder is another
    after: str | None = None  # asked only where this one was answered
    is_example: bool = False  # its default is nobody's, and fit for a rehearsal only


QUESTIONS = (
    Question(
        "gateway",
        ("gateway", "module"),
        title=say("Gateway"),
        about=say("Whose account sends: intelecom is Puzzel, pswincom is LINK Mobility."),
        default="intelecom",
        choices=BUILT_IN,
    ),
    Question(
        "service_id",
        ("gateway", "service_id"),
        title=say("Service ID"),
        about=say("The number of the service, as in SuperOffice's SMS settings; given by the supplier."),
        default="4711",
        is_example=True,
        figure=True,
        gateway="intelecom",
    ),
    Question(
        "username",
        ("gateway", "username"),
        title=say("User name"),
        about=say("Of the account at the gateway."),
        default="demo",
        is_example=True,
    ),
    Question(
        "sender",
        ("sender",),
        title=say("Sender"),
        about=say("What the phone shows: at most 11 letters and digits, or a number."),
        default="Kommunen",
        may_be_left_out=True,
    ),
    Question(
        "country_code",
        ("default_country_code",),
        title=say("Country code"),
        about=say("For numbers that are written without one; others are not sent to unless you allow them."),
        default="+46",
    ),
    Question(
        "municipality",
        (*_MUNICIPALITY, "name"),
        title=say("Municipality"),
        about=say("Who orders, sends and pays; an independent school is entered the same way."),
        default="Exempelkommun",
        is_example=True,
    ),
    Question(
        "package_size",
        (*_MUNICIPALITY, "package_size"),
        title=say("Parts in a package"),
        about=say("SMS are bought in packages and billed by the part; - for an account without packages."),
        default="10000",
        figure=True,
        may_be_left_out=True,
    ),
    Question(
        "package_price",
        (*_MUNICIPALITY, "package_price"),
        title=say("Price of a package"),
        about=say("In SEK, without VAT; every plan shows what it makes of it."),
        default="4900.00",
        is_example=True,
        figure=True,
        after="package_size",
    ),
    Question(
        "recipients",
        ("recipients",),
        title=say("Recipients file"),
        about=say(
            "The CSV file of the people, as exported from the school platform; - to name it each time."
        ),
        default=NONE,
        may_be_left_out=True,
        path=True,
    ),
)


def answers(answer: Callable[[Question], str], path: Path) -> dict[Section, object]:
    """Return the value of each key that is answered, as the config file at `path` is to hold it.

    Raises ConfigError where an answer does not fit its key.
    """
    written: dict[str, str] = {}
    values: dict[Section, object] = {}
    for question in QUESTIONS:
        if _is_asked(question, written):
            text = answer(question)
            if not (question.may_be_left_out and text == NONE):
                value = write.value_of(question.place, _meant(question, text), path)
                written[question.name] = str(value)
                values[question.place] = value
    key = municipality_key(written["municipality"])
    named = {tuple(key if name == ANY else name for name in place): value for place, value in values.items()}
    return {("mode",): "simulate", ("default_municipality",): key, **named}


def refusal(question: Question, text: str, path: Path, gateway: str) -> Sentence | None:
    """Say what is wrong with an answer, with that gateway; None: nothing is."""
    if question.may_be_left_out and text == NONE:
        return None
    key = find(question.place)
    try:
        if key is not None:
            write.fitting(key, _meant(question, text), path)
    except UnfitValueError as refused:
        return say("{title}: {why}", title=question.title, why=refused.why)
    module = write.GATEWAY_NAMES.get(gateway.casefold(), gateway)
    return next(sender_problems(text, module), None) if question.name == "sender" else None


def left_of_the_example(values: Mapping[Section, object]) -> list[str]:
    """Return the full names of the keys in a config that have the example's answers still."""
    found = []
    for place, value in values.items():
        common = tuple(ANY if n == 1 and place[0] == _MUNICIPALITY[0] else one for n, one in enumerate(place))
        if any(one.is_example and one.place == common and one.default == str(value) for one in QUESTIONS):
            found.append(".".join(place))
    return found


def municipality_key(name: str) -> str:
    """Return the key of a municipality's section: Åmåls kommun -> amals-kommun."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "municipality"


def _meant(question: Question, typed: str) -> str:
    """Return a figure without the spaces between its digits and the currency behind it, and a path whole."""
    text = typed.strip()
    if question.path and text and not text.startswith("~"):
        return str(Path(text).absolute())
    if question.figure:
        return re.sub(r"(?<=\d)\s(?=\d)", "", re.sub(r"\s*(?:kr|sek)\.?$", "", text, flags=re.IGNORECASE))
    return text


def _is_asked(question: Question, written: Mapping[str, str]) -> bool:
    fits = question.gateway in (None, written.get("gateway"))
    return fits and (question.after is None or question.after in written)
