"""What the doctor asks of a ledger on a server: may it be sent from, how far is it, who else sends."""

import time
from collections.abc import Callable, Iterator

from smsctl.actions.check import Finding, Level, ledger_faults
from smsctl.domain.moment import Actor
from smsctl.errors import LedgerError, say
from smsctl.ledger import takeover
from smsctl.ledger.store import Ledger

_FAR_MS = 2.0
_SMALL_BATCH = 100
_TRIES = 5


def check_server(
    ledger: Ledger | None, place: str, actor: Actor, batch_size: int, shown: Callable[[str], str]
) -> Iterator[Finding]:
    """Look whether this host could send from it now; `shown` puts a time on the local clock."""
    if ledger is None:
        text = say("{path} holds no ledger yet. This user is {user}.", path=place, user=actor.user)
        bring = say(
            "If one was sent from before, bring it before anything else, also before an activation:"
            " smsctl ledger copy --from FILE"
        )
        yield Finding(Level.WARNING, text=text, mend=bring)
        return
    faults = [*ledger_faults(ledger, quick=True)]
    yield from faults
    standing = ledger.engine.standing()
    if standing is None or faults:
        return
    if wrong := standing.unfit(ledger.engine.place):
        raise LedgerError(wrong.sentence, hint=wrong.hint)
    if ledger.high_water:
        ledger.high_water.must_take_marks()
    yield Finding(Level.OK, say("{path} is sound. This user is {user}.", path=place, user=actor.user))
    yield _far(ledger, batch_size)
    yield from _hosts(ledger, shown)


def _far(ledger: Ledger, batch_size: int) -> Finding:
    took_ms = min(_asked_ms(ledger) for _ in range(_TRIES))
    version = str(ledger.rows("SELECT current_setting('server_version')")[0][0]).partition(" ")[0]
    text = say("PostgreSQL {version} answers in {ms} ms.", version=version, ms=f"{took_ms:.1f}")
    if took_ms > _FAR_MS and batch_size <= _SMALL_BATCH:
        mend = say("With batch_size = 1000 under [gateway] a large mailing waits for it less often.")
        return Finding(Level.WARNING, text=text, mend=mend)
    return Finding(Level.OK, text)


def _asked_ms(ledger: Ledger) -> float:
    began_s = time.perf_counter()
    ledger.rows("SELECT 1")
    return (time.perf_counter() - began_s) * 1000


def _hosts(ledger: Ledger, shown: Callable[[str], str]) -> Iterator[Finding]:
    for one in takeover.listed(ledger):
        if one.newest_at is None:
            text = say("{host} has joined, and has sent nothing.", host=one.name)
        else:
            text = say("{host} last sent at {at}.", host=one.name, at=shown(one.newest_at))
        yield Finding(Level.OK, text)
