"""The ceilings of a mailing: what was asked for goes before the config."""

from smsctl.config.settings import Settings
from smsctl.domain.mailing import Ceilings


def ceilings_for(
    settings: Settings,
    municipality: str,
    max_parts: int | None,
    max_new_packages: int | None,
    *,
    is_attended: bool,
) -> Ceilings:
    """Return the ceilings; where nobody is asked and none was set, no package opens."""
    limits = settings.limits
    new_packages = limits.max_new_packages if max_new_packages is None else max_new_packages
    if new_packages is None and not is_attended:
        new_packages = 0
    max_parts = limits.max_parts_per_run if max_parts is None else max_parts
    return by_time(settings, municipality)._replace(max_parts=max_parts, max_new_packages=new_packages)


def by_time(settings: Settings, municipality: str) -> Ceilings:
    """Return the ceilings of a day and of a month, which are the config's also for what was begun earlier."""
    own = settings.municipalities.get(municipality)
    most = own.max_cost_per_month_ore if own else None
    return Ceilings(
        max_parts_per_day=settings.limits.max_parts_per_day,
        max_cost_per_month_ore=settings.limits.max_cost_per_month_ore if most is None else most,
    )
