"""Files and words of any bytes: every command ends with a sentence and a documented code."""

import random
import shlex
from pathlib import Path

import pytest

from ..conftest import MakeConfig
from ..front_door import Run
from .verdict import CANARY, faults, must_be_well

_ROWS = "Namn;Mobil;Grupp;Kommun;Godkänt villkor\nÅsa;0701740606;elever;Exempelkommun;ja\n"
_REPORT = '[{"clientReference": "x-1", "msisdn": "+46701740606", "messageId": "m", "statusCode": 0}]'
_PLUGIN = f"intele_serviceId = 4711\nintele_username = demo\nintele_password = {CANARY}\n"
_CONFIG = 'mode = "simulate"\n[gateway]\nmodule = "intelecom"\n[municipalities.x]\nname = "X"\n'
SEEDS = {
    "recipients": ("recipients check --recipients FILE", _ROWS),
    "text": ("send FILE --all --dry-run", "Hej på er, kl. 10 på måndag {5} €\n"),
    "reports": ("reports import FILE", _REPORT),
    "block": ("block import FILE", "Mobil\n0701740607\n+46701740606\n"),
    "supplier": ("invoices compare FILE", "month;parts\n2026-11;3\n"),
    "plugin": ("config import FILE", _PLUGIN),
    "config": ("--config FILE usage", _CONFIG),
}
PIECES = (
    *(b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf", b'"', b";", b"\n", b"\r", b"[", b"{" * 50, b"\\ud800"),
    *(b"{n}", b"\x1b[2J", "\u202e".encode(), b"1" * 400, b"9" * 30, b"=", b"-", b"<a>", b"&x;", b"%s"),
)
WORDS = (
    *("send", "test", "usage", "--json", "--all", "--group", "--where", "=", "+46701740606", "x", "", "--"),
    *("--help", "--column", "number=x", "--at", "99:99", "--max-parts", "-1", "1e9", "--key", "{date}", "{"),
    *("mailings", "show", "0", "99999999999999999999", "purge", "--older-than", "3q", "audit", "--most"),
    *("schedule", "--since", "2026-13", "recipients", "check", "ledger", "block", "add", "inbox", "list"),
    *("--reason", "\x00", "å" * 300, "--config="),
)


def mutated(seed: bytes, dice: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0:
                data[at:at] = dice.choice(PIECES)
            case 1:
                del data[at : at + dice.randrange(1, 8)]
            case 2:
                data[at:at] = data[: dice.randrange(1, 40)]
            case _ if at < len(data):
                data[at] = dice.randrange(256)
    return bytes(data)


@pytest.fixture
def config(make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_config(gateway={"password": {"source": "file", "path": "secret"}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCTL_CONFIG", str(path))
    return path


@pytest.mark.parametrize("kind", SEEDS)
def test_a_file_of_any_bytes_gets_a_sentence(
    kind: str, config: Path, run: Run, dice: random.Random, many: int, tmp_path: Path
) -> None:
    line, seed = SEEDS[kind]
    kept, file = config.read_bytes(), tmp_path / "fuzzed"
    for _ in range(25 * many):
        config.write_bytes(kept)  # an import changes it
        data = mutated(seed.encode(), dice)
        file.write_bytes(data)
        ran = run(*(str(file) if word == "FILE" else word for word in line.split()))
        must_be_well(ran, repr(data), numbers=kind != "text")


def test_words_of_any_kind_get_a_sentence(config: Path, run: Run, dice: random.Random, many: int) -> None:
    for _ in range(60 * many):
        words = [dice.choice(WORDS) for _ in range(dice.randrange(1, 8))]
        must_be_well(run(*words), shlex.join(words), numbers=False)  # they may be quoted back


def test_the_judge_of_these_tests_can_fail() -> None:
    from ..front_door import Ran

    bad = Ran(code=1, out=f"Traceback {CANARY} 070-174 06 06")
    assert [one.split(":")[0] for one in faults(bad)] == [
        "a traceback",
        "exit 1",
        "a secret",
        "a whole number",
    ]
    assert faults(Ran(code=8, out="")) == ["no word"]
