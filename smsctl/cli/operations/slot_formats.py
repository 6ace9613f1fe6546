"""When a scheduled mailing leaves: a time of day, on certain days; as cron, systemd and Windows write it.

Each of the three has its own idea of what must be escaped.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from smsctl.errors import Sentence, UsageError, say

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = (
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
)
_PLAIN = str.maketrans("åäö", "aao")
_SHORTEST_NAME = 3
_DAILY = ("daily", "dagligen")
_LAST_DAY = 28  # of the month: later ones are missing in February
_YEAR_DAYS = 366
_LAST_HOUR = 23
_ANY_WEEKDAY = range(7)
_ANY_DAY = range(1, 32)


class Slot(NamedTuple):
    """A time of day; on these weekdays (0 is Monday), or these days of the month, or without any daily."""

    at: time
    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()

    @property
    def place(self) -> str:
        """What makes a key new for each slot, and the same when a slot is run again."""
        if len(self.month_days) == 1:
            return "{month}"
        return "{week}" if len(self.weekdays) == 1 else "{date}"

    def an_hour_later(self) -> "Slot":
        """Return the slot an hour after each of this one's, which may be on the next day."""
        if self.at.hour < _LAST_HOUR:
            return self._replace(at=self.at.replace(hour=self.at.hour + 1))
        return Slot(
            at=self.at.replace(hour=0),
            weekdays=tuple(sorted((day + 1) % len(WEEKDAYS) for day in self.weekdays)),
            month_days=tuple(day + 1 for day in self.month_days),
        )

    def within_a_year(self, first: date) -> Iterator[datetime]:
        """Yield when the slot comes from this day on: long enough that every weekday begins a month."""
        for n in range(_YEAR_DAYS):
            day = first + timedelta(days=n)
            if day.weekday() in (self.weekdays or _ANY_WEEKDAY) and day.day in (self.month_days or _ANY_DAY):
                yield datetime.combine(day, self.at)


