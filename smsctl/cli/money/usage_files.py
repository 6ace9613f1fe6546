"""The files of `smsctl usage`: a line for each month, package, mailing or cost centre; and the page."""

from collections.abc import Sequence
from pathlib import Path

from smsctl.cli.money import cost_centres
from smsctl.cli.money import usage_fields as fields
from smsctl.cli.money.usage_words import Account
from smsctl.cli.output.blocks import Block
from smsctl.cli.output.export import write_csv, write_text
from smsctl.cli.output.phrases import written
from smsctl.cli.wiring import Wiring
from smsctl.domain.moment import Period


def write(
    wiring: Wiring,
    accounts: Sequence[Account],
    period: Period,
    by: str,
    *,
    csv: Path | None,
    html: Path | None,
    replace: bool,
) -> tuple[list[Block], str | None]:
    """Write the files that are asked for; return what is told of them, and what is printed instead.

    `by`: what a line of the first tells of, as it is typed.
    """
    told, pages = list[Block](), list[str | None]()
    if csv:
        pages.append(_csv(wiring, accounts, by, csv, replace=replace))
        told.append(written(csv))
    if html:
        from smsctl.cli.money import usage_page  # few ask for it

        made, zone = wiring.clock.now().at, wiring.settings.time_zone
        page = usage_page.page(accounts, period, made, zone, simulated=wiring.simulated)
        pages.append(write_text(html, page, replace=replace))
        told.append(written(html))
    return told, "".join(filter(None, pages)) or None


def _csv(wiring: Wiring, accounts: Sequence[Account], by: str, path: Path, *, replace: bool) -> str | None:
    match by:
        case "month":
            months = [month for one in accounts for month in fields.months_of(one)]
            return write_csv(path, fields.MONTH_IN_A_FILE, months, replace=replace)
        case "package":
            packages = [(one, line) for one in accounts for line in one.packages]
            return write_csv(path, fields.package_in_a_file(), packages, replace=replace)
        case "mailing":
            mailings = [(one, listed) for one in accounts for listed in one.mailings]
            columns = fields.mailing_in_a_file(mailings, wiring.settings.time_zone)
            return write_csv(path, columns, mailings, replace=replace)
    lines = [line for one in accounts for line in one.cost_centres]
    return write_csv(path, cost_centres.fields(wiring.called), lines, replace=replace)
