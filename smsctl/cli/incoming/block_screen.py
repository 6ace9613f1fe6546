"""The block list on a screen: when, why, who, and the last two digits. More is not known of a number."""

from collections.abc import Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Text, TextLine
from smsctl.cli.output.fields import Field, data_of, table_of
from smsctl.errors import say
from smsctl.ledger.blocklist import BY_STOP, THE_RECIPIENT, BlockedRow


def data(row: BlockedRow) -> dict[str, object]:
    """Return one number for the envelope."""
    return data_of(_fields(), row)


def listed(rows: Sequence[BlockedRow], zone: str) -> list[Block]:
    """Return the list."""
    return [table_of(_fields(zone), rows)] if rows else [TextLine(say("The block list is empty."))]


def _fields(zone: str = "") -> list[Field[BlockedRow]]:
    return [
        Field("at", lambda one: one.at, say("Since"), lambda at: figures.local(at, zone)),
        Field("reason", lambda one: one.reason, say("Why"), _told),
        Field("by", lambda one: one.by_whom, say("By"), _told),
        Field("last_digits", lambda one: one.last_digits, say("Last digits")),
    ]


_TOLD = {BY_STOP: say("STOP by SMS"), THE_RECIPIENT: say("the recipient")}


def _told(stored: str) -> Text:
    """Return a reason or a user as it is shown: what smsctl itself has written, in words."""
    return _TOLD.get(stored, stored)
