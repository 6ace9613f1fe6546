"""What `smsctl doctor` finds: each check a question, its answer one sentence, and what mends it.

A check is a function that returns findings, or raises: what stops a mailing is told here in the same
words. Nothing is sent, and nothing is written.
"""

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from smsctl.config.settings import Settings
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor, Moment, stamp
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import are_nearly_used, next_drawn
from smsctl.domain.rules import not_active
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import ExitCode, LedgerError, Sentence, SmsctlError, say, say_n, worst
from smsctl.host import rights, users
from smsctl.ledger import checking, fitness, health, municipalities, packages, restoring
from smsctl.ledger.seam.engine import Progress, nobody_looks
from smsctl.ledger.seam.sentences import MAKE_ROOM
from smsctl.ledger.sqlite import file, lock
from smsctl.ledger.store import Ledger

RULE = "ledger-"  # so begins what a finding is called that breaks a rule of the ledger's
_ROOMY_BYTES = 500_000_000
_REPORTS_DUE = timedelta(hours=24)
_OFFSETS_IN = (1, 7)  # a month of winter time and one of summer time


class Level(StrEnum):
    """How well something is."""

    OK = "ok"
    WARNING = "warning"  # the next mailing goes out, but a person should look
    ERROR = "error"  # the next mailing would not go out
    SKIPPED = "skipped"


class Finding(NamedTuple):
    """One line of the doctor's; `check` never changes its meaning."""

    level: Level
    text: Sentence
    mend: Sentence | None = None
    exit_code: ExitCode = ExitCode.OK
    check: str = ""  # empty: as the round calls what found it


Check = Callable[[], Iterable[Finding]]


def examine(name: str, check: Check) -> tuple[Finding, ...]:
    """Run one check and name what it finds; what it raises is its finding."""
    try:
        return tuple(one if one.check else one._replace(check=name) for one in check())
    except SmsctlError as error:
        text = error.sentence
        if error.problems:
            text = say("{text} {first}", text=text, first=error.problems[0])
        return (Finding(Level.ERROR, text=text, mend=error.hint, exit_code=error.exit_code, check=name),)


def graded(text: Sentence, mend: Sentence, *, warns: bool) -> Finding:
    """Return what is well, or is warned of with what mends it."""
    return Finding(Level.WARNING, text, mend=mend) if warns else Finding(Level.OK, text)


def verdict(findings: Sequence[Finding]) -> ExitCode:
    """Return the code for monitoring: 0 where all is well or only warned of."""
    return worst(found.exit_code for found in findings if found.level is Level.ERROR)


def permissions(path: Path, sharing_group: str | None) -> Iterator[Finding]:
    """Look whether others may change the config, and so who pays and where the password goes."""
    if not rights.ARE_LOOKED_AT:
        yield Finding(Level.SKIPPED, say("File rights are not looked at on this system."))
    elif not rights.others_may_write(path, sharing_group):
        if folder := rights.folder_of_others(path, sharing_group):
            text = say(
                "In {folder} others can put another file in place of {path}.", folder=folder, path=path
            )
            yield Finding(Level.WARNING, text=text, mend=say("Run: chmod go-w {folder}", folder=folder))
        else:
            yield Finding(Level.OK, say("Nobody else can change {path}.", path=path))
    elif (uid := path.stat().st_uid) != 0 and not users.is_ours(uid):
        text = say("{path} belongs to another user, who can change it.", path=path)
        yield Finding(Level.WARNING, text=text, mend=say("Run: chown root {path}", path=path))
    else:
        text = say("{path} can be changed by other users; the command of [notify] is not run.", path=path)
        yield Finding(Level.WARNING, text=text, mend=say("Run: chmod go-w {path}", path=path))


