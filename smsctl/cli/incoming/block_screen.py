"""The block list on a screen: when, why, who, and the last two digits. More is not known of a number."""

from collections.abc import Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Column, Table, TextLine
from smsctl.cli.output.language import known
from smsctl.errors import say
from smsctl.ledger.blocklist import BlockedRow


def data(row: BlockedRow) -> dict[str, object]:
    """Return one number for the envelope."""
    return {"at": row.at, "reason": row.reason, "by": row.by_whom, "last_digits": row.last_digits}


def listed(rows: Sequence[BlockedRow], zone: str) -> list[Block]:
    """Return the list."""
    if not rows:
        return [TextLine(say("The block list is empty."))]
    columns = [Column(say("Since")), Column(say("Why")), Column(say("By")), Column(say("Last digits"))]
    table = [
        [figures.local(row.at, zone), known(row.reason), known(row.by_whom), row.last_digits] for row in rows
    ]
    return [Table(columns, table)]
