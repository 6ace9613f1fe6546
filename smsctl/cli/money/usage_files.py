"""The files of `smsctl usage`: a line for each month, package, mailing or cost centre; and the page."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from smsctl.cli.money import cost_centres
from smsctl.cli.money import usage_fields as fields
from smsctl.cli.money.usage_words import Account
from smsctl.cli.output.blocks import Block
from smsctl.cli.output.export import write_csv, write_text
from smsctl.cli.output.phrases import written
from smsctl.cli.wiring import Wiring
from smsctl.domain.moment import Period


class By(StrEnum):
    """What a line of the file tells of."""

    MONTH = "month"
    PACKAGE = "package"
    MAILING = "mailing"
    COST_CENTRE = "cost-centre"


class UsageFiles(NamedTuple):
    """What is to be written."""

    by: By
    csv: Path | None
    html: Path | None
    replace: bool


def write(
    wiring: Wiring, accounts: Sequence[Account], period: Period, files: UsageFiles
) -> tuple[list[Block], str | None]:
    """Write the files that are asked for; return what is told of them, and what is printed instead."""
    told, pages = list[Block](), list[str | None]()
    if files.csv:
        pages.append(_csv(wiring, accounts, files.csv, files))
        told.append(written(files.csv))
    if files.html:
        from smsctl.cli.money import usage_page  # few ask for it

        made, zone = wiring.clock.now().at, wiring.settings.time_zone
        page = usage_page.page(accounts, period, made, zone, simulated=wiring.simulated)
        pages.append(write_text(files.html, page, replace=files.replace))
        told.append(written(files.html))
    return told, "".join(filter(None, pages)) or None


def _csv(wiring: Wiring, accounts: Sequence[Account], path: Path, files: UsageFiles) -> str | None:
    replace = files.replace
    match files.by:
        case By.MONTH:
            months = [month for one in accounts for month in fields.months_of(one)]
            return write_csv(path, fields.MONTH_IN_A_FILE, months, replace=replace)
        case By.PACKAGE:
            packages = [(one, line) for one in accounts for line in one.packages]
            return write_csv(path, fields.package_in_a_file(), packages, replace=replace)
        case By.MAILING:
            mailings = [(one, listed) for one in accounts for listed in one.mailings]
            columns = fields.mailing_in_a_file(mailings, wiring.settings.time_zone)
            return write_csv(path, columns, mailings, replace=replace)
        case By.COST_CENTRE:
            lines = [line for one in accounts for line in one.cost_centres]
            return write_csv(path, cost_centres.fields(wiring.called), lines, replace=replace)
