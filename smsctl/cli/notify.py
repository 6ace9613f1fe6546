"""After a run without a terminal that did not end well: the mail and the command of the config's [notify]."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import reduce

from smsctl import host
from smsctl.actions.notify import Facts, run_command, without_numbers
from smsctl.cli import wiring_gateway
from smsctl.cli.flags import Flags
from smsctl.cli.render.language import words
from smsctl.cli.reply import Reply
from smsctl.cli.teller import Teller
from smsctl.cli.wiring import Wiring
from smsctl.config.settings import Settings
from smsctl.errors import ConfigError, RuleError, Sentence, SmsctlError, say


def after(flags: Flags, teller: Teller, ended: Reply | SmsctlError) -> None:
    """Tell those whom [notify] names. Where that fails it is warned of, and the exit code stays."""
    must_be_told = isinstance(ended, Reply) and ended.overruled
    if not must_be_told and any(one.isatty() for one in (sys.stdin, sys.stdout, sys.stderr)):
        return
    with Wiring(flags, teller) as wiring:
        for tell in _ways(wiring, ended):
            try:
                tell()
            except Exception as error:  # noqa: BLE001 - the run's own result goes before everything
                told = error.sentence if isinstance(error, SmsctlError) else type(error).__name__
                teller.warn(say("Nobody was told of this run: {reason}", reason=told))


def _ways(wiring: Wiring, ended: Reply | SmsctlError) -> Iterator[Callable[[], None]]:
    try:
        settings = wiring.settings
    except SmsctlError:
        return  # the config does not load, so it names nobody; that has been told
    if not (settings.notify.to or settings.notify.command):
        return
    facts = _facts(wiring, ended)
    if command := settings.notify.command:
        yield lambda: _run(command, facts, settings)
    if (to := settings.notify.to) and not wiring.simulated:  # nothing leaves this machine
        lines = (without_numbers(words(facts.text)), *map(words, facts.pointers))
        body = "".join(f"{line}\n" for line in lines)
        yield lambda: wiring_gateway.mail(wiring, to, words(facts.subject), body)


def _run(command: str, facts: Facts, settings: Settings) -> None:
    path = settings.path
    if host.others_may_write(path, settings.ledger.group):
        raise ConfigError(
            say("{path} can be changed by other users; the command of [notify] is not run.", path=path)
        )
    run_command(command, facts, os.environ, _variables(settings))


def _facts(wiring: Wiring, ended: Reply | SmsctlError) -> Facts:
    settings = wiring.settings
    data: Mapping[str, object] = {} if isinstance(ended, SmsctlError) else ended.data
    mailing, municipality, outcome = (data.get(name) for name in ("mailing", "municipality", "outcome"))
    return Facts(
        command=wiring.teller.command,
        exit_code=ended.exit_code,
        mode=settings.mode,
        config=str(settings.path),
        host=wiring.actor.host,
        text=_text(ended),
        mailing=mailing if isinstance(mailing, int) else None,
        municipality=municipality if isinstance(municipality, str) else None,
        outcome=outcome if isinstance(outcome, dict) else {},
    )


def _text(ended: Reply | SmsctlError) -> Sentence:
    """Return what became of it, in the words of the log.

    A list of rules or of mistakes in the config is told whole; one of rows is not: it quotes their cells.
    """
    if isinstance(ended, SmsctlError):
        told = ended.problems if isinstance(ended, RuleError | ConfigError) else ()
        more = [*told, *([ended.hint] if ended.hint else [])]
        return reduce(lambda what, mend: say("{what} {mend}", what=what, mend=mend), more, ended.sentence)
    text = ended.summary or say("It ended with {code}.", code=int(ended.exit_code))
    for one in ended.overruled:
        text = say("{text} Overruled, being urgent: {why}", text=text, why=one)
    return text


def _variables(settings: Settings) -> list[str]:
    """Return the variables that hold a secret."""
    sources = [settings.gateway.password, settings.reports.secret]
    if settings.smtp:
        sources.append(settings.smtp.password)
    return [source.variable for source in sources]
