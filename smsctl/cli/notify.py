"""Telling the site, by the mail and the command of the config's [notify], of what nobody watched.

Of a run without a terminal that did not end well; and once of each change that left messages of a mailing
unknown, held or doubtful, by the next run where the run itself was killed or is none that tells.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from smsctl.actions.ending import left_unsettled
from smsctl.actions.notify import RunFacts, run_command, without_numbers
from smsctl.cli import wiring_gateway
from smsctl.cli.flags import Flags
from smsctl.cli.output import outcome
from smsctl.cli.output.language import english, told_elsewhere, words
from smsctl.cli.output.output import Output
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.config.settings import Settings
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.unsettled import Unsettled
from smsctl.errors import ConfigError, ExitCode, RuleError, Sentence, SmsctlError, UnsettledError, say
from smsctl.host import rights
from smsctl.ledger import mailings
from smsctl.ledger.untold import NoticeDue, is_told, untold

_GLANCE_S = 1


class _Waiting(NamedTuple):
    """A mailing that the site must be told of."""

    mark: NoticeDue
    mailing: Mailing
    tally: MailingTotals
    left: Unsettled

    @property
    def text(self) -> Sentence:
        """What it holds, and what settles it, in the words of the log."""
        told = outcome.summary(self.mailing, self.tally.states, self.tally.parts, simulated=False)
        return _joined(told, self.left.sentences)


def after(flags: Flags, output: Output, ended: CommandResult | SmsctlError, *, is_bad: bool) -> None:
    """Tell those whom [notify] names of this run where it is bad, and of what earlier ones have left.

    Where that fails it is said, with --quiet too; the exit code stays, and the next run tells what is left.
    """
    always = isinstance(ended, CommandResult) and bool(ended.overruled or ended.is_alarm)
    wiring = Wiring(flags, output)
    with wiring.open:  # without what is said on the way out: that was said
        waiting = _waiting(wiring)
        own = [one for one in waiting if one.mailing.id in _told_of(ended)]
        if _is_on_a_terminal():
            if _is_seen(ended):
                _done(wiring, own)
            if isinstance(ended, CommandResult) and ended.overruled:
                _tell(wiring, _facts(wiring, ended), output.insist)
            return
        is_known = isinstance(ended, CommandResult) and ended.is_known and not own
        if always or (is_bad and not is_known):
            if output.speaks_json:
                _say(wiring, own)
            if _tell(wiring, _facts(wiring, ended), output.insist):
                _done(wiring, own)
        _tell_each(wiring, [one for one in waiting if one not in own])


def tell_what_waits(wiring: Wiring) -> None:
    """Tell what earlier runs have left untold, at once: this one may go on for days."""
    if not _is_on_a_terminal():
        _tell_each(wiring, _waiting(wiring))


def test(wiring: Wiring) -> list[tuple[str, Sentence]]:
    """Send one notice in each way that [notify] names; return what was told, by the name of its key.

    Raises StoppedError where one does not go.
    """
    settings = wiring.settings
    facts = _run_facts(wiring, ExitCode.OK, say("This is a test: nothing has gone wrong."))
    for tell in _ways(wiring, facts):
        tell()
    told = [("command", say("The command of [notify] was run, and ended well."))]
    mailed = say("The mail server took one mail to {to}.", to=settings.notify.to)
    if wiring.simulated:
        mailed = say("Simulation: no mail was sent to {to}.", to=settings.notify.to)
    told.append(("to", mailed))
    return [one for one in told if getattr(settings.notify, one[0])]


def _waiting(wiring: Wiring) -> list[_Waiting]:
    """Return what the site must be told of; what is settled by now no longer is."""
    found: list[_Waiting] = []
    try:
        seen = wiring.ledger_as_it_is(wiring.settings.ledger_path, wait_s=_GLANCE_S)
        for mark in untold(seen) if seen else ():
            mailing = wiring.named(mailings.get(wiring.ledger, mark.mailing))
            found.append(
                _Waiting(
                    mark=mark,
                    mailing=mailing,
                    tally=mailings.tally(wiring.ledger, mailing),
                    left=left_unsettled(wiring.ledger, mailing),
                )
            )
        _done(wiring, [one for one in found if not one.left])
    except SmsctlError:
        return []  # neither config nor ledger can be read, or not now: the next run tells
    return [one for one in found if one.left]


def _tell_each(wiring: Wiring, waiting: Iterable[_Waiting]) -> None:
    for one in waiting:
        _say(wiring, [one])
        named = wiring.settings.notify
        is_heard = named.to or named.command or not wiring.output.err.lost  # as where the log's disk is full
        if _tell(wiring, _facts_of(wiring, one), wiring.output.tell_now) and is_heard:
            _done(wiring, [one])


def _say(wiring: Wiring, waiting: Iterable[_Waiting]) -> None:
    """Say it on the standard error, whatever the flags: also where [notify] names nobody, cron mails it."""
    for one in waiting:
        wiring.output.tell_now(one.text)


def _done(wiring: Wiring, waiting: Sequence[_Waiting]) -> None:
    if waiting:
        with wiring.ledger.transaction():
            for one in waiting:
                is_told(wiring.ledger, one.mark)


def _told_of(ended: CommandResult | SmsctlError) -> set[int]:
    """Return the mailings of which the run itself tells what is unsettled."""
    if isinstance(ended, CommandResult):
        return {one.mailing for one in ended.left}
    return {ended.mailing} if isinstance(ended, UnsettledError) else set()


def _is_on_a_terminal() -> bool:
    return any(one.isatty() for one in (sys.stdin, sys.stdout, sys.stderr))


def _is_seen(ended: CommandResult | SmsctlError) -> bool:
    """Say whether a person sees how the run ends."""
    return ended.exit_code is not ExitCode.HUNG_UP and (sys.stdout.isatty() or sys.stderr.isatty())


def _tell(wiring: Wiring, facts: RunFacts | None, warn: Callable[[Sentence], None]) -> bool:
    """Tell those whom [notify] names, and warn where that fails; return whether all of them were told."""
    all_went = True
    for tell in _ways(wiring, facts) if facts else ():
        try:
            with told_elsewhere():
                tell()
        except Exception as error:  # noqa: BLE001 - the run's own result goes before everything
            told = error.sentence if isinstance(error, SmsctlError) else type(error).__name__
            warn(say("Nobody was told of this run: {reason}", reason=told))
            all_went = False
    return all_went


def _ways(wiring: Wiring, facts: RunFacts) -> Iterator[Callable[[], None]]:
    settings = wiring.settings
    if command := settings.notify.command:
        yield lambda: _run(command, facts, settings)
    if (to := settings.notify.to) and not wiring.simulated:  # nothing leaves this machine
        yield lambda: _mail(wiring, to, facts)


def _mail(wiring: Wiring, to: str, facts: RunFacts) -> None:
    lines = (without_numbers(words(facts.text)), *map(words, facts.pointers))
    body = "".join(f"{line}\n" for line in lines)
    wiring_gateway.mail(wiring, to, words(facts.subject), body)


def _run(command: str, facts: RunFacts, settings: Settings) -> None:
    path = settings.path
    if rights.others_may_write(path, settings.ledger.group):
        raise ConfigError(
            say("{path} can be changed by other users; the command of [notify] is not run.", path=path)
        )
    secret = [source.variable for source in settings.secret_sources.values()]  # never handed on
    run_command(command, facts, english(facts.text), os.environ, secret)


def _run_facts(wiring: Wiring, code: ExitCode, text: Sentence) -> RunFacts:
    settings = wiring.settings
    return RunFacts(
        command=wiring.output.command,
        exit_code=code,
        mode=settings.mode,
        config=str(settings.path),
        host=wiring.actor.host,
        text=text,
    )


def _facts(wiring: Wiring, ended: CommandResult | SmsctlError) -> RunFacts | None:
    """Return the facts of a run; None where the config does not load, so that it names nobody."""
    try:
        facts = _run_facts(wiring, ended.exit_code, _text(ended))
    except SmsctlError:
        return None  # that has been told
    data: Mapping[str, object] = {} if isinstance(ended, SmsctlError) else ended.data
    mailing, municipality, counted = (data.get(name) for name in ("mailing", "municipality", "outcome"))
    if isinstance(ended, UnsettledError):
        mailing = ended.mailing
    return facts._replace(
        mailing=mailing if isinstance(mailing, int) else None,
        municipality=municipality if isinstance(municipality, str) else None,
        outcome=counted if isinstance(counted, dict) else {},
    )


def _facts_of(wiring: Wiring, waiting: _Waiting) -> RunFacts:
    """Return the facts of a mailing that an earlier run has left; the code is the one it ends with."""
    return _run_facts(wiring, waiting.left.exit_code, waiting.text)._replace(
        mailing=waiting.mailing.id,
        municipality=waiting.mailing.municipality.key,
        outcome={str(state): n for state, n in waiting.tally.states.items()},
        is_of_earlier=True,
    )


def _text(ended: CommandResult | SmsctlError) -> Sentence:
    """Return what became of it, in the words of the log.

    A list of rules or of mistakes in the config is told whole; one of rows is not: it quotes their cells.
    """
    if isinstance(ended, SmsctlError):
        told = ended.problems if isinstance(ended, RuleError | ConfigError | UnsettledError) else ()
        return _joined(ended.sentence, [*told, *([ended.hint] if ended.hint else [])])
    text = ended.summary or say("It ended with {code}.", code=int(ended.exit_code))
    text = _joined(text, [told for one in ended.left for told in one.sentences])
    for one in ended.overruled:
        text = say("{text} Overruled, being urgent: {why}", text=text, why=one)
    return text


def _joined(first: Sentence, more: Iterable[Sentence]) -> Sentence:
    return reduce(lambda what, mend: say("{what} {mend}", what=what, mend=mend), more, first)