def read_slot(at: str, days: str) -> Slot:
    """Read `07:30` and `daily`, `mon-fri`, `mon,thu` or `1,15`; days in Swedish too. Raises UsageError."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at.strip())
    if found is None:
        raise UsageError(
            say("--at {at}: there is no such time of day.", at=at), hint=say("Write it as 07:30.")
        )
    clock = time(int(found[1]), int(found[2]))
    if days.strip().casefold() in _DAILY:
        return Slot(clock)
    pieces = [piece.strip() for piece in days.casefold().split(",")]
    if all(piece.isdecimal() and 1 <= int(piece) <= _LAST_DAY for piece in pieces):
        return Slot(clock, month_days=tuple(sorted({int(piece) for piece in pieces})))
    return Slot(clock, weekdays=tuple(sorted({day for piece in pieces for day in _weekdays(piece, days)})))


def _weekdays(piece: str, days: str) -> range:
    first, _, last = piece.partition("-")
    begin, end = _weekday(first), _weekday(last or first)
    if begin is not None and end is not None and begin <= end:
        return range(begin, end + 1)
    hint = say("Write daily, mon-fri, mon,thu or days of the month from 1 to {last}: 1,15.", last=_LAST_DAY)
    raise UsageError(say("--days {days}: there are no such days.", days=days), hint=hint)


def _weekday(word: str) -> int | None:
    """Return the day that a word names, in full or by its beginning; 0 is Monday."""
    typed = word.strip().translate(_PLAIN)
    if len(typed) < _SHORTEST_NAME:
        return None
    meant = (
        day for names in _NAMES for day, name in enumerate(names) if name.translate(_PLAIN).startswith(typed)
    )
    return next(meant, None)


_SYSTEM_STATE = Path("/var/lib/smsctl")
_LONGEST_TASK = 261  # characters; schtasks refuses more


class Site(NamedTuple):
    """What a unit must know of the machine."""

    user: str
    writable: tuple[Path, ...]  # the folders of ledger and log
    credentials: tuple[str, ...]  # names in LoadCredentialEncrypted=
    time_zone: str
    is_shared: bool = False  # the ledger, by a group


def crontab(slot: Slot, words: Sequence[str]) -> str:
    """Return the crontab line; cron takes a bare % for the end of the command."""
    days = ",".join(map(str, slot.month_days)) or "*"
    weekdays = _ranges([day + 1 for day in slot.weekdays]) or "*"
    command = shlex.join(words).replace("%", r"\%")
    return f"{slot.at.minute} {slot.at.hour} {days} * {weekdays} {command}"


def units(name: str, slot: Slot, words: Sequence[str], site: Site) -> str:
    """Return unit and timer, each under the path it goes to, and what puts them in force.

    Raises UsageError for a name that systemd does not take.
    """
    if not re.fullmatch(r"[\w.-]{1,200}", name, flags=re.ASCII):
        raise UsageError(
            say("--name {name} is no name of a unit.", name=name),
            hint=say("Use letters from a to z, digits, dots and dashes."),
        )
    return (
        f"# /etc/systemd/system/smsctl-{name}.service\n{service(name, words, site)}\n"
        f"# /etc/systemd/system/smsctl-{name}.timer\n{timer(name, slot, site)}\n"
        f"# Then: systemctl daemon-reload && systemctl enable --now smsctl-{name}.timer\n"
    )


def service(name: str, words: Sequence[str], site: Site) -> str:
    """Return the unit that is started once in each slot, with as few rights as it can do with."""
    credentials = "".join(
        f"LoadCredentialEncrypted={one}:/etc/credstore.encrypted/{one}\n" for one in site.credentials
    )
    return _filled(
        "service",
        title=name.replace("%", "%%"),
        user=site.user,
        command=" ".join(map(_unit_word, words)),
        credentials=credentials,
        umask="0007" if site.is_shared else "0077",
        writable="".join(_writable(folder, is_shared=site.is_shared) for folder in site.writable),
    )


def timer(name: str, slot: Slot, site: Site) -> str:
    """Return the timer of the unit. A slot that was missed is not made up for at another hour."""
    weekdays = ",".join(WEEKDAYS[day].capitalize() for day in slot.weekdays)
    days = ",".join(f"{day:02}" for day in slot.month_days) or "*"
    when = f"{weekdays} *-*-{days} {slot.at:%H:%M}:00 {site.time_zone}".strip()
    return _filled("timer", title=name.replace("%", "%%"), when=when)


def _filled(kind: str, **values: str) -> str:
    return Path(__file__).with_name(f"mailing.{kind}").read_text(encoding="utf-8").format(**values)


def schtasks(name: str, slot: Slot, words: Sequence[str]) -> str:
    """Return the line for cmd.exe. Raises UsageError for what schtasks cannot do."""
    task = subprocess.list2cmdline(words)
    if "%" in task or "%" in name:  # no prompt has a way to write it: what is between two is a variable
        raise UsageError(say("schtasks cannot be given a % sign."), hint=_by_a_file(task))
    if len(task) > _LONGEST_TASK:
        raise UsageError(
            say(
                "schtasks takes commands of at most {n} characters; this has {has}.",
                n=_LONGEST_TASK,
                has=len(task),
            ),
            hint=_by_a_file(task),
        )
    if len(slot.month_days) > 1:
        raise UsageError(say("schtasks takes one day of the month; make a task for each."))
    if slot.month_days:
        days = f"/SC MONTHLY /D {slot.month_days[0]}"
    elif slot.weekdays:
        days = f"/SC WEEKLY /D {','.join(WEEKDAYS[day].upper() for day in slot.weekdays)}"
    else:
        days = "/SC DAILY"
    called, started = subprocess.list2cmdline([f"smsctl {name}"]), subprocess.list2cmdline([task])
    what = f"/TN {called} {days} /ST {slot.at:%H:%M} /TR {started}"
    return f'schtasks /Create {_at_the_prompt(what)} /RU "%USERNAME%" /RP *'


def _at_the_prompt(line: str) -> str:
    """Keep cmd.exe from what is special to it outside quotes; it takes an escaped quote for one too."""
    pieces = line.split('"')
    return '"'.join(
        piece if place % 2 else re.sub(r"([&|<>^])", r"^\1", piece) for place, piece in enumerate(pieces)
    )


def _by_a_file(task: str) -> Sentence:
    in_file = task.replace("%", "%%")
    return say("Write the command into a .cmd file, and let the task start that: {task}", task=in_file)


def _ranges(days: Sequence[int]) -> str:
    """1 2 3 5 -> 1-3,5."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _unit_word(word: str) -> str:
    """Quote a word for ExecStart=, where % and $ are special even in quotes."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = word and not set(word) & set(" \t\"'\\;")
    return escaped if plain else f'"{escaped}"'


def _writable(folder: Path, *, is_shared: bool) -> str:
    """Open a folder to the unit. A StateDirectory= is the user's alone again at each start."""
    if folder == _SYSTEM_STATE and not is_shared:
        return "StateDirectory=smsctl\nStateDirectoryMode=0700\n"
    return f"ReadWritePaths=-{_unit_word(str(folder))}\n"
