"""Which rules can say no to a mailing, and the sentence of each with what mends it.

Made from values alone. Which of them are asked, `smsctl.actions.may_send` decides, and a claim once more.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from smsctl.domain.mailing import Ceilings
from smsctl.domain.municipality import Municipality
from smsctl.domain.plan import Bill
from smsctl.errors import ApprovalError, RuleError, Sentence, say, say_n


class Rule(StrEnum):
    """Which rule says no."""

    NOT_ACTIVE = "not-active"
    MAX_PARTS = "max-parts"
    MAX_PARTS_PER_DAY = "max-parts-per-day"
    MAX_COST_PER_MONTH = "max-cost-per-month"
    MAX_NEW_PACKAGES = "max-new-packages"
    QUIET_HOURS = "quiet-hours"
    ALREADY_SENT = "already-sent"
    RESERVED = "reserved"
    PER_NUMBER = "per-number"
    PAUSE = "pause"
    FILE_AGE = "file-age"
    TEXT_AGE = "text-age"
    CEILING_MISSING = "ceiling-missing"
    SENDER = "sender"
    APPROVAL = "approval"
    BLOCKED = "blocked"
    NOBODY = "nobody"
    TOO_FEW = "too-few"

    @property
    def holds_in_rehearsal(self) -> bool:
        """Whether a rehearsal is stopped by it; the others it shows and goes on."""
        return self in (Rule.NOT_ACTIVE, Rule.SENDER, Rule.BLOCKED, Rule.NOBODY)

    @property
    def needs_a_person(self) -> bool:
        """Whether only a person on a terminal can overrule it."""
        return self in OF_A_PERIOD

    @property
    def is_ceiling(self) -> bool:
        """Whether a mailing that was begun goes on until it, instead of not at all."""
        return self in (Rule.MAX_PARTS, *OF_A_PERIOD, Rule.MAX_NEW_PACKAGES)


OF_A_PERIOD = (Rule.MAX_PARTS_PER_DAY, Rule.MAX_COST_PER_MONTH)


class Refusal(NamedTuple):
    """One rule that says no, and the command or change that helps.

    `flags` let the same command go; then the hint has a place `{command}` for it.
    """

    rule: Rule
    sentence: Sentence
    hint: Sentence | None = None
    flags: tuple[str, ...] = ()

    @property
    def error(self) -> RuleError:
        """The refusal as it is raised."""
        kind = ApprovalError if self.rule is Rule.APPROVAL else RuleError
        return kind(self.sentence, hint=self.hint)


class Spent(NamedTuple):
    """What a mailing has used of its ceilings before; nothing, where it is new."""

    parts: int = 0
    new_packages: int = 0


NOTHING_SPENT = Spent()


def not_active(payer: Municipality) -> Refusal:
    """Return the refusal of a municipality without the service."""
    return Refusal(
        rule=Rule.NOT_ACTIVE,
        sentence=say("The SMS service is not active for {name}.", name=payer.name),
        hint=say("Activate it with: smsctl municipality activate {key}", key=payer.key),
    )


def over_ceilings(bill: Bill, ceilings: Ceilings, spent: Spent = NOTHING_SPENT) -> Iterator[Refusal]:
    """Yield the refusal of each ceiling that what would leave goes beyond."""
    parts, today = spent.parts + bill.parts, bill.account_status.parts_today
    if ceilings.max_parts is not None and parts > (most := ceilings.max_parts):
        yield Refusal(
            rule=Rule.MAX_PARTS,
            sentence=say_n(
                "The mailing takes {n} part; the ceiling for one run is {most}.",
                "The mailing takes {n} parts; the ceiling for one run is {most}.",
                n=parts,
                most=most,
            ),
            hint=say("Allow it with: {command}", command=""),
            flags=("--max-parts", str(parts)),
        )
    if ceilings.max_parts_per_day is not None and bill.parts + today > (most := ceilings.max_parts_per_day):
        sentence = say_n(
            "The mailing takes {n} part; of today's {most}, {used} are used.",
            "The mailing takes {n} parts; of today's {most}, {used} are used.",
            n=bill.parts,
            most=most,
            used=today,
        )
        yield _over_day(sentence, "limits")
    opened = spent.new_packages + _opened_by_the_mailing(bill)
    if ceilings.max_new_packages is not None and opened > (most := ceilings.max_new_packages):
        yield Refusal(
            rule=Rule.MAX_NEW_PACKAGES,
            sentence=say_n(
                "The mailing would open {n} new package (one invoice); {most} may be opened.",
                "The mailing would open {n} new packages ({n} invoices); {most} may be opened.",
                n=opened,
                most=most,
            ),
            hint=say("Allow it with: {command}", command=""),
            flags=("--max-new-packages", str(opened)),
        )


def over_day_of_user(user: str, parts: int, used: int, most: int, *, is_test: bool) -> Refusal:
    """Return the refusal of a user who would send more in one day than [senders] allows."""
    sentence = say_n(
        "The user {user} may send {n} part a day; {used} already used, and this takes {parts}.",
        "The user {user} may send {n} parts a day; {used} already used, and this takes {parts}.",
        n=most,
        user=user,
        used=used,
        parts=parts,
    )
    if is_test:  # is never urgent
        hint = say("Send it tomorrow, or raise max_parts_per_day under [senders] in the config.")
        return Refusal(rule=Rule.MAX_PARTS_PER_DAY, sentence=sentence, hint=hint)
    return _over_day(sentence, "senders")


def ceiling_missing(parts: int) -> Refusal:
    """Return the refusal of a mailing that costs, has no ceiling, and that no person looks at."""
    hint = say("Set max_parts_per_run under [limits] in the config, or send it with: {command}", command="")
    return Refusal(
        rule=Rule.CEILING_MISSING,
        sentence=say_n(
            "The mailing takes {n} part, and without a terminal a ceiling must be set.",
            "The mailing takes {n} parts, and without a terminal a ceiling must be set.",
            n=parts,
        ),
        hint=hint,
        flags=("--max-parts", str(parts)),
    )


def all_already_sent() -> Refusal:
    """Return the refusal of a mailing whose people have all had its text."""
    return Refusal(
        rule=Rule.ALREADY_SENT,
        sentence=say(
            "Everybody has had this text within the last 20 hours, or the gateway holds it for them (--at)."
        ),
        hint=say("Send it to them once more with: {command}", command=""),
        flags=("--again", "--reason", "TEXT"),
    )


def nobody(rows: int, unmatched: Sequence[Sentence]) -> Refusal:
    """Return the refusal of a mailing that would reach nobody; `unmatched` tells what no row has."""
    sentence = say("Nobody in the audience can be sent to; nothing was sent.")
    if not rows:
        sentence = say("No row of the recipients file is in the audience; nothing was sent.")
    for one in unmatched:
        sentence = say("{before} {one}", before=sentence, one=one)
    return Refusal(
        rule=Rule.NOBODY,
        sentence=sentence,
        hint=say("Where that is as it should be, use: {command}", command=""),
        flags=("--allow-empty",),
    )


def too_few(messages: int, least: int) -> Refusal:
    """Return the refusal of a mailing that has shrunk, as it does when an export is broken."""
    return Refusal(
        rule=Rule.TOO_FEW,
        sentence=say_n(
            "The mailing has {n} message, and --min-messages wants {least}; is the recipients file whole?",
            "The mailing has {n} messages, and --min-messages wants {least}; is the recipients file whole?",
            n=messages,
            least=least,
        ),
        hint=say("Look with --dry-run; where it is right, use: {command}", command=""),
        flags=("--min-messages", str(messages)),
    )


def some_already_sent(people: int) -> Refusal:
    """Return what live would do in a rehearsal: leave out those who have had the text."""
    sentence = say_n(
        "{n} person has had this text within the last 20 hours.",
        "{n} people have had this text within the last 20 hours.",
        n=people,
    )
    return Refusal(rule=Rule.ALREADY_SENT, sentence=sentence)


def reserved(mailing: int, *, waits: bool) -> Refusal:
    """Return the refusal of a text that an unfinished mailing has, to some of the same people.

    `waits`: for a second person, so that it cannot be resumed.
    """
    sentence = say("Mailing {id} has the same text and is not finished; its people are waiting.", id=mailing)
    return Refusal(
        rule=Rule.RESERVED,
        sentence=sentence,
        hint=say(
            "A second person approves it with: smsctl mailings approve {id}; drop it with: smsctl mailings"
            " cancel {id}",
            id=mailing,
        )
        if waits
        else say(
            "Finish it with: smsctl mailings resume {id}, or drop it with: smsctl mailings cancel {id}",
            id=mailing,
        ),
    )


def blocked(number: str) -> Refusal:
    """Return the refusal of a test to a number on the block list; `number` is as it may be shown."""
    return Refusal(
        rule=Rule.BLOCKED,
        sentence=say("{number} is on the block list; nothing was sent.", number=number),
        hint=say("Take it off with: smsctl block remove NUMBER"),
    )


def _over_day(sentence: Sentence, section: str) -> Refusal:
    return Refusal(
        rule=Rule.MAX_PARTS_PER_DAY,
        sentence=sentence,
        hint=say(
            "Send it tomorrow, or raise max_parts_per_day under [{section}] in the config; or, in an"
            " emergency, on a terminal: {command}",
            section=section,
            command="",
        ),
        flags=("--urgent", "--reason", "TEXT"),
    )


def _opened_by_the_mailing(bill: Bill) -> int:
    """Return how many of the new packages need leave here: the first may be opened by the activation."""
    opened, account_status = bill.new_packages, bill.account_status
    by_activation = not account_status.active and all(one.left <= 0 for one in account_status.packages)
    return opened - 1 if opened and by_activation else opened


def per_number(messages: int, most: int, *, is_retry: bool) -> Refusal:
    """Return the refusal of a mailing that sends one number very many texts, as a switchboard's would get."""
    refusal = Refusal(
        rule=Rule.PER_NUMBER,
        sentence=say(
            "One number would get {messages} texts; max_messages_per_number allows {most}.",
            messages=messages,
            most=most,
        ),
        hint=say("Is it a switchboard's? Send one text to each number with: {command}", command=""),
        flags=("--one-per-number",),
    )
    if not is_retry:
        return refusal
    mend = say("Where that is meant, raise max_messages_per_number under [limits] in the config.")
    return refusal._replace(hint=mend, flags=())
