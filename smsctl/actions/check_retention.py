"""What the doctor finds of disposal: purges that were broken off or never run, and words with numbers."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from smsctl.actions.check import Finding, Level
from smsctl.actions.retention import regimes
from smsctl.config.settings import Settings
from smsctl.domain.moment import Moment
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import Sentence, say, say_n
from smsctl.ledger import blanking, purging
from smsctl.ledger.store import Ledger

_LATE_DAYS = 31
"""Beyond its age: a purge that runs once a month is not late."""


def check_retention(
    ledger: Ledger | None, settings: Settings, moment: Moment, before: Callable[[timedelta], str]
) -> Iterator[Finding]:
    """Look whether what is to be removed is removed; `before` returns the moment that long ago."""
    found = [*_wanting(ledger, settings, moment, before)] if ledger else []
    for text, mend in found:
        yield Finding(Level.WARNING, text=text, mend=mend)
    if not any(one.retention.days for one in regimes(settings)):
        told = say("The config says of no data how old it may be.")
        yield Finding(Level.SKIPPED, text=told)
    elif not found:
        told = say("No personal data waits for a purge.")
        yield Finding(Level.OK, text=told)


def _wanting(
    ledger: Ledger, settings: Settings, moment: Moment, before: Callable[[timedelta], str]
) -> Iterator[tuple[Sentence, Sentence]]:
    if purging.unfinished(ledger) is not None:
        yield say("A purge was broken off, or is under way."), say("End it with: smsctl purge")
    for regime in regimes(settings):
        days, named = regime.retention.days, regime.municipality
        late = before(timedelta(days=days + _LATE_DAYS)) if days else ""
        if n := len(purging.due(ledger, late, regime.reach, moment).mailings):
            text = say_n(
                "{n} mailing should have been purged a month ago.",
                "{n} mailings should have been purged a month ago.",
                n=n,
            )
            yield text, _purge(named)
    for gone in purging.of_nobody_known(ledger, settings.municipalities):
        text = say("The ledger has mailings of {key}, which the config does not know.", key=gone)
        mend = say(
            'Run: smsctl purge --municipality {key} --older-than 90d --decision "KS 2026/123"', key=gone
        )
        yield text, mend
    if n := sum(veil_numbers(one.text) != one.text for one in blanking.written(ledger)):
        yield (
            say_n("{n} reason or key may hold a number.", "{n} reasons or keys may hold a number.", n=n),
            say("See them, and blank them by id: smsctl purge --written"),
        )


def _purge(municipality: str | None) -> Sentence:
    if municipality is None:
        return say("Run: smsctl purge")
    return say("Run: smsctl purge --municipality {municipality}", municipality=municipality)
