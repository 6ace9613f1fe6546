"""What every command says of the ledger: it lies elsewhere, is an older copy; a package is nearly used up."""

from collections.abc import Iterator
from pathlib import Path

from smsctl.cli import contents
from smsctl.cli.output import figures
from smsctl.cli.output.output import Output
from smsctl.config import places
from smsctl.config.settings import Mode, Settings
from smsctl.domain.package import Package, are_nearly_used
from smsctl.errors import LedgerError, Sentence, say, say_n
from smsctl.ledger import packages, restoring
from smsctl.ledger.store import Ledger


def tell(ledger: Ledger, settings: Settings, output: Output) -> None:
    """Tell what whoever reads in this ledger, or is about to send from it, should know.

    What was written in a ledger that may not be gone on with, a number on the block list, is lost with it:
    that is told also with --quiet.
    """
    for sentence in put_back(ledger):
        (output.warn if output.command in contents.TELLS_ONLY else output.insist)(sentence)
    if wrong := ledger.misbooked():
        output.warn(wrong.sentence)
    for sentence in _packages(ledger, settings):
        output.warn(sentence)


def tell_of_invoices(ledger: Ledger, output: Output) -> None:
    """Say, once, which invoices a mailing has made of which nobody was told: no run that still goes on.

    Its run was killed, or a delivery report has opened the package.
    """
    if not packages.any_invoice_untold(ledger):
        return
    from smsctl.ledger import invoices, lock  # seldom needed, and every command passes here

    told = []
    for one in invoices.untold(ledger):
        with lock.if_nobody_sends(ledger, one.reference) as over:
            told += [one] if over else []
    if not told:
        return
    output.warn(
        say_n(
            "A package was opened, and makes an invoice of {price} without VAT. See: smsctl invoices list",
            "{n} packages were opened, and make invoices of {price} without VAT. See: smsctl invoices list",
            n=len(told),
            price=figures.money(sum(one.price_ore for one in told)),
        )
    )
    if output.is_heard:
        invoices.are_told(ledger, told)


def must_lie_there(config: Settings) -> None:
    """Raise LedgerError where this config's ledger lies in an earlier place, and none in its own.

    And where it was on a server: a file does not know what was sent from there.
    """
    settings = config.ledger
    if config.mode is Mode.LIVE:
        restoring.refuse_on_server(settings.path, places.note_of_server(config.path))

    def earlier(*, rehearsed: bool) -> Iterator[Path]:
        for path in places.earlier_ledgers(config.path, settings.written):
            yield places.simulated(path) if rehearsed else path

    def mend(path: Path) -> Sentence:
        return say(
            'To keep that one, write under [ledger] in {config}: path = "{kept}". To begin anew:'
            ' path = "{anew}"',
            config=config.path,
            kept=path.with_name(path.name.replace(".simulate.db", ".db")),
            anew=settings.path,
        )

    restoring.refuse_elsewhere(settings.path, earlier(rehearsed=False), mend)
    if config.mode is Mode.SIMULATE:
        restoring.refuse_elsewhere(settings.simulate_path, earlier(rehearsed=True), mend)


def put_back(ledger: Ledger) -> Iterator[Sentence]:
    """Yield why nothing is sent from this ledger: it is an older one than was sent from."""
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
    """Yield a sentence for each active municipality whose packages are used beyond `warn_share`."""
    for key, municipality in settings.municipalities.items():
        found = packages.packages_of(ledger, key) if municipality.package_size else ()
        if not found or not are_nearly_used(found, settings.limits.warn_share):
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
