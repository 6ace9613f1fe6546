"""Whether a mailing needs a second person, and whether anybody can tell who the first one is."""

from collections.abc import Iterator, Mapping, Sequence

from smsctl.config.settings import Settings
from smsctl.domain import approval
from smsctl.domain.approval import ApprovalTerms
from smsctl.domain.headings import fold
from smsctl.domain.moment import Actor, Moment
from smsctl.domain.plan import Bill, LetterOrder
from smsctl.domain.rules import Refusal, Rule
from smsctl.errors import say
from smsctl.ledger import approvals, mailings
from smsctl.ledger.store import Ledger

AFTER = "after"
_DECIDING = ("accepted_terms", "group", "municipality", "protected", "sheet")


def terms_for(settings: Settings, municipality: str) -> ApprovalTerms | None:
    """Return above how many messages a municipality's mailings wait; None: it asks for no second person."""
    own = settings.municipalities.get(municipality)
    above = own.approval_above if own and own.approval_above is not None else settings.approval.above
    return None if above is None else ApprovalTerms(above=above, expires=settings.approval.expires)


def slot_of(
    key: str | None, order: LetterOrder, columns: Mapping[str, Sequence[str]], *, again: bool, urgent: bool
) -> str | None:
    """Return a hash of what the slots of a key have in common; None where it is the same each time, or none.

    The text is part of it, so that nobody guesses a key or an audience out of it once the text is purged.
    Of the `columns` that are named, those are part of it that decide who gets a message; the order has the
    numbers', and neither the name's nor the cost centre's is one.
    """
    if key is None or "{" not in key:
        return None
    alike = (
        key,
        order.letter.text.body,
        order.letter.sender,
        str(order.audience),
        order.municipality.key,
        order.source,
        order.number_column.partition("\n")[0],
        order.terms_required,
        again,
        urgent,
    )
    named = [(name, [*map(fold, columns[name])]) for name in _DECIDING if columns.get(name)]
    return mailings.body_hash(repr((*alike, named) if named else alike))


def leaves_at_once(settings: Settings, *, urgent: bool, attended: bool) -> bool:
    """Say whether an urgent mailing leaves before it is approved: where a person on a terminal says so."""
    return urgent and attended and settings.approval.urgent == AFTER


def of_a_new_one(
    settings: Settings,
    ledger: Ledger | None,
    bill: Bill,
    body: str,
    slot: str | None,
    *,
    now: Moment,
    actor: Actor,
) -> Iterator[Refusal]:
    """Yield what is told of a mailing that would wait; and the refusal where nobody can tell who asks.

    `slot`: a yes for every time holds for the later slots of its key.
    """
    municipality = bill.payer.key
    terms = terms_for(settings, municipality)
    if terms is None or not bill.messages:
        return
    before = approvals.same_text(ledger, municipality, mailings.body_hash(body), now) if ledger else 0
    counted = bill.messages + before
    if counted <= terms.above:
        return
    terms = terms._replace(slot=slot, new_packages=bill.new_packages)
    if not (ledger and approvals.for_every_slot(ledger, terms, counted, now, actor)):
        beyond = approvals.beyond(ledger, slot, now) if ledger else None
        yield approval.to_be_asked(terms.above, counted, beyond)
    if actor.unsure:
        yield unsure(actor)


def unsure(actor: Actor) -> Refusal:
    """Return the refusal of somebody whose name is only said: two people could be one."""
    return Refusal(
        rule=Rule.SENDER,
        sentence=say(
            "Nobody can tell who this is: {user} was not logged in, and says to be {claim}.",
            user=actor.user,
            claim=actor.claim,
        ),
        hint=say("Log in by yourself, where pam_loginuid keeps who it is; or run it as root through sudo."),
    )
