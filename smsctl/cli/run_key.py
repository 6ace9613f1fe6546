"""`--key`: a name under which a mailing is sent once, made anew for each slot of a crontab line."""

import re
from datetime import datetime

from smsctl.actions.draft import Wish
from smsctl.cli.render import figures, outcome
from smsctl.cli.render import mailings as listing
from smsctl.cli.render.blocks import Line
from smsctl.cli.reply import Reply
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Mailing, Tally
from smsctl.domain.message import COSTS, Status
from smsctl.errors import RuleError, Sentence, UsageError, say
from smsctl.ledger import mailings, purging
from smsctl.ledger.store import Ledger

_PLACE = r"\{([^{}]*)\}"
_LONGEST = 200


def expand(key: str, local_now: datetime) -> str:
    """Fill in {date}, {week}, {month} and {hour} on the config's clock; raise UsageError for any other."""
    year, week, _ = local_now.isocalendar()
    places = {
        "date": f"{local_now:%Y-%m-%d}",
        "week": f"{year}-W{week:02d}",
        "month": f"{local_now:%Y-%m}",
        "hour": f"{local_now:%Y-%m-%dT%H}",
    }
    unknown = [place for place in re.findall(_PLACE, key) if place not in places]
    if unknown or not key.strip() or len(key) > _LONGEST:
        raise UsageError(
            say("--key {key} is no usable name.", key=key[:_LONGEST]),
            hint=say("Use a short name; in braces only: date, week, month, hour."),
        )
    return re.sub(_PLACE, lambda found: places[found[1]], key)


def begun(wiring: Wiring, key: str, wish: Wish, gateway: Gateway, *, dry_run: bool) -> Reply | None:
    """Go on with what was begun under this key; None when nothing was.

    A dry run says what would be done. Raises RuleError for another text, audience or municipality.
    """
    ledger = wiring.ledger_as_it_is(wiring.settings.ledger_path) if dry_run else wiring.ledger
    found = mailings.of_key(ledger, key) if ledger else None
    if ledger is None or found is None:
        return None
    mailing = wiring.named(found)
    _must_be_the_same(ledger, mailing, key, wish)
    tally = mailings.tally(ledger, mailing)
    data = {
        **listing.data(mailing, tally),
        **outcome.data(mailing, tally, mailings.skipped_counts(ledger, mailing.id)),
    }
    if dry_run:
        data = {name: one for name, one in data.items() if name != "outcome"} | {"dry_run": True}
    if not tally.states.get(Status.PENDING) and (dry_run or not _may_settle(wiring, mailing, tally)):
        return _told(_done(mailing, key, tally), data, mailing, tally)
    if dry_run:
        would = say(
            "Mailing {id} was begun under the key {key}: {counted}. A real run goes on with it.",
            **_values(mailing, key, tally),
        )
        return _told(would, data, mailing, tally)
    from smsctl.cli.resuming import go_on

    return go_on(wiring, mailing, gateway, wish.ceilings, urgent=wish.quiet_hours is None)


def _must_be_the_same(ledger: Ledger, mailing: Mailing, key: str, wish: Wish) -> None:
    hint = say("Choose another key for another mailing.")
    rule, municipality = wish.audience.rule, wish.municipality.key
    is_purged = not mailing.letter.text.body
    kept = purging.audience_without_values(rule) if is_purged else rule
    same_text = mailings.has_text(ledger, mailing, wish.letter.text.body)
    if not same_text or (kept, municipality) != (mailing.audience, mailing.municipality.key):
        raise RuleError(
            say(
                "Mailing {id} was sent under the key {key} with another text or to another audience.",
                id=mailing.id,
                key=key,
            ),
            hint=hint,
        )
    if kept != rule:
        raise RuleError(
            say(
                "Mailing {id} was sent under the key {key} and is purged since: nobody can tell whether it"
                " was to the same audience.",
                id=mailing.id,
                key=key,
            ),
            hint=hint,
        )


def _may_settle(wiring: Wiring, mailing: Mailing, tally: Tally) -> bool:
    from smsctl.cli import dedup  # most runs are under a new key

    return dedup.may_settle(wiring, mailing, tally)


def _done(mailing: Mailing, key: str, tally: Tally) -> Sentence:
    if COSTS & tally.states.keys():
        return say(
            "Mailing {id} was already sent under the key {key}: {counted}.", **_values(mailing, key, tally)
        )
    return say(
        "Mailing {id} has used the key {key}, and nothing of it was sent: {counted}. To send it after all,"
        " choose another key.",
        **_values(mailing, key, tally),
    )


def _values(mailing: Mailing, key: str, tally: Tally) -> dict[str, object]:
    return {"id": mailing.id, "key": key, "counted": figures.counted(tally.states) or say("nothing to send")}


def _told(sentence: Sentence, data: dict[str, object], mailing: Mailing, tally: Tally) -> Reply:
    steps = map(Line, outcome.next_steps(mailing, tally.states))
    return Reply(data=data, screen=[Line(sentence), *steps], summary=sentence)
