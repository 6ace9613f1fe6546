"""The config file that `smsctl config init` writes: every key with its help, out of the one table of keys.

What was answered is in force. Every other key stands behind a #, with its default where it has one.
"""

import json
import re
from collections.abc import Iterator, Mapping

from smsctl.config.keys import ANY, BY_SECTION, Key, Section
from smsctl.config.kinds import TEXT

_HEAD = """\
# The settings of smsctl. Nothing leaves this machine until mode is "live".
# `smsctl config check` reads this file through; `smsctl config show` prints what is in force.
# A line that begins with # is not in force; what it shows is the default, or what fits there.
# Paths are relative to this file.
"""
_ABOUT: Mapping[Section, str] = {
    ("gateway",): "The gateway: the same settings as in SuperOffice Service.",
    ("gateway", "password"): "Where the password is kept; never the password itself.",
    ("gateway", "proxy_password"): "Where the password for the proxy is kept, if it wants one.",
    ("smtp",): "The site's own mail server: for Intelecom by e-mail, and for notices.",
    ("municipalities", ANY): "Who orders, sends and pays. One section each.",
    ("municipalities", ANY, "retention"): "Its own disposal decision, where it has one.",
    ("columns",): "Which column is which, where the file's own headings are not recognised.",
    ("ledger",): "The record of what was sent.",
    ("retention",): "Personal data is removed only by `smsctl purge`, and under a decision.",
    ("notify",): "Who hears of a run without a terminal that did not end well.",
    ("reports",): "Delivery reports and incoming SMS.",
    ("reports", "secret"): "The secret part of the listener's path, kept as the password is.",
    (
        "senders",
        ANY,
    ): "Who may send: users of this machine, and groups with an @. It guards against mistakes.",
}
_STAND_IN = {"municipalities": "exempelkommun", "senders": "@smsctl"}  # where no name was chosen
_NOT_WRITTEN = {"extra"}  # a section of its own, for a gateway added from outside
_COMMENT_AT = 40
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def text_of(values: Mapping[Section, object]) -> str:
    """Return the text of a config file in which these keys, by their full names, have these values."""
    lines = [_HEAD]
    for section in filter(BY_SECTION.get, BY_SECTION):
        for place in _places(section, values):
            lines += _section(section, place, values)
    return "\n".join(lines).rstrip("\n") + "\n"


def _places(section: Section, values: Mapping[Section, object]) -> tuple[Section, ...]:
    """Return the sections of the file that go by this section of the table."""
    if ANY not in section:
        return (section,)
    named = dict.fromkeys(path[1] for path in values if path[0] == section[0] and len(path) > 2)  # noqa: PLR2004
    return tuple((section[0], name, *section[2:]) for name in named or (_STAND_IN[section[0]],))


def _section(section: Section, place: Section, values: Mapping[Section, object]) -> Iterator[str]:
    keys = [key for key in BY_SECTION[section].values() if key.name not in _NOT_WRITTEN]
    if place:
        # A section that would not load as it stands, or is nobody's, is not in force either.
        needed = section[:1] == ("smtp",) or ANY in section
        off = needed and not any(path[: len(place)] == place for path in values)
        if section in _ABOUT:
            yield f"# {_ABOUT[section]}"
        yield f"{'# ' if off else ''}[{'.'.join(map(_name, place))}]"
    for key in keys:
        yield _line(key, values.get((*place, key.name)))
    yield ""


def _line(key: Key, value: object) -> str:
    if value is not None:
        left = f"{key.name} = {_spelled(value)}"
    elif key.default is not None:
        left = f"# {key.name} = {_spelled(key.default)}"
    else:
        left = f"# {key.name} ="
    return f"{left:<{_COMMENT_AT - 1}} # {key.help}{_what_fits(key, left)}"


def _what_fits(key: Key, left: str) -> str:
    """Return what may be written, where the line does not show it."""
    words = key.kind.words
    shown = not left.endswith("=") and not words.startswith("one of")
    return "" if shown or key.kind is TEXT else f"; {words}"


def _spelled(value: object) -> str:
    # JSON spells texts, numbers, truth and lists of them as TOML does.
    return json.dumps(value, ensure_ascii=False)


def _name(name: str) -> str:
    return name if _BARE.fullmatch(name) else _spelled(name)
