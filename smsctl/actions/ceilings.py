"""The ceilings of a mailing: what was asked for goes before the config."""

from smsctl.config.settings import LimitsSettings
from smsctl.domain.mailing import Ceilings


def ceilings_for(
    limits: LimitsSettings, max_parts: int | None, max_new_packages: int | None, *, is_attended: bool
) -> Ceilings:
    """Return the ceilings; where nobody is asked and none was set, no package opens."""
    new_packages = limits.max_new_packages if max_new_packages is None else max_new_packages
    if new_packages is None and not is_attended:
        new_packages = 0
    return Ceilings(
        max_parts=limits.max_parts_per_run if max_parts is None else max_parts,
        max_parts_per_day=limits.max_parts_per_day,
        max_new_packages=new_packages,
    )
