"""The first hour of a new administrator on a real terminal, as it is seen: wizard, guided send, plan, yes.

`python -m tests.first_hour` writes the kept screens anew; read them line by line before they are kept.
"""

import re
import tempfile
from contextlib import ExitStack
from pathlib import Path

from smsctl.simulator.server import Behaviour, start

from .front_door import Terminal

SCREENS = Path(__file__).parent / "data" / "screens"
SIZES = ((80, 24), (120, 40))
PASSWORD = "canary-of-the-first-hour"
PEOPLE = """Namn;Mobil;Grupp;Kommun;Godkänt villkor
Åsa Öberg;070-174 06 05;vårdnadshavare;Åmåls kommun;ja
Örjan Ek;070-174 06 06;vårdnadshavare;Åmåls kommun;ja
Elin Ek;070-174 06 07;elever;Åmåls kommun;ja
Bo Nej;070-174 06 08;vårdnadshavare;Åmåls kommun;nej
Ulla Fast;08-12 34 56;personal;Åmåls kommun;ja
"""
SET_UP = (
    ("Gateway [intelecom]: ", "puzzel"),
    ("Service ID [4711]: ", "4712"),
    ("User name [demo]: ", "kommunen"),
    ("Sender [Kommunen]: ", "Skolan"),
    ("Country code [+46]: ", ""),
    ("Municipality [Exempelkommun]: ", ""),
    ("Parts in a package [10000]: ", ""),
    ("Price of a package [4900.00]: ", "4 900 kr"),
    ("Recipients file [-]: ", "{place}/people.csv"),
    ("Type your own now? [y/N] ", "y"),
    ("Municipality: ", "Åmåls kommun"),
    ("(not shown; empty: later): ", PASSWORD),
    ("can read? [y/N] ", "y"),
    ("Nothing is sent. [y/N] ", "y"),
    ("Mobile number for a test SMS [-]: ", "070-174 06 99"),
    ("Send for real from now on? [y/N] ", "y"),
    ("Activate? [y/N] ", "y"),
)
_CLOSED = (
    ("Its figure, or several as 1, 2: ", "1"),
    ("\nText: ", "Skolan är stängd i dag.\n"),
    ("or [now]: ", ""),
    ("Send 2 messages? [y/N] ", "y"),
)
_NO_QUIET_HOURS = ("config", "set", "limits.quiet_hours", "false")  # it may be night where this runs


def walk(columns: int, lines: int) -> str:
    """Return what a terminal of this size shows of it all, without what differs each time."""
    with ExitStack() as stack:
        # A path of one length each time: where a line is folded depends on it.
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hour-", dir="/tmp")))
        (place / "people.csv").write_text(PEOPLE, encoding="utf-8")
        simulator = stack.enter_context(start(Behaviour(password=PASSWORD, as_a_gateway=True)))
        seen = []
        for argv, answers in (
            (("config", "init", "--url", simulator.url), SET_UP),
            (_NO_QUIET_HOURS, ()),
            (("send",), _CLOSED),
            (("mailings", "list"), ()),
        ):
            seen.append(f"$ smsctl {argv[0]} {argv[1]}" if len(argv) > 1 else f"$ smsctl {argv[0]}")
            seen.append(_shown(place, argv, answers, columns, lines))
    return _settled("\n".join(seen), place)


def _shown(
    place: Path, argv: tuple[str, ...], answers: tuple[tuple[str, str], ...], columns: int, lines: int
) -> str:
    environ = {
        "LINES": str(lines),
        "LC_ALL": "C.UTF-8",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "SMSCTL_CONFIG": str(place / "config.toml"),
    }
    with Terminal(*argv, columns=columns, **environ) as terminal:
        for question, answer in answers:
            terminal.wait_for(question)
            terminal.type(answer.format(place=place))
        return terminal.end().seen


def _settled(seen: str, place: Path) -> str:
    """Take out what differs each time; nothing gets longer or shorter by it."""
    text = seen.replace(str(place), "/tmp/hour-00000000").replace("\r\n", "\n")
    text = re.sub(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}", "2026-12-01 06:30", text)
    text = re.sub(r"^.*━.*\n", "", text, flags=re.MULTILINE)  # how far a bar has come is chance
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def kept(columns: int, lines: int) -> Path:
    """Return the file that keeps the screens of this size."""
    return SCREENS / f"first-hour-{columns}x{lines}.txt"


if __name__ == "__main__":
    for size in SIZES:
        kept(*size).write_text(walk(*size), encoding="utf-8")
