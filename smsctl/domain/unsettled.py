"""What nobody knows the end of in a mailing. Until a person has settled it, no command on it ends well."""

from collections.abc import Mapping
from typing import NamedTuple

from smsctl.domain.message import Status
from smsctl.errors import ExitCode, Sentence, say, say_n


class Unsettled(NamedTuple):
    """How many messages of one mailing a person must settle, by why."""

    mailing: int
    unknown: int = 0
    held: int = 0  # at the gateway, for a person there
    in_doubt: int = 0  # the gateway was asked to stop them, and nobody can tell whether it did

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.unknown or self.held or self.in_doubt)

    @property
    def exit_code(self) -> ExitCode:
        """The code of every command that acts on the mailing, where no worse one holds."""
        return ExitCode.UNSETTLED if self else ExitCode.OK

    @property
    def sentences(self) -> list[Sentence]:
        """What there is, and what settles it."""
        told: list[Sentence] = []
        if self.unknown:
            sentence = say_n(
                "Nobody can tell whether {n} message was accepted. It is counted as cost, and is never"
                " sent again by itself. Settle it with: smsctl mailings resolve {id}",
                "Nobody can tell whether {n} messages were accepted. They are counted as cost, and are"
                " never sent again by themselves. Settle them with: smsctl mailings resolve {id}",
                n=self.unknown,
                id=self.mailing,
            )
            told.append(sentence)
        if self.held:
            told.append(say("Held messages wait for a person at the gateway; ask the gateway's support."))
        if self.in_doubt:
            line = say_n(
                "The gateway was asked to stop {n} message, and nobody can tell whether it did: it was"
                " stopped, or it has left. It is counted as cost until a report comes. Settle it with:"
                " smsctl mailings resolve {id}",
                "The gateway was asked to stop {n} messages, and nobody can tell whether it did: they"
                " were stopped, or have left. They are counted as cost until reports come. Settle them"
                " with: smsctl mailings resolve {id}",
                n=self.in_doubt,
                id=self.mailing,
            )
            told.append(line)
        return told


def unsettled_of(mailing: int, states: Mapping[Status, int], in_doubt: int = 0) -> Unsettled:
    """Return what is unsettled of a mailing in these states."""
    return Unsettled(
        mailing=mailing,
        unknown=states.get(Status.UNKNOWN, 0),
        held=states.get(Status.HELD, 0),
        in_doubt=in_doubt,
    )
