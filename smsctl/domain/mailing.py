"""A mailing as the ledger holds it: one frozen text to one audience, and what has come of it."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from smsctl.domain.message import Letter, Status
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import Draw, PackageTerms, share_ore

if TYPE_CHECKING:  # what `usage` does without
    from smsctl.domain.audience import AudienceRule
    from smsctl.domain.text import TextSize


class Ceilings(NamedTuple):
    """What a run may not exceed; None is no ceiling."""

    max_parts: int | None = None
    max_parts_per_day: int | None = None
    max_cost_per_month_ore: int | None = None  # without VAT
    max_new_packages: int | None = None
    max_parts_per_day_of_user: int | None = None  # of all mailings of whoever began this one


class Label(NamedTuple):
    """What a mailing is called, so that ten to the same audience can be told apart."""

    title: str | None = None  # goes with the text when that is purged
    case: str | None = None  # of the register of public records (diarienummer)


class CarriedRow(NamedTuple):
    """The kept cells of one row, in the order of their headings."""

    row: int
    cells: Sequence[str]


class Carried(NamedTuple):
    """What is kept of the rows of a mailing, and under which headings."""

    headings: tuple[str, ...] = ()
    rows: Iterable[CarriedRow] = ()


class CostShare(NamedTuple):
    """How many of a mailing's messages a cost centre is charged for; they stand together."""

    cost_centre: str  # "": none
    messages: int


class Mailing(NamedTuple):
    """One mailing. Its messages have ids from `first_message` on, without gaps."""

    id: int
    reference: str  # unique over ledgers; the stem of every message's and batch's reference
    kind: str  # send or test
    municipality: Municipality  # with the rate frozen when the mailing was made
    gateway: str
    letter: Letter
    size: "TextSize"
    audience: "AudienceRule"
    source: str | None
    rows: int
    first_message: int
    messages: int
    ceilings: Ceilings
    created_at: str
    created_day: str
    created_by: str
    run_key: str | None = None
    again: bool = False  # also to people who have had this text
    urgent: bool = False  # also in quiet hours
    over_day: bool = False  # also beyond the ceilings of the day
    number_column: str | None = None  # and what else a key goes with; None: not stored
    audience_rows: int | None = None  # of the file; None: made before they were counted
    terms_required: bool = True
    label: Label = Label()
    personal: bool = False  # each message has its own text; `letter` has the template, `size` the dearest
    cancelled_at: str | None = None  # by a person; nothing of it is sent any more
    account: str | None = None  # at the gateway, that pays for it; None: nothing has left, or not noted
    half_cancelled: bool = False  # a person has cancelled it, and not all of it is cancelled yet
    retry_of: int | None = None  # the mailing whose text it has, for those whom that did not reach

    @property
    def last_message(self) -> int:
        """The id of the last message."""
        return self.first_message + self.messages - 1

    @property
    def span(self) -> tuple[int, int]:
        """The ids of the first message and of the last."""
        return self.first_message, self.last_message

    def message_reference(self, message: int) -> str:
        """Return the reference that travels with the message to the gateway and back in its report."""
        return self.message_references((message,))[0]

    def message_references(self, messages: Iterable[int]) -> list[str]:
        """Return the references of many messages."""
        reference, before = self.reference, self.first_message - 1
        return [f"{reference}-{message - before}" for message in messages]


class MailingTotals(NamedTuple):
    """What has come of a mailing: messages by state, and the parts and money it has drawn."""

    states: Mapping[Status, int]
    draws: tuple[Draw, ...]
    reserved_parts: int
    rate: PackageTerms | None = None  # the frozen price of parts; None: not known
    state_parts: Mapping[Status, int] = MappingProxyType({})  # of the messages in each state

    @property
    def cost_ore(self) -> int | None:
        """What the drawn parts cost without VAT, rounded once per package; None where no price is known."""
        if self.rate is None:
            return None
        inside = sum(one.cost_ore for one in self.draws if one.size)
        outside = sum(one.parts for one in self.draws if not one.size)
        return inside + share_ore(outside, self.rate.size, self.rate.price_ore)

    @property
    def parts(self) -> int:
        """Parts that cost: drawn, and reserved for what is on the wire."""
        return sum(one.parts for one in self.draws) + self.reserved_parts
