"""What the rules say of a mailing, all of them together."""

from typing import NamedTuple

from smsctl.domain.rules import OF_A_PERIOD, Refusal, Rule
from smsctl.errors import RuleError, Sentence, say


class RuleVerdict(NamedTuple):
    """What the rules say. Nothing may leave where one refuses."""

    refusals: tuple[Refusal, ...]
    spared: tuple[Refusal, ...] = ()  # only told, for it is a rehearsal: live would refuse
    overruled: tuple[Refusal, ...] = ()  # by a person, with a reason
    later: tuple[Refusal, ...] = ()  # where a mailing that was begun will stop on its way
    waits: tuple[Refusal, ...] = ()  # it is made, and a second person decides whether it leaves
    warned: tuple[Refusal, ...] = ()  # a person looks at the plan, and decides

    @property
    def is_only_quiet(self) -> bool:
        """Whether nothing refuses but the hour, so that a person can be asked when it shall leave."""
        return {one.rule for one in self.refusals} == {Rule.QUIET_HOURS}

    @property
    def pause(self) -> Sentence | None:
        """What is told of the pause that it would leave in, whether that refuses or a person decides."""
        judged = (*self.refusals, *self.warned)
        return next((one.sentence for one in judged if one.rule is Rule.PAUSE), None)

    @property
    def ends_in_pause(self) -> Sentence | None:
        """What is told where nobody can be asked: a run ends well for the pause, whatever else refuses."""
        return self.pause if any(one.rule is Rule.PAUSE for one in self.refusals) else None

    @property
    def stops(self) -> list[Sentence]:
        """Why a mailing that was begun is gone on with, and stops on its way."""
        return [say("It will stop before its end: {why}", why=one.sentence) for one in self.later]

    @property
    def in_live(self) -> list[Sentence]:
        """What live would do that a rehearsal only tells."""
        return [
            say("Live would wait: {why}", why=one.sentence)
            if one.rule is Rule.APPROVAL
            else say("Live would refuse: {why}", why=one.sentence)
            for one in self.spared
        ]

    def finds_nobody(self, messages: int) -> bool:
        """Say whether there is nobody to send to, refused or allowed, so that it must be written down."""
        return any(one.rule is Rule.NOBODY for one in self.refusals) or not (messages or self.refusals)

    @property
    def is_over_day(self) -> bool:
        """Whether a person overrules a ceiling of the day or month."""
        return any(one.rule in OF_A_PERIOD for one in self.overruled)

    def must_hold(self) -> None:
        """Raise RuleError where rules refuse: the one with what mends it, or the list of several."""
        if error := self.error:
            raise error

    def must_hold_to_the_end(self, gone_on_with: Sentence) -> None:
        """Raise RuleError where rules refuse, or stop on its way what the sentence says is gone on with."""
        self.must_hold()
        if self.later:
            raise RuleError(gone_on_with, hint=self.later[0].hint, problems=self.stops)

    @property
    def error(self) -> RuleError | None:
        """What is told where a rule refuses."""
        if len(self.refusals) < 2:  # noqa: PLR2004 - one needs no list
            return self.refusals[0].error if self.refusals else None
        problems = [
            say("{what} {mend}", what=one.sentence, mend=one.hint) if one.hint else one.sentence
            for one in self.refusals
        ]
        return RuleError(say("{n} rules refuse this mailing.", n=len(self.refusals)), problems=problems)
