"""Several hosts on one ledger: whether this one may claim from it, and whether it is what was sent from.

A database can be put back, copied, or taken over by a standby that lacks the newest marks; each of them would
send again what it has forgotten. What must stay true: a claim is made only in the life of the database that
was last confirmed, by a host whose right to send is its own still, whose clock is the server's, and whose
newest batch stands in the ledger. That is asked in the transaction that claims, before it writes anything.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from smsctl.domain.moment import Moment
from smsctl.errors import LedgerError, Sentence, say
from smsctl.host.clock import ClockReading
from smsctl.ledger import takeover
from smsctl.ledger.high_water import ACCEPT, LINEAGE, HighWaterRecord, Restored, twice
from smsctl.ledger.host_mark import BEFORE, HostMark, elsewhere, id_here, lacks, newest_batch, would_be_lost
from smsctl.ledger.seam.engine import COPIED, FILLING
from smsctl.ledger.seam.sentences import OnlyReadError, being_filled
from smsctl.ledger.seam.standing import Standing
from smsctl.ledger.store import Ledger

if TYPE_CHECKING:
    from smsctl.ledger.postgres.connect import Access

_LIFE, _QUARANTINE = takeover.LIFE, "quarantine"
_NEWEST, _LISTED = "newest batch", "listed"  # no facts: asked for on the same way


class HaltError(LedgerError):
    """Nothing more may be claimed by this run; what is answered can be stored."""


class _Look(NamedTuple):
    """What a host has found of itself, of the ledger and of the server."""

    water: HighWaterRecord | None
    facts: dict[str, str]
    standing: Standing

    @property
    def is_taken_over(self) -> bool:
        """Whether a standby, as far as it tells, stands where the database stood that was confirmed."""
        return self.facts.get(_LIFE) != self.standing.identity.life and bool(self.standing.identity.timeline)


class Claimant(NamedTuple):
    """Which host claims, and when: by the server's clock, and by this machine's before it."""

    host: str
    at: str
    read: ClockReading


def open_shared(access: "Access") -> Ledger:
    """Open a ledger on a server for writing; a missing one is made, an older one is brought up to date.

    Raises LedgerError in words.
    """
    from smsctl.ledger.postgres import opening  # loads the driver

    ledger = Ledger(opening.open_to_write(access), HostMark(access.state))
    try:
        look_on(ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def read_shared(access: "Access") -> Ledger | None:
    """Open an existing ledger on a server for reading only; None where there is none. Changes nothing."""
    from smsctl.ledger.postgres import opening  # as above

    found = opening.open_to_read(access)
    return None if found is None else Ledger(found, HostMark(access.state))


def mark_of(ledger: Ledger) -> HostMark | None:
    """Return this host's own file, where the ledger is on a server."""
    return ledger.high_water if isinstance(ledger.high_water, HostMark) else None


def admit(ledger: Ledger, reference: str, moment: Moment) -> Claimant | None:
    """Let this host claim batches of the mailing of this reference, in the open transaction.

    None: the ledger is a file. Raises HaltError; that this host's newest batch is missing is written then.
    """
    mark, standing = mark_of(ledger), ledger.engine.standing()
    if mark is None or standing is None:
        return None
    if not ledger.engine.may_still_send(reference):
        raise HaltError(
            say(
                "{path}: the connection broke, and with it this run's right to send.",
                path=ledger.engine.place,
            ),
            hint=say("What was answered is recorded. Go on with: smsctl mailings list, then resume"),
        )
    if wrong := standing.unfit(ledger.engine.place):
        raise HaltError(wrong.sentence, hint=wrong.hint)
    look = _look(ledger, mark, standing)
    if restored := _judged(ledger, look):
        _stop_all(ledger, look.water, look.facts)
        raise HaltError(twice(restored.why).sentence, hint=ACCEPT)
    water = _at_home(ledger, mark, look, moment)
    return Claimant(host=id_here(water), at=standing.at, read=standing.read)


def judge(ledger: Ledger) -> Restored | None:
    """Return why this is not the database that was sent from, or not as it was; None where it is."""
    mark, standing = mark_of(ledger), ledger.engine.standing()
    return None if mark is None or standing is None else _judged(ledger, _look(ledger, mark, standing))