def ledger_file(ledger: Ledger | None, path: Path, actor: Actor, *, allow_network: bool) -> Iterator[Finding]:
    """Look at the file: its place, what the actor may do, and quickly whether it is sound."""
    if not allow_network:
        file.refuse_network(path)
    folder = _nearest(path.parent)
    if not (os.access(path if ledger else folder, os.W_OK) and os.access(folder, os.W_OK)):
        raise LedgerError(
            say("{path}: {user} may not write there.", path=path, user=users.runs_as()),
            hint=say("Run smsctl as the ledger's owner, or share it: `[ledger] group` in the config."),
        )
    if ledger is None:
        restoring.refuse_missing(path)
        text = say(
            "{path} is not there yet; the first mailing makes it. This user is {user}.",
            path=path,
            user=actor.user,
        )
        yield Finding(Level.OK, text)
        return
    faults = [*ledger_faults(ledger, quick=True)]
    yield from faults
    if faults:
        return
    if ledger.high_water:
        ledger.high_water.must_take_marks()
    lock.must_be_open_to_us(path)
    yield Finding(Level.OK, say("{path} is sound. This user is {user}.", path=path, user=actor.user))


def ledger_faults(ledger: Ledger, *, quick: bool, on_progress: Progress = nobody_looks) -> Iterator[Finding]:
    """Hold a ledger to its own rules: quickly, for the doctor, or with every sum recounted (`ledger check`).

    What a finding of all sums is called follows from the rule that is broken.
    """
    for fault in checking.check(ledger, on_progress, quick=quick):
        yield Finding(
            Level.ERROR,
            text=fault.sentence,
            mend=fault.mend,
            exit_code=ExitCode.LEDGER,
            check="" if quick else f"{RULE}{fault.rule}",
        )


def last_host(ledger: Ledger | None, actor: Actor, shown: Callable[[str], str]) -> Iterator[Finding]:
    """Warn where another machine was the last to send; `shown` puts a time on the local clock."""
    last = health.last_sent(ledger) if ledger else None
    if last and last.host != actor.host:
        text = say("This ledger last sent from {host}, at {at}.", host=last.host, at=shown(last.at))
        mend = say("Let one machine alone send by this config: two ledgers do not know of each other.")
        yield Finding(Level.WARNING, text=text, mend=mend)


