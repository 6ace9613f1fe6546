import pytest

from smsctl.domain.terms import has_accepted


@pytest.mark.parametrize(
    "cell",
    [
        *("ja\u00a0", "\u200bja", "Ｊａ", "２０２６-08-17"),
        *("ja", "JA", " Ja ", "yes", "Yes", "sant", "SANT", "true", "TRUE", "1", "x", "X"),
        *("j", "J", "y", "✓", "✔\ufe0f", "☑", "Godkänt", "godkänd", "Accepterat", "accepted", "Ja tack"),
        *("2026-08-17", "2026-8-7", " 2026-08-17 ", "20260817", "2026/08/17", "2026.08.17"),
        *("2026-08-17 10:15", "2026-08-17 10.15", "2026-08-17T10:15:00", "2026-08-17T10:15:00.123Z"),
        *("2026-08-17T10:15:00+02:00", "2026-08-17 10:15:00,5", "17/8/2026", "8/17/2026", "17.08.2026"),
        *("17-08-2026", "8/17/2026 10:15 AM", "2024-02-29"),
    ],
)
def test_yes_in_either_language_and_dates_are_accepted_terms(cell: str) -> None:
    assert has_accepted(cell) is True


@pytest.mark.parametrize(
    "cell",
    [
        *("", " ", "nej", "NEJ", "no", "No", "falskt", "FALSKT", "false", "FALSE", "0"),
        *("n", "N", "ej", "Nej tack", "Ej godkänt", "☐"),
    ],
)
def test_no_and_nothing_are_not(cell: str) -> None:
    assert has_accepted(cell) is False


@pytest.mark.parametrize(
    "cell",
    [
        *("kanske", "jaa", "?", "-", "2", "10", "sant?", "☒", "ja (återkallat)", "46251", "070-174 06 05"),
        *("2026-02-30", "2026-13-13", "2025-02-29", "31/4/2026", "2026-08", "2026", "202681", "2026-0817"),
        *("1900-01-01", "0001-01-01", "1970-01-01 00:00", "00/01/1900", "0000-00-00"),
        *("2026-08-17 i går", "2026-08-17 10"),
    ],
)
def test_anything_else_cannot_be_told(cell: str) -> None:
    assert has_accepted(cell) is None
