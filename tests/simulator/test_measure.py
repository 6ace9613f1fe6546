"""The length of a text: wire/sms-length.md, "Examples"."""

import pytest

from smsctl.simulator.measure import AirEncoding, is_gsm, parts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 918, 6),
        ("a" * 919, 7),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 305, 4),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("я" * 66 + "😀" + "я" * 66, 3),
        ("я" * 402, 6),
        ("я" * 403, 7),
    ],
)
def test_a_text_takes_so_many_parts(text: str, count: int) -> None:
    encoding = AirEncoding.GSM7 if is_gsm(text) else AirEncoding.UCS2
    assert parts(text, encoding, 153 if encoding is AirEncoding.GSM7 else 67) == count


@pytest.mark.parametrize("text", ["åäöÅÄÖéÉàüÇ", "€[]{}\\^~|\f", "\r\n", "ΔΦΓΛΩΠΨΣΘΞ", "@£$¥¿¡§¤"])
def test_gsm_holds_these(text: str) -> None:
    assert is_gsm(text)


@pytest.mark.parametrize("character", "áíóúêëç`\t–—”“…•\u00a0\u00ad🙂я\x1b\u030a")
def test_gsm_does_not_hold_these(character: str) -> None:
    assert not is_gsm(character)
