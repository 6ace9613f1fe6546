"""The kinds of value that speak of files: a path, and the headings of a recipients file."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from smsctl.config.kinds import UnfitValueError, ValueKind, line, pattern
from smsctl.errors import ConfigError, say

if TYPE_CHECKING:
    from smsctl.domain.database_address import Address

_LONGEST_PATH = 4096
_MOST_FOLDERS = 500  # Python makes each with a call within the other, and has 1,000 of them


def _columns(value: object, _folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (line(value),)
    if not value:
        raise UnfitValueError(say("must not be empty; leave the line out instead"))
    return tuple(map(line, value))


def _path(value: object, folder: Path) -> Path:
    if isinstance(value, str) and re.search(r"[\t\n\r\f\x08]", value):
        sentence = say(
            "holds a tab or a line break, for in double quotation marks a backslash begins one (\\t):"
            " write the path in single quotation marks"
        )
        raise UnfitValueError(sentence)
    written = _written(value)
    if str(written).startswith("~"):
        try:
            written = written.expanduser()
        except RuntimeError:
            raise UnfitValueError(say("names a home folder that is not known")) from None
    return folder / written


def _written(value: object) -> Path:
    written = Path(line(value, _LONGEST_PATH))
    if len(written.parts) > _MOST_FOLDERS:
        raise UnfitValueError(say("has more than {most} folders in it", most=_MOST_FOLDERS))
    return written


def _one_path(value: object, _folder: Path) -> Path:
    """Read the path of what all users share; it is relative to the config file, not to a link to it."""
    written = _written(value)
    if written.name in ("", ".."):
        raise UnfitValueError(say("must name a file, not a folder"))
    if str(written).startswith("~"):
        raise UnfitValueError(say("must be one file for every user: write the whole path, without ~"))
    return written


def _database(value: object, _folder: Path) -> "Address":
    from smsctl.domain import database_address  # a ledger is a file in most configs

    try:
        return database_address.parse(line(value))
    except ConfigError as error:
        raise UnfitValueError(error.sentence) from None


def _cost_centres(value: object, _folder: Path) -> dict[str, dict[str, str]]:
    """Read tables of free keys, each under the name of a cost centre."""
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise UnfitValueError(say("holds one section for each cost centre, as [cost_centres.4711]"))
    for name, given in value.items():
        if not re.fullmatch(_COST_CENTRE, name):
            raise UnfitValueError(say('"{name}" may hold 50 letters, digits, - _ and . only', name=name))
        for key in given:
            if not re.fullmatch(r"[^\W\d]\w{0,29}", key) or key.casefold() in POSTED:
                raise UnfitValueError(say('"{key}" cannot be a column of the posting file', key=key))
    return {
        name: {key: str(one) if isinstance(one, int) else line(one) for key, one in given.items()}
        for name, given in value.items()
    }


_COST_CENTRE = r"\w[\w.-]{0,49}"  # it goes to the gateway too
POSTED = frozenset(
    {"document", "month", "municipality", "cost_centre", "kind", "of_month", "parts", "amount"}
)
"""The columns that a posting file has by itself."""

COST_CENTRE = pattern("name of a cost centre", _COST_CENTRE, say('must be a text, as "4711"'))
COST_CENTRES = ValueKind("sections of free keys", _cost_centres)
COLUMN = ValueKind("heading in the recipients file", lambda value, _: (line(value),))
COLUMNS = ValueKind("heading in the recipients file, or a list of them", _columns)
PATH = ValueKind("path, relative to this file", _path)
DATABASE = ValueKind("address of a database, without a password", _database)
ONE_PATH = ValueKind("path, relative to this file, the same for every user", _one_path)
