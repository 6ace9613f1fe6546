"""What `smsctl doctor` finds of a recipients file: what is wrong with it stops a mailing."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from smsctl.actions.check import Finding, Level
from smsctl.actions.classify import columns_of
from smsctl.config.settings import Mode, Settings
from smsctl.domain.number import NumberReader
from smsctl.domain.rules_of_time import too_old
from smsctl.errors import ExitCode, InputError, say, say_n
from smsctl.spreadsheet import ReadOptions, open_sheet


def check_recipients(
    settings: Settings, path: Path, local_now: datetime, figure: Callable[[int], str]
) -> Iterator[Finding]:
    """Look whether the file is there, can be read to its end, has the columns, and is new enough.

    Its rows are not judged: that depends on the audience. Raises InputError; `figure` writes a number.
    """
    try:
        sheet = open_sheet(path, reading=ReadOptions(numbers=settings.columns.get("number", ())))
        reader = NumberReader(settings.default_country_code, frozenset(settings.limits.countries))
        columns_of(sheet, settings.columns, reader, require_terms=settings.require_accepted_terms)
        n = sum(map(any, sheet.rows()))
    except InputError as error:
        mend = say("Export the recipients anew, or name another file under `recipients` in the config.")
        raise InputError(error.sentence, hint=error.hint or mend) from None
    if old := too_old(sheet.path, sheet.modified, local_now, settings.recipients_max_age):
        level = Level.WARNING if settings.mode is Mode.SIMULATE else Level.ERROR
        yield Finding(level, text=old.sentence, mend=old.hint, exit_code=ExitCode.REFUSED)
        return
    found = say_n(
        "{path} has {rows} row, of {modified:%Y-%m-%d %H:%M}.",
        "{path} has {rows} rows, of {modified:%Y-%m-%d %H:%M}.",
        n=n,
        rows=figure(n),
        path=sheet.path,
        modified=sheet.modified.astimezone(local_now.tzinfo),
    )
    yield Finding(Level.OK, found)
