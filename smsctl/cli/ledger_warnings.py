"""What every command says on its way out: the ledger is an older copy; a package is nearly used up."""

from collections.abc import Iterator

from smsctl.cli.output import figures
from smsctl.config.settings import Settings
from smsctl.domain.package import Package
from smsctl.errors import LedgerError, Sentence, say, say_n
from smsctl.ledger import packages, restoring
from smsctl.ledger.store import Ledger


def warnings(ledger: Ledger, settings: Settings) -> Iterator[Sentence]:
    """Yield what whoever reads in this ledger, or is about to send from it, should know."""
    yield from _restored(ledger)
    yield from _packages(ledger, settings)


def _restored(ledger: Ledger) -> Iterator[Sentence]:
    try:
        restored = restoring.found_restored(ledger)
    except LedgerError as error:
        yield error.sentence
        return
    if restored:
        yield say(
            "{why} Nothing is sent until a person has accepted it: smsctl ledger accept-restore --reason"
            " TEXT",
            why=restored.why,
        )


def _packages(ledger: Ledger, settings: Settings) -> Iterator[Sentence]:
    """Yield a sentence for each active municipality whose newest package is used beyond `warn_share`."""
    for key, municipality in settings.municipalities.items():
        found = packages.packages_of(ledger, key) if municipality.package_size else ()
        if not found or not found[-1].is_nearly_used(settings.limits.warn_share):
            continue
        from smsctl.ledger import municipalities  # seldom needed, and every command passes here

        if municipalities.is_active(ledger, key):
            yield _nearly_used(municipality.name, found[-1], sum(one.left for one in found))


def _nearly_used(name: str, newest: Package, left: int) -> Sentence:
    if left <= 0:
        return say(
            "{name}: package {number} is used up; the next part opens a package, and makes an invoice.",
            name=name,
            number=newest.number,
        )
    return say_n(
        "{name}: {percent} of package {number} is used; {count} part is left.",
        "{name}: {percent} of package {number} is used; {count} parts are left.",
        n=left,
        name=name,
        percent=figures.percent(newest.size - newest.left, newest.size),
        number=newest.number,
        count=figures.count(left),
    )
