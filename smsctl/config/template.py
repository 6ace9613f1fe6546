"""The config file that `smsctl config init` writes: the keys that were set, each with its help.

Every other key has its default; the reference lists them.
"""

from collections.abc import Iterator, Mapping

from smsctl.config.keys import BY_SECTION, Section, section_of
from smsctl.config.show import bare_or_quoted, spelled

_HEAD = """\
# The settings of smsctl. Nothing leaves this machine until mode is "live".
# Every key that may stand here, what it is for and its default: docs/reference/config.md.
# `smsctl config show` prints what is in force, `smsctl config check` reads this file through.
# Paths are relative to this file.
"""
_COMMENT_AT = 40


def text_of(values: Mapping[Section, object]) -> str:
    """Return the text of a config file in which these keys, by their full names, have these values."""
    order = list(BY_SECTION)
    places = sorted({path[:-1] for path in values}, key=lambda place: order.index(section_of(place) or place))
    return "\n".join([_HEAD, *(line for place in places for line in _section(place, values))]).rstrip() + "\n"


def _section(place: Section, values: Mapping[Section, object]) -> Iterator[str]:
    if place:
        yield f"[{'.'.join(map(bare_or_quoted, place))}]"
    for key in BY_SECTION[section_of(place) or place].values():
        value = values.get((*place, key.name))
        if value is not None:
            left = f"{key.name} = {spelled(value)}"
            yield f"{left:<{_COMMENT_AT - 1}} # {key.help}"
    yield ""
