"""Telling the site of a run that nobody watched: the facts in words and variables, and the command.

What must stay true: no phone number and no secret is handed on, and whoever is told too slowly is given up.
"""

import re
import shlex
import subprocess
from collections.abc import Collection, Mapping
from typing import NamedTuple

from smsctl.errors import ExitCode, Sentence, StoppedError, say
from smsctl.host import process

COMMAND_LIMIT_S = 30.0
_DAY = r"(?<![\d+])20\d\d-[01]\d-[0-3]\d(?!\d)"
_NUMBER = re.compile(rf"({_DAY})|\+?\d(?:[\s()/-]*(?!{_DAY})\d){{6,}}")
_NEVER = ("CREDENTIALS_DIRECTORY",)


class RunFacts(NamedTuple):
    """What is told of a run."""

    command: str
    exit_code: ExitCode
    mode: str
    config: str
    host: str
    text: Sentence
    mailing: int | None = None
    municipality: str | None = None
    outcome: Mapping[str, int] = {}
    is_of_earlier: bool = False  # the mailing was left so by another run, which could not tell

    @property
    def variables(self) -> dict[str, str]:
        """The facts as the command finds them in its environment; the text comes beside them."""
        found = {
            "SMSCTL_COMMAND": self.command,
            "SMSCTL_EXIT_CODE": str(int(self.exit_code)),
            "SMSCTL_MODE": self.mode,
            "SMSCTL_CONFIG": self.config,
            "SMSCTL_HOST": self.host,
            "SMSCTL_MAILING": "" if self.mailing is None else str(self.mailing),
            "SMSCTL_MUNICIPALITY": self.municipality or "",
            "SMSCTL_OUTCOME": " ".join(f"{state}={n}" for state, n in self.outcome.items()),
        }
        return {name: value.replace("\0", "") for name, value in found.items()}

    @property
    def subject(self) -> Sentence:
        """The subject of the mail."""
        if self.is_of_earlier:
            return say("smsctl on {host}: mailing {id} is not settled", host=self.host, id=self.mailing)
        return say(
            "smsctl {command} on {host} ended with {code}",
            command=self.command,
            host=self.host,
            code=int(self.exit_code),
        )

    @property
    def pointers(self) -> tuple[Sentence, ...]:
        """The lines of the mail below the text: where to look."""
        config = say("Config: {config}, mode {mode}.", config=self.config, mode=self.mode)
        if self.mailing is None:
            return (config,)
        return say("Look with: smsctl mailings show {mailing}", mailing=self.mailing), config


def without_numbers(text: str) -> str:
    """Return the text with everything starred that could be a phone number; a day is none."""
    return _NUMBER.sub(lambda found: found[1] or "***", text)


def run_command(
    command: str,
    facts: RunFacts,
    text: str,
    environ: Mapping[str, str],
    secret: Collection[str],
    limit_s: float = COMMAND_LIMIT_S,
) -> None:
    """Run the site's command with the facts and their text in its environment, and nothing of `secret`.

    Raises StoppedError where it cannot be run, fails, or has not ended in time.
    """
    hidden = {*secret, *_NEVER}
    clean = {name: value for name, value in environ.items() if name not in hidden}
    try:
        words = shlex.split(command, posix=not process.IS_WINDOWS)
        # Its output goes nowhere: a pipe that its children keep open would outlast the time limit.
        done = subprocess.run(  # noqa: S603 - the administrator's own command, out of the config
            words,
            env=clean | facts.variables | {"SMSCTL_TEXT": without_numbers(text).replace("\0", "")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _not_told(say("it had not ended after {n:g} seconds", n=limit_s)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _not_told(say("{reason}", reason=reason)) from None
    if done.returncode:
        raise _not_told(say("it ended with {code}", code=done.returncode))


def _not_told(why: Sentence) -> StoppedError:
    return StoppedError(say("The command under [notify] did not do its work: {why}.", why=why))
