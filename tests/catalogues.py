"""Catalogues for the tests: the one that is translated, and one in which every sentence wears marks."""

import importlib.util
import re
from functools import cache
from pathlib import Path
from string import Formatter
from types import ModuleType

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from smsctl.cli import contents
from smsctl.cli.output import language

ROOT = Path(__file__).resolve().parent.parent
OPEN, CLOSE = "⟦⟧"


def script(name: str) -> ModuleType:
    """Load a script of translations/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "translations" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def extracted() -> Catalog:
    """The sentences of the code, as the script finds them: read once, not to be changed."""
    found = script("update").extracted()
    assert isinstance(found, Catalog)
    return found


@cache
def everything() -> Catalog:
    """The sentences and the texts of the help pages: read once, not to be changed."""
    language.speak("en", {})  # what a test before has left is what Typer's tree would say
    found = script("update").everything()
    assert isinstance(found, Catalog)
    return found


@cache
def swedish() -> Catalog:
    """The sentences as they are translated: read once, not to be changed."""
    with (ROOT / "translations" / "sv.po").open("rb") as file:
        return read_po(file, "sv")


def write(catalogue: Catalog, folder: Path) -> Path:
    """Compile a catalogue as the Swedish one; return where smsctl is to look."""
    made = folder / "sv" / "LC_MESSAGES" / "smsctl.mo"
    made.parent.mkdir(parents=True)
    with made.open("wb") as file:
        write_mo(file, catalogue)
    return folder


def marked() -> Catalog:
    """A language in which what is translated is between marks, and what is filled in is not."""
    found = Catalog("sv", charset="utf-8")
    for message in everything():
        if message.id:
            one = message.id
            found.add(one, _marked(one) if isinstance(one, str) else tuple(map(_marked, one)))
    return found


def _marked(template: str) -> str:
    made = ""
    for text, name, spec, conversion in Formatter().parse(template):
        escaped = text.replace("{", "{{").replace("}", "}}")
        made += f"{OPEN}{escaped}{CLOSE}" if any(map(str.isalpha, text)) else escaped
        if name is not None:
            made += f"{{{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}"
    return made


HEADERS = ("Namn", "Mobil", "Grupp", "Kommun", "Godkänt", "villkor")
STEPS = ("dns", "tcp", "tls", "login")
COMMANDS = " ".join((*contents.COMMANDS, *contents.GROUPS)).split()
FOREIGN = frozenset(
    {
        *("kr", "hej", "vm", "kontoret", "Exempelkommun", "exempelkommun", "Skolan", "Kommunen", "UTF-8"),
        *("Intelecom", "Puzzel", "Message", "enqueued", "for", "sending"),  # the gateway's words
        *("simulate", "live", "sender", "gateway", "NZDT", *STEPS, *HEADERS),
        *("smsctl", "FILE", "ID", "TEXT", "intelecom", *COMMANDS),
    }
)


def english_in(screen: str) -> list[str]:
    """Return the words that nobody translated; paths, keys, flags and figures are no words."""
    outside = re.sub(f"{OPEN}[^{CLOSE}]*{CLOSE}", " ", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", " ", screen))
    told = [one.strip(".,:;()\"'`") for one in outside.split()]
    return [one for one in told if re.fullmatch(r"[^\W\d_]{2,}", one) and one not in FOREIGN]
