"""What every input must come to: a sentence and a documented code, no secret and no whole number told."""

import binascii
import re
from collections.abc import Collection

from smsctl.errors import ExitCode

from ..front_door import Ran

CANARY = "canary-of-the-fuzzers"
_DOCUMENTED = {int(code) for code in ExitCode} - {int(ExitCode.BUG)}
_WHOLE = re.compile(
    r"(?:\+46|0046|\b0)[\s-]?70[\s-]?174[\s-]?06[\s-]?(?!05)\d\d"
)  # 05 is in the advice how to write one


def faults(ran: Ran, *, codes: Collection[int] = _DOCUMENTED, numbers: bool = True) -> list[str]:
    """Return what is wrong with how a command ended."""
    found = []
    if "Traceback" in ran.said:
        found.append("a traceback")
    if ran.code not in codes:
        found.append(f"exit {ran.code}")
    if ran.code and not ran.said.strip():
        found.append("no word")
    if CANARY in ran.said or any(CANARY.encode() in _read(word) for word in _BASE64.findall(ran.said)):
        found.append("a secret")
    if numbers and (whole := _WHOLE.search(ran.said)):
        found.append(f"a whole number: {whole[0]}")
    return found


def _read(word: str) -> bytes:
    """Return what a word holds where it is base64, as logins are sent."""
    try:
        return binascii.a2b_base64(f"{word}===")
    except binascii.Error:
        return b""


_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}")
