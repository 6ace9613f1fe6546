"""What must belong to what: the rules for rows that hang on others."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from smsctl.errors import Sentence, say

ROW: Final[Mapping[str, object]] = MappingProxyType({})
"""Stands in a rule's sentence for the columns of the row that breaks it."""


class Invariant(NamedTuple):
    """One rule; `name` never changes its meaning."""

    name: str
    broken: str  # SQL for the rows that break it
    told: Sentence | Callable[[Mapping[str, Any]], Sentence]  # a row makes it whole


def _of_no_mailing(table: str) -> str:
    return (
        "SELECT mailing, COUNT(*) AS n FROM [table] WHERE mailing NOT IN"
        " (SELECT id FROM mailings UNION SELECT mailing FROM openings) GROUP BY mailing"
    ).replace("[table]", table)


BELONGING = (
    Invariant(
        name="strays",
        broken=_of_no_mailing("messages"),
        told=say("{n} messages belong to mailing {mailing}, which is not there.", **ROW),
    ),
    Invariant(
        name="strays-skipped",
        broken=_of_no_mailing("skipped"),
        told=say("{n} skipped rows belong to mailing {mailing}, which is not there.", **ROW),
    ),
    Invariant(
        name="strays-carried",
        broken=_of_no_mailing("carried"),
        told=say("{n} rows of kept cells belong to mailing {mailing}, which is not there.", **ROW),
    ),
    Invariant(
        name="strays-texts",
        # Not NOT IN: a server that finds too many messages for its memory reads them all for each text.
        broken="SELECT COUNT(*) AS n FROM texts WHERE NOT EXISTS"
        " (SELECT 1 FROM messages WHERE messages.id = texts.message) HAVING COUNT(*) > 0",
        told=say("{n} texts belong to no message.", **ROW),
    ),
    Invariant(
        name="approvals",
        broken="SELECT a.mailing, COUNT(*) AS n FROM approvals a JOIN mailings g ON g.id = a.mailing"
        " JOIN messages m ON m.id BETWEEN g.first_message AND g.first_message + g.messages - 1"
        " LEFT JOIN batches b ON b.id = m.batch"
        " WHERE a.at_once = 0 AND COALESCE(a.decision, '') <> 'approved'"
        " AND m.state NOT IN ('pending', 'cancelled') AND COALESCE(b.event, '') <> 'restored'"
        " GROUP BY a.mailing",
        told=lambda row: say("Mailing {mailing} is not approved, and {n} messages of it have left.", **row),
    ),
    Invariant(
        name="cancelled",
        broken="SELECT g.id AS mailing, COUNT(*) AS n FROM mailings g JOIN messages m"
        " ON m.id BETWEEN g.first_message AND g.first_message + g.messages - 1"
        " WHERE (g.cancelled_at IS NOT NULL OR g.half_cancelled = 1) AND (m.state = 'sending' OR"
        " (m.state = 'pending' AND (g.cancelled_at IS NULL OR g.half_cancelled = 0))) GROUP BY g.id",
        told=lambda row: say(
            "Mailing {mailing} was cancelled, and {n} messages of it may still leave.", **row
        ),
    ),
    Invariant(
        name="approvals-every-time",
        broken="SELECT a.mailing, a.by_yes_of FROM approvals a WHERE a.by_yes_of IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM approvals y WHERE y.mailing = a.by_yes_of AND y.decision = 'approved'"
        " AND y.holds_until IS NOT NULL AND y.slot = a.slot AND y.decided_by = a.decided_by"
        " AND y.decided_at <= a.decided_at)",
        told=say("Mailing {mailing} left by the yes to mailing {by_yes_of}, which was not for it.", **ROW),
    ),
    Invariant(
        name="retries",
        broken="SELECT mailing, parent, COUNT(*) AS n FROM ("
        "SELECT g.id AS mailing, g.retry_of AS parent, m.number FROM mailings g"
        " LEFT JOIN mailings p ON p.id = g.retry_of"
        " JOIN messages m ON m.id BETWEEN g.first_message AND g.first_message + g.messages - 1"
        " WHERE g.retry_of IS NOT NULL AND m.number IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM messages x WHERE x.number IS NULL"
        " AND x.id BETWEEN p.first_message AND p.first_message + p.messages - 1)"
        " EXCEPT SELECT g.id, g.retry_of, x.number FROM mailings g JOIN mailings p ON p.id = g.retry_of"
        " JOIN messages x ON x.id BETWEEN p.first_message AND p.first_message + p.messages - 1"
        ") AS strangers GROUP BY mailing, parent",
        told=say(
            "Mailing {mailing} sends mailing {parent} again, also to {n} numbers that it was not sent to.",
            **ROW,
        ),
    ),
)
