"""The manual page: the commands and codes as roff, for `man smsctl`."""

import re
from collections.abc import Iterable, Iterator, Sequence

from commands import Command
from meanings import EXIT_CODES, FLAGS, STATES

from smsctl.domain.message import Status
from smsctl.errors import ExitCode

_HEAD = r""".\" Made by docs/generate.py.
.TH SMSCTL 1 "" smsctl "User commands"
.SH NAME
smsctl \- send SMS from a municipality's own server
.SH SYNOPSIS
.B smsctl
[\fB\-\-config\fR \fIPATH\fR] \fICOMMAND\fR [\fIOPTIONS\fR]
.SH DESCRIPTION
Sends one test SMS, sends an SMS to a group out of a CSV file, and shows how much of the municipality's
SMS package is used, through the municipality's own account at Intelecom (Puzzel) or PSWinCom (LINK Mobility).
The plan, with its cost, is shown before anything leaves.
In simulate mode, which is the default, nothing leaves the machine.
.PP
No message is submitted a second time unless the first submission is proved not to have been accepted, or the
gateway is proved to refuse repeats, or a person orders it.
What cannot be proved is listed as unknown.
"""
_FILES = (
    ("/etc/smsctl/config.toml", "The config of the machine."),
    ("~/.config/smsctl/config.toml", "The config of one user; it goes before that of the machine."),
    ("/var/lib/smsctl/ledger.db", "The ledger that goes with the machine's config."),
)
_ENVIRONMENT = (
    ("SMSCTL_CONFIG", "The config file, where --config is not given."),
    ("SMSCTL_LANGUAGE", "The language of screens, sv or en; it goes before the config and the locale."),
    ("NO_COLOR", "If set, no colours."),
    (
        "SMSCTL_TEXT",
        (
            "Given to the command of [notify]: what happened, in words. Beside it stand SMSCTL_COMMAND,"
            " SMSCTL_EXIT_CODE, SMSCTL_MODE, SMSCTL_HOST, SMSCTL_CONFIG, SMSCTL_MUNICIPALITY, SMSCTL_MAILING"
            " and SMSCTL_OUTCOME."
        ),
    ),
    ("CREDENTIALS_DIRECTORY", "Set by systemd: where a secret with source = systemd lies."),
)


def manual(commands: Sequence[Command]) -> str:
    """Return the page."""
    return "\n".join((_HEAD.rstrip("\n"), *_body(commands))) + "\n"


def _body(commands: Sequence[Command]) -> Iterator[str]:
    yield ".SH OPTIONS"
    yield from _pairs(FLAGS.items())
    yield ".SH COMMANDS"
    for command in commands:
        yield from _command(command)
    yield ".SH STATES OF A MESSAGE"
    yield from _pairs((state.value, STATES[state].says) for state in Status)
    yield ".SH EXIT STATUS"
    yield from _pairs((str(int(code)), EXIT_CODES[code].says) for code in ExitCode)
    yield ".SH ENVIRONMENT"
    yield from _pairs(_ENVIRONMENT)
    yield ".SH FILES"
    yield from _pairs(_FILES)


def _command(command: Command) -> Iterator[str]:
    yield f".SS {_plain(command.usage)}"
    for at, paragraph in enumerate(command.text.split("\n\n")):
        yield from [".PP"] if at else []
        yield _plain(paragraph)
    yield from _pairs((flag.spelled, flag.help) for flag in command.flags)
    yield from (".PP", "Examples:", ".PP", ".nf", ".RS")
    yield from map(_plain, command.examples)
    yield from (".RE", ".fi")


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, meaning in pairs:
        yield ".TP"
        yield f"\\fB{_plain(name)}\\fR"
        yield _plain(meaning.replace("`", ""))


def _plain(text: str) -> str:
    """Return text that roff prints as it is: no line of it is a request, no dash a hyphen."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)
