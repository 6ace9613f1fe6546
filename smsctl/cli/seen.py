"""Which municipalities' recipients whoever runs this may see: between authorities they are secret."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from smsctl.actions import sender_rights
from smsctl.actions.sender_rights import Person, SendRequest, lists_of, municipalities_seen, must_see
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.wiring import Wiring
from smsctl.domain.audience import AudienceRule
from smsctl.domain.mailing import Mailing
from smsctl.domain.municipality import Municipality
from smsctl.errors import say
from smsctl.host.users import groups_of
from smsctl.ledger import mailings
from smsctl.ledger.inbox import InboxRow


def seen_by(wiring: Wiring) -> frozenset[str] | None:
    """Return the keys of the municipalities that [senders] gives this user; None: all of them."""
    settings, user = wiring.settings, wiring.actor.user
    if not settings.senders:
        return None
    return municipalities_seen(settings.senders, Person(user, groups_of(user)), settings.municipalities)


def with_recipients(wiring: Wiring, mailing: int) -> Mailing:
    """Return a mailing whose recipients are told. RuleError: they are none of this user's business."""
    found = wiring.named(mailings.get(wiring.ledger, mailing))
    must_see(seen_by(wiring), wiring.actor.user, found)
    return found


def theirs(wiring: Wiring, mailing: int) -> Mailing:
    """Return a mailing that is decided about. RuleError: it is none of this user's business."""
    found = wiring.named(mailings.get(wiring.ledger, mailing))
    sender_rights.must_be_theirs(seen_by(wiring), wiring.actor.user, found)
    return found


def must_serve(wiring: Wiring, municipality: Municipality) -> None:
    """Raise RuleError where the service of a municipality is none of this user's business."""
    sender_rights.must_serve(seen_by(wiring), wiring.actor.user, municipality)


def must_see_all(wiring: Wiring) -> None:
    """Raise RuleError where this user may not see what people wrote for every municipality."""
    sender_rights.must_see_all(seen_by(wiring), wiring.actor.user)


def must_plan(wiring: Wiring, municipality: str, audience: AudienceRule, *, is_test: bool = False) -> None:
    """Raise RuleError where what a plan for a municipality tells is none of this user's business."""
    settings, user = wiring.settings, wiring.actor.user
    if settings.senders:
        request = SendRequest(municipality=municipality, audience=audience, parts=0, is_test=is_test)
        person = Person(user, groups_of(user))
        sender_rights.must_plan(settings.senders, person, request, settings.municipalities)


def must_purge(wiring: Wiring, municipality: str | None) -> None:
    """Raise RuleError where a purge of this municipality, or of all, is not this user's to order."""
    sender_rights.must_purge(seen_by(wiring), wiring.actor.user, municipality)


def as_told(wiring: Wiring, found: Iterable[Mailing]) -> Iterator[Mailing]:
    """Yield mailings as a list tells them: of another's not what chose its rows, as a name."""
    of = seen_by(wiring)
    if of is None:
        yield from found
        return
    from smsctl.ledger.purging import audience_without_values  # of use only where somebody is limited

    for one in found:
        is_theirs = sender_rights.sees(of, one)
        yield one if is_theirs else one._replace(audience=audience_without_values(one.audience))


def told(wiring: Wiring, mailing: Mailing) -> Mailing:
    """Return a mailing as its story, or a refusal, tells it; from another's nothing is sent."""
    return next(as_told(wiring, [wiring.named(mailing)]))


def incoming(wiring: Wiring, rows: Sequence[InboxRow]) -> Sequence[InboxRow]:
    """Return those incoming SMS that answer a municipality which this user may see."""
    seen = seen_by(wiring)
    if seen is None:
        return rows
    from smsctl.ledger import finding  # of use only where somebody is limited

    answered = finding.answered(wiring.ledger, rows)
    return [one for one in rows if answered.get(one.id) in seen]


def lists(wiring: Wiring, municipality: str | None, every: Collection[str] | None) -> Collection[str] | None:
    """Return the municipalities whose block list this user changes, named or not; `every`: all of them."""
    key = None if municipality is None else wiring.municipality(municipality)[1].key
    return lists_of(seen_by(wiring), wiring.actor.user, key, every)


def limits(wiring: Wiring, seen: frozenset[str] | None) -> list[Block]:
    """Return what stands above a list that leaves out other municipalities."""
    if seen is None:
        return []
    names = ", ".join(sorted(map(wiring.called, seen))) or "-"
    return [TextLine(say("By [senders] you see only: {names}", names=names), Tone.FAINT)]
