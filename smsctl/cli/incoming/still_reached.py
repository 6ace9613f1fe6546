"""Who is on the block list now, and gets an SMS all the same: the gateway holds it until its time."""

from smsctl.cli import wiring_gateway
from smsctl.cli.wiring import Wiring
from smsctl.errors import Sentence, say, say_n
from smsctl.ledger import blocklist


def still_reached(wiring: Wiring, of: frozenset[str] | None) -> list[Sentence]:
    """Return what to tell of each such mailing, of these municipalities; None: of all.

    Nothing can be taken out of what was handed over: only a person can weigh one against all the others.
    """
    found = blocklist.still_reached(wiring.ledger, wiring.clock.now(), of)
    traits = wiring_gateway.gateway(wiring, for_sending=False).traits if found else None
    return [
        say_n(
            "{n} message of mailing {id}, which the gateway holds until its time, goes to a number on the"
            " block list. {mend}",
            "{n} messages of mailing {id}, which the gateway holds until its time, go to numbers on the"
            " block list. {mend}",
            n=n,
            id=mailing,
            mend=say("To stop the mailing for everybody: smsctl mailings cancel {id}", id=mailing)
            if traits and traits.cancelling
            else say("This gateway gives nothing back."),
        )
        for mailing, n in found
    ]
