"""Every screen is as it was when somebody read it: two languages, three widths, and a dumb terminal."""

import difflib
import io
import re

import pytest

from smsctl.cli.output.stream import Stream

from ..kept_screens import LANGUAGES, LOOKS, example, kept, screens

BARS = re.compile("[█░]+ *")
TO_BE_COPIED = re.compile(r"^\$ |^30 [78] |(: smsctl .*|--max-parts \d+)$")


def lines(spoken: str, look: str) -> list[str]:
    return kept(spoken, look).read_text(encoding="utf-8").splitlines()


def test_the_screens_are_those_that_were_read() -> None:
    changed: list[str] = []
    with example() as today:
        for spoken in LANGUAGES:
            for look in LOOKS:
                seen = screens(today, spoken, look).splitlines()
                changed += difflib.unified_diff(
                    lines(spoken, look), seen, f"{spoken}-{look}", n=1, lineterm=""
                )
    assert changed == [], "read what has changed; then: python -m tests.kept_screens"


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_no_line_is_wider_than_its_terminal_but_what_is_to_be_copied(spoken: str) -> None:
    for look in ("80", "200"):
        wide = [line for line in lines(spoken, look) if len(line) > int(look)]
        assert [line for line in wide if not TO_BE_COPIED.search(line)] == []


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_what_a_bar_shows_stands_beside_it_in_figures(spoken: str) -> None:
    told = [BARS.sub("", line).rstrip() for line in lines(spoken, "80") if BARS.search(line)]
    aloud = lines(spoken, "dumb")
    assert not [line for line in aloud if BARS.search(line)]
    assert len(told) == 5  # a package, and the months of two municipalities
    assert set(told) <= set(aloud)
    assert [line for line in told[1:] if not re.search(r"\d,\d\d kr$", line)] == []


@pytest.mark.parametrize("page", ["cp437", "cp850", "cp1252"])
@pytest.mark.parametrize("spoken", LANGUAGES)
def test_a_code_page_of_windows_shows_every_screen(spoken: str, page: str) -> None:
    for look in ("80", "dumb"):
        text = kept(spoken, look).read_text(encoding="utf-8")
        written = io.TextIOWrapper(io.BytesIO(), encoding=page, newline="")
        Stream(written).write(text)
        written.seek(0)
        shown = written.read()
        assert list(map(len, shown.splitlines())) == list(map(len, text.splitlines()))
        assert shown.count("?") == text.count("?")
        assert re.findall("[åäöÅÄÖ]", shown) == re.findall("[åäöÅÄÖ]", text)
