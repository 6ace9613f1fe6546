"""Whether those whom [notify] names can be told, for the doctor. Nobody is told anything."""

import os
import shlex
import shutil
from collections.abc import Callable, Iterator

from smsctl.actions.check import Finding, Level
from smsctl.config.settings import Mode, Settings
from smsctl.errors import Sentence, SmsctlError, say
from smsctl.host import process


def check_notify(settings: Settings, reach_mail_server: Callable[[], object]) -> Iterator[Finding]:
    """Look whether the command is there and may be run, and whether the mail server takes connections.

    A mailing leaves all the same, so what is wrong is warned of.
    """
    named = settings.notify
    if not (named.to or named.command):
        mend = say("Name who hears of a run that nobody watches under [notify] in the config.")
        yield Finding(Level.SKIPPED, text=say("The config names nobody under [notify]."), mend=mend)
    if named.command:
        yield _command(named.command)
    if named.to and settings.mode is Mode.SIMULATE:
        yield Finding(Level.SKIPPED, say("Mode is simulate: no mail leaves this machine."))
    elif named.to:
        yield _mail(reach_mail_server)


def _command(command: str) -> Finding:
    try:
        words = shlex.split(command, posix=not process.IS_WINDOWS)
    except ValueError as error:
        return _wrong(say("The command of [notify] cannot be read: {reason}.", reason=str(error)))
    program = words[0] if words else command
    if shutil.which(program):
        return Finding(Level.OK, say("The command of [notify] is there: {program}.", program=program))
    if os.path.lexists(program):
        return _wrong(say("The command of [notify] may not be run: {program}.", program=program))
    return _wrong(say("The command of [notify] is not there: {program}.", program=program))


def _wrong(text: Sentence) -> Finding:
    mend = say("Mend `command` under [notify] in the config; then try it with: smsctl notify test")
    return Finding(Level.WARNING, text=text, mend=mend)


def _mail(reach_mail_server: Callable[[], object]) -> Finding:
    try:
        reach_mail_server()
    except SmsctlError as error:
        return Finding(Level.WARNING, text=error.sentence, mend=error.hint)
    return Finding(Level.OK, say("The mail server for [notify] takes connections."))
