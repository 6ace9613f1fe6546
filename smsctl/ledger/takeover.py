"""A standby that has taken over, or what looks like one: no host sends before all miss nothing.

A database that was restored to a point in time has, as a standby that had everything, another timeline and
nothing else that is new. Whether it lacks the last batches, each host knows of its own alone.
"""

import socket
from collections.abc import Mapping
from typing import NamedTuple

from smsctl.domain.moment import Moment
from smsctl.errors import Sentence, say
from smsctl.host.users import whoever
from smsctl.ledger import audit
from smsctl.ledger.seam.standing import Standing
from smsctl.ledger.store import Ledger

LIFE = "life"
"""The fact that tells which database is sent from, and in which of its lives."""

_WHOLE = "found-whole "


class Host(NamedTuple):
    """A host of this ledger."""

    name: str
    newest_at: str | None  # when it claimed its newest batch; None: it never did


def listed(ledger: Ledger) -> tuple[Host, ...]:
    """Return the hosts that have sent from this ledger, or were about to, as they joined."""
    found = ledger.rows(
        "SELECT h.name, (SELECT MAX(b.claimed_at) FROM batches b WHERE b.host = h.host) FROM hosts h"
        " ORDER BY h.joined_at, h.host"
    )
    return tuple(Host(name=name, newest_at=newest_at) for name, newest_at in found)


def join(ledger: Ledger, host: str, at: str) -> None:
    """Put this host in the list, in the open transaction, if it is not there."""
    sql = "INSERT INTO hosts (host, name, joined_at) VALUES (?, ?, ?) ON CONFLICT (host) DO NOTHING"
    ledger.write(sql, host, socket.gethostname(), at)


def say_it_is_whole(ledger: Ledger, facts: Mapping[str, str], standing: Standing, host: str) -> None:
    """Let this host say that it misses nothing in the life that the database has now."""
    life = standing.identity.life
    if facts.get(_WHOLE + host) != life:
        with ledger.transaction():
            ledger.keep_fact(_WHOLE + host, life)


def waited_for(ledger: Ledger, facts: Mapping[str, str], standing: Standing, own: str) -> Sentence | None:
    """Return why nobody sends yet: the other hosts that have not said so; None where all have."""
    names = [
        name
        for host, name in ledger.rows("SELECT host, name FROM hosts ORDER BY joined_at, host")
        if host != own and facts.get(_WHOLE + host) != standing.identity.life
    ]
    if not names:
        return None
    return say(
        "{path}: another server took over, or it was put back, and not every host has looked whether it"
        " misses anything: run smsctl mailings list on {hosts}.",
        path=ledger.engine.place,
        hosts=", ".join(names),
    )


def go_on(ledger: Ledger, standing: Standing, moment: Moment) -> None:
    """Take the database as it is now for the one that is sent from; in the open transaction."""
    ledger.write("UPDATE facts SET value = ? WHERE name = ?", standing.identity.life, LIFE)
    ledger.write("DELETE FROM facts WHERE name LIKE 'found-whole %'")
    told = f"timeline {standing.identity.timeline}"
    audit.record(ledger, moment, whoever(), "failover", "ledger", told, "standby = synchronous")