def _look(ledger: Ledger, mark: HostMark, standing: Standing) -> _Look:
    water = mark.read()  # first: it follows the ledger
    return _Look(water=water, facts=_facts(ledger, water), standing=standing)


def _judged(ledger: Ledger, look: _Look) -> Restored | None:
    place, why = ledger.engine.place, _own_doubt(ledger, look)
    if told := look.facts.get(FILLING):
        raise being_filled(place, told.partition(" ")[2])
    if not why and LINEAGE not in look.facts:
        why = say(
            "{path} is a new ledger. If one was sent from before, bring it: smsctl ledger copy --from FILE.",
            path=place,
        )
    if not why and not look.standing.goes_on_from(look.facts.get(_LIFE)):
        why = say("{path} was put back, copied, or another server took over.", path=place)
    if not why and look.is_taken_over:
        why = takeover.waited_for(ledger, look.facts, look.standing, id_here(look.water))
    if not why and (told := look.facts.get(_QUARANTINE)):
        why = say("{path}: a host has found that it lacks what was sent: {told}.", path=place, told=told)
    return Restored(why, None) if why else None


def _own_doubt(ledger: Ledger, look: _Look) -> Sentence | None:
    """Return what speaks against the ledger by this host's own mark."""
    water, place = look.water, ledger.engine.place
    if water is None:
        return None
    has_it = not water.batch or _NEWEST in look.facts or water.lineage != look.facts.get(LINEAGE)
    return elsewhere(place, water, look.facts, look.standing) or (None if has_it else lacks(place, water))


def refuse_elsewhere(ledger: Ledger) -> None:
    """Raise LedgerError where this host knows that its ledger is elsewhere: what is written here is lost."""
    mark, standing = mark_of(ledger), ledger.engine.standing()
    water = mark.read() if mark else None
    if water and standing and (why := elsewhere(ledger.engine.place, water, _facts(ledger), standing)):
        raise would_be_lost(why)


def note_what_is_missing(ledger: Ledger) -> None:
    """Keep all hosts from sending, where this one's newest batch is not in the ledger: it was put back."""
    mark = mark_of(ledger)
    water = mark.read() if mark else None
    if water is None or not water.batch or _NEWEST in _facts(ledger, water):
        return
    with suppress(OnlyReadError), ledger.transaction():
        _stop_all(ledger, water, _facts(ledger, water))


@contextmanager
def watched(ledger: Ledger) -> Iterator[None]:
    """Note what is missing where the ledger ends a run: another host would go on, and send it again.

    In a session of its own: that of the run may not lead to this database any more.
    """
    try:
        yield
    except LedgerError:
        if mark_of(ledger) is not None:
            _note_anew(ledger)
        raise


def _note_anew(ledger: Ledger) -> None:
    from smsctl.ledger.postgres.engine import PostgresEngine  # it is loaded

    assert isinstance(ledger.engine, PostgresEngine)  # noqa: S101 - only a server has hosts
    with suppress(LedgerError), closing(open_shared(ledger.engine.access)) as again:
        note_what_is_missing(again)


def _stop_all(ledger: Ledger, water: HighWaterRecord | None, facts: dict[str, str]) -> None:
    """Keep all hosts from sending, in the open transaction, where this one's newest batch is missing."""
    if water is None or not water.batch or _NEWEST in facts or _QUARANTINE in facts:
        return
    if water.lineage == facts.get(LINEAGE):
        told = f"{socket.gethostname()}, batch {water.batch} {water.reference}"
        ledger.write("INSERT INTO facts (name, value) VALUES (?, ?)", _QUARANTINE, told)


def renew(ledger: Ledger) -> None:
    """Make this database, as it is, the one that all hosts send from; in the open transaction."""
    mark, standing, lineage = mark_of(ledger), ledger.engine.standing(), _facts(ledger).get(LINEAGE)
    assert mark is not None  # noqa: S101 - only a server has hosts
    assert standing is not None  # noqa: S101 - as above
    ledger.write("DELETE FROM facts WHERE name IN (?, ?, ?, ?)", COPIED, LINEAGE, _LIFE, _QUARANTINE)
    ledger.write("DELETE FROM hosts")  # one that is gone is waited for no longer; the others join again
    if lineage:
        ledger.keep_fact(BEFORE + lineage, standing.at)
    record = mark.joining(ledger, _begin_life(ledger), standing)
    takeover.join(ledger, id_here(record), standing.at)
    ledger.after_commit(LINEAGE, lambda: mark.begin(record))


