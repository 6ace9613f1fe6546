"""What the doctor warns of that stops no mailing, each kind by one function.

What lies beside the ledger: what root left there, and what others can read. Mailings that nobody has
approved: those that wait, and those that left before. Disposal: purges that were broken off or never run,
and words with numbers. Whether those whom [notify] names can be told; nobody is told anything.
"""

import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from smsctl.actions.check import Finding, Level, graded
from smsctl.actions.retention import regimes
from smsctl.config.settings import Mode, Settings
from smsctl.domain.approval import how_to_approve, still_waits
from smsctl.domain.moment import Moment, stamp
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import Sentence, SmsctlError, say, say_n
from smsctl.host import process
from smsctl.host.users import Owner
from smsctl.ledger import approvals, blanking, purging
from smsctl.ledger.seam import beside
from smsctl.ledger.store import Ledger


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


_LATE_DAYS = 31
"""Beyond its age: a purge that runs once a month is not late."""


def check_retention(
    ledger: Ledger | None, settings: Settings, moment: Moment, before: Callable[[timedelta], str]
) -> Iterator[Finding]:
    """Look whether what is to be removed is removed; `before` returns the moment that long ago."""
    found = [*_wanting(ledger, settings, moment, before)] if ledger else []
    for text, mend in found:
        yield Finding(Level.WARNING, text=text, mend=mend)
    if not any(one.retention.days for one in regimes(settings)):
        yield Finding(Level.SKIPPED, say("The config says of no data how old it may be."))
    elif not found:
        yield Finding(Level.OK, say("No personal data waits for a purge."))


def _wanting(
    ledger: Ledger, settings: Settings, moment: Moment, before: Callable[[timedelta], str]
) -> Iterator[tuple[Sentence, Sentence]]:
    if purging.unfinished(ledger) is not None:
        yield say("A purge was broken off, or is under way."), say("End it with: smsctl purge")
    for regime in regimes(settings):
        days, named = regime.retention.days, regime.municipality
        late = before(timedelta(days=days + _LATE_DAYS)) if days else ""
        due = purging.due(ledger, late, regime.reach, moment)
        if n := len(due.mailings):
            text = say_n(
                "{n} mailing should have been purged a month ago.",
                "{n} mailings should have been purged a month ago.",
                n=n,
            )
            yield text, _purge(named)
        elif due.incoming or due.reports:
            text = say("Incoming SMS or stray delivery reports should have been purged a month ago.")
            yield text, _purge(named)
    for gone in purging.of_nobody_known(ledger, settings.municipalities):
        text = say("The ledger has mailings of {key}, which the config does not know.", key=gone)
        mend = say(
            'Run: smsctl purge --municipality {key} --older-than 90d --decision "KS 2026/123"', key=gone
        )
        yield text, mend
    if n := sum(veil_numbers(one.text) != one.text for one in blanking.written(ledger)):
        yield (
            say_n("{n} reason or key may hold a number.", "{n} reasons or keys may hold a number.", n=n),
            say("See them, and blank them by id: smsctl purge --written"),
        )


def _purge(municipality: str | None) -> Sentence:
    if municipality is None:
        return say("Run: smsctl purge")
    return say("Run: smsctl purge --municipality {municipality}", municipality=municipality)


def check_approvals(ledger: Ledger | None, now: datetime) -> Iterator[Finding]:
    """Warn of each mailing that a second person is asked about; tell what is approved for every time."""
    if ledger is None:
        return
    at = stamp(now)
    over = approvals.over(ledger, at)
    for mailing in sorted(over):
        text = say("Nobody approved mailing {id} in time: the next command cancels it.", id=mailing)
        yield Finding(Level.WARNING, text=text, mend=say("Send it anew, where it is needed."))
    for one in approvals.open_ones(ledger):
        if one.mailing in over:
            continue
        if one.at_once:
            text = say("Mailing {id} left without a second person, being urgent.", id=one.mailing)
            mend = say("One approves it with: smsctl mailings approve {id} --afterwards", id=one.mailing)
        else:
            text, mend = still_waits(one.mailing).sentence, how_to_approve(one.mailing)
        yield Finding(Level.WARNING, text=text, mend=mend)
    for one in approvals.for_every_time(ledger, at):
        day = str(one.holds_until)[:10]
        soon = str(one.holds_until) <= stamp(now + _SOON)
        text = say(
            "{user} approved mailing {id} and the later slots of its key until {day}.",
            user=one.decided_by,
            id=one.mailing,
            day=day,
        )
        yield graded(text, say("The slot after that waits; approve it with --every-time."), warns=soon)


_SOON = timedelta(days=30)


def check_beside(ledger: Path) -> Iterator[Finding]:
    """Name the files beside the ledger that have the wrong owner or mode, and the command that mends them."""
    left = list(beside.left_by_root(ledger))
    if left:
        found = ledger.parent.stat()
        owner = Owner(uid=found.st_uid, gid=found.st_gid)
        yield Finding(
            Level.WARNING,
            text=say_n(
                "{first} belongs to root, and {owner} sends from this ledger.",
                "{first} and {more} more belong to root, and {owner} sends from this ledger.",
                n=len(left),
                first=left[0],
                more=len(left) - 1,
                owner=owner.name,
            ),
            mend=say(
                "Run: chown -hR {owner}: {folder}",
                owner=owner.name if owner.has_name else owner.uid,
                folder=ledger.parent,
            ),
        )
    open_ = list(beside.open_to_others(ledger))
    for path in open_:
        text = say("{path} is open to every user of this machine.", path=path)
        yield Finding(Level.WARNING, text=text, mend=say("Run: chmod o= {path}", path=path))
    if not left and not open_:
        yield Finding(Level.OK, say("What lies beside the ledger is out of strangers' reach."))
