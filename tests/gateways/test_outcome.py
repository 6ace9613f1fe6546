"""What a gateway says, made fit for screens and logs."""

import base64

import pytest

from smsctl.gateways.outcome import quoted


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('{"recipient": "+46701740605", "x', '{"recipient": "+4670*****05", "x'),
        ("<RCV>46701740605</RCV>", "<RCV>*********05</RCV>"),
        ("0046701740605@sms.example", "004********05@sms.example"),
        ("to=%2B46701740605", "to=%2B*********05"),
        ("HTTP 500 after 90 s, code 4711", "HTTP 500 after 90 s, code 4711"),
    ],
)
def test_a_number_that_it_echoes_is_hidden(said: str, shown: str) -> None:
    assert quoted(said, "") == shown
    assert quoted(said.encode(), "") == shown


def test_a_number_at_the_cut_is_hidden_too() -> None:
    assert "4670174" not in quoted("x" * 290 + " +46701740605", "")


@pytest.mark.parametrize("before", ["demo:", "\0demo\0", ""])
def test_a_login_that_is_repeated_as_it_travelled_is_hidden(before: str) -> None:
    sent = base64.b64encode(f"{before}canary-of-the-tests".encode()).decode()
    for letters in ("", "u0000", "x", "xy"):
        said = quoted(f"501 cannot decode {letters}{sent}.", "canary-of-the-tests")
        assert said == "501 cannot decode ***."


@pytest.mark.parametrize("unseen", ["\0", "\x7f", "\x9b", "\u200b", "\u202e", "\xad"])
def test_what_nobody_sees_parts_neither_a_secret_nor_a_number(unseen: str) -> None:
    said = f"no canary-{unseen}of-the-tests for +467017{unseen}40605"
    assert quoted(said, "canary-of-the-tests") == "no *** for +4670*****05"
