"""What `purge` asks of flags and config, and the holds that keep a mailing from it."""

from datetime import timedelta

from smsctl.cli.operations import purge_screen as render
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_times import read_duration
from smsctl.cli.wiring import Wiring
from smsctl.errors import Sentence, UsageError, say
from smsctl.ledger import mailings, purging


def before(wiring: Wiring, older_than: str | None) -> str:
    """Return the moment before which everything is old, as the ledger writes times."""
    days = wiring.settings.retention.days
    if older_than is not None:
        age = read_duration("--older-than", older_than)
    elif days is not None:
        age = timedelta(days=days)
    else:
        raise UsageError(
            say("How old must it be?"), hint=say("Add --older-than 90d, or set days under [retention].")
        )
    return wiring.clock.before(age)


def decision(wiring: Wiring, given: str | None) -> str:
    """Return the disposal decision; raise UsageError where there is none."""
    found = (given or wiring.settings.retention.decision or "").strip()
    if not found:
        raise UsageError(
            say("Personal data is removed only under a disposal decision."),
            hint=say('Name it with: --decision "KS 2026/123", or set decision under [retention].'),
        )
    return found


def hold(wiring: Wiring, id_: int, reason: str | None) -> CommandResult:
    """Keep a mailing from every purge."""
    if not reason:
        raise UsageError(say("A hold needs a reason, for the audit."), hint=say("Add: --reason TEXT"))
    mailing = mailings.get(wiring.ledger, id_)
    is_new = purging.hold(wiring.ledger, mailing, wiring.clock.now(), wiring.actor, reason)
    if is_new:
        return _told(say("Mailing {id} is held: no purge touches it.", id=id_), id_, held=True)
    return _told(say("Mailing {id} is held already.", id=id_), id_, held=True)


def release(wiring: Wiring, id_: int, reason: str | None) -> CommandResult:
    """Let purges touch a mailing again."""
    mailing = mailings.get(wiring.ledger, id_)
    if purging.release(wiring.ledger, mailing, wiring.clock.now(), wiring.actor, reason):
        return _told(say("Mailing {id} is no longer held.", id=id_), id_, held=False)
    return _told(say("Mailing {id} was not held.", id=id_), id_, held=False)


def listed(wiring: Wiring) -> CommandResult:
    """Tell the protocols that are kept, and what is held."""
    protocols, holds = purging.protocols(wiring.ledger), purging.holds(wiring.ledger)
    return CommandResult(
        data={
            "protocols": [render.protocol_data(one) for one in protocols],
            "holds": [one._asdict() for one in holds],
        },
        screen=render.kept(protocols, holds, wiring.settings.time_zone),
    )


def _told(sentence: Sentence, mailing: int, *, held: bool) -> CommandResult:
    return CommandResult(data={"mailing": mailing, "held": held}, screen=[TextLine(sentence, Tone.GOOD)])