def look_on(ledger: Ledger) -> None:
    """Note how far others have come too, and tell them that this host misses nothing after a takeover."""
    mark, standing = mark_of(ledger), ledger.engine.standing()
    if mark is None or standing is None:
        return
    look = _look(ledger, mark, standing)
    if FILLING in look.facts:
        return
    if _NEWEST not in look.facts:
        note_what_is_missing(ledger)
    if (water := look.water) and standing.took_over_from(look.facts.get(_LIFE)):
        _see(ledger, mark, look, water)
    if _judged(ledger, look) is None:
        if water is None or water.lineage != look.facts[LINEAGE] or _LISTED not in look.facts:
            _be_listed(ledger, mark, standing)
        mark.rise(*newest_batch(ledger), standing.at)


def _see(ledger: Ledger, mark: HostMark, look: _Look, water: HighWaterRecord) -> None:
    """Note that another server took over, also where something is missing; tell where nothing is.

    Else this host would go on in the old one, should it be up again, and what was written here be forgotten.
    """
    facts, standing, doubt = look.facts, look.standing, _own_doubt(ledger, look)
    if water.lineage != facts.get(LINEAGE):
        if doubt:
            return  # from another ledger than this host's own, and it writes nothing there
        _be_listed(ledger, mark, standing)  # accepted since: what is noted of before holds nobody back
    whole = water if standing.goes_on_from(facts.get(_LIFE)) and not doubt else None
    if mark.see(standing.identity.timeline, whole) is None and whole:
        takeover.say_it_is_whole(ledger, facts, standing, id_here(water))


def _be_listed(ledger: Ledger, mark: HostMark, standing: Standing) -> None:
    """Let this host be asked after a takeover, long before it sends anything."""
    with ledger.transaction():  # so that no other process of this host makes its mark, and a newer one
        lineage, water = _facts(ledger).get(LINEAGE), mark.read()
        if lineage and (water is None or water.lineage != lineage):
            mark.begin(water := mark.joining(ledger, lineage, standing))
        if lineage:
            takeover.join(ledger, id_here(water), standing.at)


def _at_home(ledger: Ledger, mark: HostMark, look: _Look, moment: Moment) -> HighWaterRecord:
    """Return this host's mark, whose database is confirmed; make it for a host that is new here."""
    water, facts, standing = look
    if facts.get(_LIFE) != standing.identity.life:  # a standby that had everything took over
        if beyond := mark.see(standing.identity.timeline, water):
            raise HaltError(twice(lacks(ledger.engine.place, beyond)).sentence, hint=ACCEPT)
        takeover.go_on(ledger, standing, moment)
    if not mark.trusted:
        mark.must_take_marks()
    joins = not mark.trusted
    if water is None or water.lineage != facts[LINEAGE]:
        joins, water = True, mark.joining(ledger, facts[LINEAGE], standing)
        mark.begin(water)  # what it tells of is committed: it is not ahead of the ledger
    if joins:
        takeover.join(ledger, id_here(water), standing.at)
    return water


def _facts(ledger: Ledger, water: HighWaterRecord | None = None) -> dict[str, str]:
    """Return what the ledger says of itself, and whether it has this host's newest batch, and lists it."""
    return ledger.pairs(
        "SELECT name, value FROM facts WHERE name IN (?, ?, ?, ?) OR name LIKE 'lineage-before %'"
        " OR name LIKE 'found-whole %'"
        " UNION ALL SELECT CAST(? AS TEXT), reference FROM batches"
        " WHERE id = ? AND ? IN (reference || '@' || claimed_at, reference)"
        " UNION ALL SELECT CAST(? AS TEXT), name FROM hosts WHERE host = ?",
        LINEAGE,
        _LIFE,
        _QUARANTINE,
        FILLING,
        _NEWEST,
        *((water.batch, water.reference) if water else (0, "")),
        _LISTED,
        id_here(water),
    )


def _begin_life(ledger: Ledger) -> str:
    lineage = os.urandom(8).hex()
    ledger.keep_fact(LINEAGE, lineage)
    standing = ledger.engine.standing()  # with the lineage that was just written
    assert standing is not None  # noqa: S101 - only a server has hosts
    ledger.keep_fact(_LIFE, standing.identity.life)
    return lineage
