"""What `purge` asks of flags and config, and the holds that keep a mailing from it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta

from smsctl.actions.purge import Purged
from smsctl.actions.retention import Regime, regimes
from smsctl.actions.sender_rights import sees
from smsctl.cli import numbers, seen
from smsctl.cli.operations import purge_screen as render
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_times import read_duration
from smsctl.cli.wiring import Wiring
from smsctl.errors import LedgerError, Sentence, UsageError, say
from smsctl.ledger import holds, mailings, purging
from smsctl.ledger.purging import Due


def before(wiring: Wiring, regime: Regime, older_than: str | None) -> str:
    """Return the moment before which everything is old, as the ledger writes times."""
    days = regime.retention.days
    if older_than is not None:
        age = read_duration("--older-than", older_than)
        if regime.is_own and days is not None and age < timedelta(days=days):
            raise _own_rules(wiring, regime)
    elif days is not None:
        age = timedelta(days=days)
    else:
        raise UsageError(say("How old must it be?"), hint=_where(wiring, regime))
    return wiring.clock.before(age)


def _where(wiring: Wiring, regime: Regime) -> Sentence:
    own = [one.municipality for one in regimes(wiring.settings) if one.municipality]
    if own and regime.municipality is None:
        return say(
            "Add --older-than 90d, or set days under [retention]. Each that has its own decision is named:"
            " smsctl purge --municipality {municipality}",
            municipality=" | ".join(own),
        )
    return say("Add --older-than 90d, or set days under [retention].")


def _own_rules(wiring: Wiring, regime: Regime) -> UsageError:
    key = regime.municipality or ""
    return UsageError(
        say("{name} has a decision of its own, which sets aside these flags.", name=wiring.called(key)),
        hint=say("Leave them out: it stands under [municipalities.{key}.retention].", key=key),
    )


def decision(wiring: Wiring, regime: Regime, given: str | None) -> str:
    """Return the disposal decision. Raises UsageError where there is none, or another than its own."""
    own = regime.retention.decision if regime.is_own else None
    if given and own and given.strip() != own.strip():
        raise _own_rules(wiring, regime)
    found = (given or regime.retention.decision or "").strip()
    if not found:
        raise UsageError(
            say("Personal data is removed only under a disposal decision."),
            hint=say('Name it with: --decision "KS 2026/123", or set decision under [retention].'),
        )
    return found


def told_before(wiring: Wiring, regime: Regime, due: Due, before: str) -> CommandResult:
    """Return what would be removed, whose it is, and what a decision of its own keeps apart."""
    names = _names(wiring, regime.reach.owners)
    outside = list(_outside(wiring)) if regime.municipality is None else []
    data = {
        "due": due._asdict(),
        "municipalities": sorted(regime.reach.municipalities),
        "outside": [one for one, _ in outside],
    }
    planned = render.planned(due, before, names, wiring.settings.time_zone, simulated=wiring.simulated)
    return CommandResult(
        data=data,
        screen=[*planned, *(TextLine(told, Tone.WARN) for _, told in outside)],
        is_told_always=bool(due.unfinished),
    )


def told_after(wiring: Wiring, done: Purged, data: Mapping[str, object]) -> CommandResult:
    """Return the protocol of a purge."""
    protocol = done.protocol
    names, zone = _names(wiring, protocol.municipalities), wiring.settings.time_zone
    on_server = wiring.settings.is_on_server
    return CommandResult(
        data={**data, "due": done.due._asdict(), "protocol": render.protocol_data(protocol)},
        screen=render.done(protocol, done.due, names, zone, on_server=on_server),
        is_told_always=bool(done.due.unfinished),  # what is never finished would never go
    )


_NOT_OVERWRITTEN = say(
    "What was removed is not yet overwritten in the file. Once the ledger is well, end it with: smsctl purge"
)


@contextmanager
def broken_off(wiring: Wiring) -> Iterator[None]:
    """Let whoever breaks off a removal, or whose ledger does, hear what is left of it."""
    try:
        yield
    except LedgerError:
        with suppress(LedgerError):  # it may not answer at all
            if purging.unfinished(wiring.ledger) is not None:
                wiring.output.insist(_NOT_OVERWRITTEN)
        raise
    except KeyboardInterrupt:
        if purging.unfinished(wiring.ledger) is None:
            raise
        told = say("Interrupted; what was removed is not yet overwritten in the file.")
        raise wiring.output.stopping.told(told, say("End it with: smsctl purge")) from None


def _names(wiring: Wiring, owners: Iterable[str]) -> str:
    return ", ".join(wiring.called(one) for one in owners if one) or "-"


def _outside(wiring: Wiring) -> Iterator[tuple[str, Sentence]]:
    """Yield the municipalities that the common purge does not touch though something of theirs is due."""
    ledger, now = wiring.ledger, wiring.clock.now()
    for regime in regimes(wiring.settings):
        key, days = regime.municipality, regime.retention.days
        own = wiring.clock.before(timedelta(days=days)) if days else ""
        if key and not purging.due(ledger, own, regime.reach, now).is_nothing:
            told = say("Left alone, for it has its own decision: smsctl purge --municipality {key}", key=key)
            yield key, told
    for key in purging.of_nobody_known(ledger, wiring.settings.municipalities):
        told = say("Left alone, for the config does not know it: smsctl purge --municipality {key}", key=key)
        yield key, told


def hold(wiring: Wiring, id_: int, reason: str | None) -> CommandResult:
    """Keep a mailing from every purge."""
    if not reason:
        raise UsageError(say("A hold needs a reason, for the audit."), hint=say("Add: --reason TEXT"))
    mailing = seen.theirs(wiring, id_)
    told = say("Mailing {id} is held already.", id=id_)
    if holds.hold(wiring.ledger, mailing, wiring.clock.now(), wiring.actor, reason):
        told = say("Mailing {id} is held: no purge touches it.", id=id_)
    return _told(told, id_, held=True)


def release(wiring: Wiring, id_: int, reason: str | None) -> CommandResult:
    """Let purges touch a mailing again."""
    mailing = seen.theirs(wiring, id_)
    if holds.release(wiring.ledger, mailing, wiring.clock.now(), wiring.actor, reason):
        return _told(say("Mailing {id} is no longer held.", id=id_), id_, held=False)
    return _told(say("Mailing {id} was not held.", id=id_), id_, held=False)._replace(is_told_always=True)


def listed(wiring: Wiring) -> CommandResult:
    """Tell the protocols that are kept, and what is held."""
    protocols, of = purging.protocols(wiring.ledger), seen.seen_by(wiring)
    kept = [
        one._replace(reason=numbers.shown_text(wiring, one.reason))
        for one in holds.holds(wiring.ledger)
        if sees(of, mailings.get(wiring.ledger, one.mailing))
    ]
    named = [one._replace(municipalities=tuple(map(wiring.called, one.municipalities))) for one in protocols]
    return CommandResult(
        data={
            "protocols": [render.protocol_data(one) for one in protocols],
            "holds": [one._asdict() for one in kept],
        },
        screen=[*seen.limits(wiring, of), *render.kept(named, kept, wiring.settings.time_zone)],
    )


def _told(sentence: Sentence, mailing: int, *, held: bool) -> CommandResult:
    return CommandResult(data={"mailing": mailing, "held": held}, screen=[TextLine(sentence, Tone.GOOD)])