def disk(path: Path, figure: Callable[[int], str]) -> Iterator[Finding]:
    """Look whether the disk has room for a mailing; `figure` writes a number for a person."""
    folder = _nearest(path.parent)
    file.must_have_room(folder / path.name, 0)
    free = shutil.disk_usage(folder).free
    text = say("{n} MB are free where the ledger lies.", n=figure(free // 1_000_000))
    yield graded(text, MAKE_ROOM, warns=free < _ROOMY_BYTES)


def clock(ledger: Ledger | None, moment: Moment, shown: Callable[[str], str]) -> Iterator[Finding]:
    """Hold the clock to the newest time in the ledger; `shown` puts a time on the local clock."""
    if newest := fitness.time_ahead(ledger, moment) if ledger else None:
        yield Finding(
            Level.ERROR,
            text=say(
                "The clock says {now}, but the ledger has an entry of {newest}.",
                now=shown(moment.at),
                newest=shown(newest),
            ),
            mend=say("Set the clock right; then run: timedatectl set-ntp true"),
            exit_code=ExitCode.LEDGER,
        )
    else:
        yield Finding(Level.OK, say("The clock says {now}.", now=shown(moment.at)))


def booking(ledger: Ledger | None) -> tuple[Finding, ...]:
    """Look whether the ledger books its days by the config's time zone; that it does is not told."""
    if ledger and (wrong := ledger.misbooked()):
        raise wrong
    return ()


def time_zone(name: str) -> Iterator[Finding]:
    """Hold the machine's zone, by which cron starts, to the config's, which rules quiet hours."""
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(name)
    months = [datetime(datetime.now(UTC).year, month, 1, 12, tzinfo=UTC) for month in _OFFSETS_IN]
    if all(one.astimezone().utcoffset() == one.astimezone(zone).utcoffset() for one in months):
        yield Finding(Level.OK, say("This machine goes by {name}.", name=name))
    else:
        text = say(
            "This machine goes by {theirs}, the config by {name}; a crontab line means the first.",
            theirs=months[0].astimezone().tzname(),
            name=name,
        )
        mend = say(
            "Run: timedatectl set-timezone {name}. Or use a systemd timer, which names its zone.", name=name
        )
        yield Finding(Level.WARNING, text=text, mend=mend)


def service(
    ledger: Ledger | None, payer: Municipality, warn_share: float, figure: Callable[[int], str]
) -> Iterator[Finding]:
    """Look whether a municipality is active, and what is left of its package."""
    name = payer.name
    if ledger is None or not municipalities.is_active(ledger, payer.key):
        refusal = not_active(payer)
        yield Finding(Level.WARNING, text=refusal.sentence, mend=refusal.hint)
        return
    found = packages.packages_of(ledger, payer.key)
    package = next_drawn(found)
    if package is None:
        yield Finding(Level.OK, say("{name}: no package is open.", name=name))
        return
    text = say(
        "{name}: package {number} has {left} of {size} parts left.",
        name=name,
        number=package.number,
        left=figure(package.left),
        size=figure(package.size),
    )
    mend = say(
        "The next package, and its invoice, comes soon; see: smsctl usage --municipality {key}", key=payer.key
    )
    yield graded(text, mend, warns=are_nearly_used(found, warn_share))


def waiting(ledger: Ledger | None) -> Iterator[Finding]:
    """Look for what an earlier mailing has left for a person."""
    found = health.waiting(ledger) if ledger else {}
    if not found:
        yield Finding(Level.OK, say("No message waits to be resumed or settled."))
    for state, n in found.items():
        yield Finding(Level.WARNING, text=_WAITING[state](n), mend=_MENDS[state])


def reports(ledger: Ledger | None, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Look whether delivery reports come in, by the newest mailing that is a day old."""
    if not settings.gateway.delivery_confirmation:
        yield Finding(Level.SKIPPED, say("The config asks for no delivery reports."))
        return
    found = health.reporting(ledger, older_than_at=stamp(now - _REPORTS_DUE)) if ledger else None
    if found is None:
        yield Finding(Level.SKIPPED, say("No mailing is a day old, so no report is due."))
    elif found.waiting and not found.reported:
        text = say(
            "No delivery report has come for mailing {mailing}, which is a day old.", mailing=found.mailing
        )
        mend = say("Does the listener run? What the supplier needs: smsctl reports listen --addresses")
        yield Finding(Level.WARNING, text=text, mend=mend)
    else:
        yield Finding(Level.OK, say("Reports have come for mailing {mailing}.", mailing=found.mailing))


def keyed_runs(
    ledger: Ledger | None, shown: Callable[[str], str], of: Collection[str] | None
) -> Iterator[Finding]:
    """Tell for each run key when it last went well; `shown` puts a time on the local clock.

    `of`: of these municipalities; None: of all.
    """
    runs = health.keyed_runs(ledger, of) if ledger else ()
    if not runs:
        yield Finding(Level.SKIPPED, say("Nothing was sent under a key yet."))
    for run in runs:
        at = shown(run.last_good_at) if run.last_good_at else None
        values = {"key": veil_numbers(run.key), "mailing": run.mailing, "at": at}
        if not run.unfinished:
            yield Finding(Level.OK, say("{key}: sent whole at {at}, mailing {mailing}.", **values))
            continue
        text = say("{key}: mailing {mailing} is not finished; the last whole one was at {at}.", **values)
        if at is None:
            text = say("{key}: mailing {mailing} is not finished, and none was sent whole before.", **values)
        yield Finding(
            Level.WARNING, text=text, mend=say("See: smsctl mailings show {mailing}", mailing=run.mailing)
        )


_WAITING: dict[Status, Callable[[int], Sentence]] = {
    Status.PENDING: lambda n: say_n("{n} message is pending.", "{n} messages are pending.", n=n),
    Status.UNKNOWN: lambda n: say_n("{n} message is unknown.", "{n} messages are unknown.", n=n),
    Status.HELD: lambda n: say_n("{n} message is held.", "{n} messages are held.", n=n),
}
_SETTLE = say("Settle it with: smsctl mailings list, then smsctl mailings resolve ID")
_MENDS = {
    Status.PENDING: say("Go on with: smsctl mailings list, then smsctl mailings resume ID"),
    Status.UNKNOWN: _SETTLE,
    Status.HELD: say("Ask the gateway's support: they wait there for a person; see smsctl mailings list"),
}


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there, and that this user may see."""
    return next(one for one in (folder, *folder.parents) if os.path.lexists(one))
