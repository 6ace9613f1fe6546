"""What the actions are told of a run: config, clock, whoever is at the keyboard, and what was typed."""

from smsctl.actions.may_send import Circumstances
from smsctl.cli.wiring import Wiring
from smsctl.host.users import groups_of
from smsctl.ledger.store import Ledger


def circumstances(wiring: Wiring, ledger: Ledger | None, *, lenient: bool = False) -> Circumstances:
    """Return what a mailing is judged under now; `ledger` is the one whose figures count."""
    return Circumstances(
        settings=wiring.settings,
        ledger=ledger,
        now=wiring.clock.now(),
        local_now=wiring.clock.local(),
        actor=wiring.actor,
        groups_of=groups_of,
        attended=wiring.output.interactive,
        lenient=lenient,
        command=wiring.flags.command,
    )
