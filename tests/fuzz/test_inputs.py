"""Files and words of any bytes: every command ends with a sentence and a documented code."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ..conftest import MakeConfig
from ..front_door import Run
from .mutation import mutated
from .trial import Trial
from .verdict import CANARY, faults

_ROWS = "Namn;Mobil;Grupp;Kommun;Godkänt villkor\nÅsa;0701740606;elever;Exempelkommun;ja\n"
_DR = '{"customerMessageReference": "x-1", "statusCode": 0, "messageId": "m-1", "recipient": "46701740606"}'
_MO = '{"originator": "46701740607", "sno": "72456", "content": "KOMMUN hej", "messageId": "7"}'
_XML = """<?xml version="1.0"?><!DOCTYPE MSGLST SYSTEM "x.dtd"><MSGLST>
<MSG><ID>1</ID><REF>m-1</REF><RCV>46701740606</RCV><STATE>DELIVRD</STATE></MSG>
<MSG><ID>2</ID><TEXT>KOMMUN hej</TEXT><SND>46701740607</SND><RCV>72456</RCV>
<METADATA><DATA KEY="REFERENCE" VALUE="r"/></METADATA></MSG></MSGLST>"""
_PLUGIN = f"intele_serviceId = 4711\nintele_username = demo\nintele_password = {CANARY}\n"
_CONFIG = (
    'mode = "simulate"\n[gateway]\nmodule = "intelecom"\nusername = "demo"\nservice_id = 4711\n'
    '[gateway.password]\nsource = "env"\n[municipalities.x]\nname = "X"\npackage_size = 10000\n'
    'package_price = "4900.00"\n[limits]\nquiet_hours = false\n'
)
SEEDS: Mapping[str, tuple[str, Sequence[str]]] = {
    "recipients": ("recipients check --recipients FILE", [_ROWS, _ROWS.replace(";", "\t")]),
    "text": (
        "send FILE --all --dry-run",
        ["Hej på er, kl. 10 på måndag {5} €\n", "Hej, vi ses på måndag!\n"],
    ),
    "reports": ("reports import FILE", [f'{{"dr": [{_DR}, {_DR}], "mo": {_MO}}}', _XML]),
    "block": ("block import FILE", ["Mobil\n0701740607\n+46701740606\n"]),
    "supplier": ("invoices compare FILE", ["month;parts\n2026-11;3\n", "invoice_node;parts\nskola;3\n"]),
    "plugin": ("config import FILE", [_PLUGIN]),
    "config": ("--config FILE usage", [_CONFIG]),
}
WORDS = (
    *("send", "test", "usage", "--json", "--all", "--group", "--where", "=", "+46701740606", "x", "", "--"),
    *("--help", "--column", "number=x", "--at", "99:99", "--max-parts", "-1", "1e9", "--key", "{date}", "{"),
    *(
        "mailings",
        "show",
        "0",
        "99999999999999999999",
        "purge",
        "--older-than",
        "3q",
        "--municipality",
        "--blank",
        "--blank-key",
        "--written",
        "audit",
        "--most",
    ),
    *("schedule", "--since", "2026-13", "recipients", "check", "ledger", "block", "add", "inbox", "list"),
    *("--reason", "\x00", "å" * 300, "--config="),
)


@pytest.fixture
def config(make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_config(gateway={"password": {"source": "file", "path": "secret"}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCTL_CONFIG", str(path))
    return path


@pytest.mark.tries(25, 12_000)
@pytest.mark.parametrize("kind", SEEDS)
def test_a_file_of_any_bytes_gets_a_sentence(
    kind: str, config: Path, run: Run, trial: Trial, tmp_path: Path
) -> None:
    line, seeds = SEEDS[kind]
    kept, file = config.read_bytes(), tmp_path / "fuzzed"
    for dice in trial:
        config.write_bytes(kept)  # an import changes it
        data = mutated(dice.choice(seeds).encode(), dice)
        file.write_bytes(data)
        ran = run(*(str(file) if word == "FILE" else word for word in line.split()))
        trial.judge(ran, repr(data), numbers=kind != "text")


@pytest.mark.tries(60, 20_000)
def test_words_of_any_kind_get_a_sentence(config: Path, run: Run, trial: Trial) -> None:
    for dice in trial:
        words = [dice.choice(WORDS) for _ in range(dice.randrange(1, 8))]
        trial.judge(run(*words), shlex.join(words), numbers=False)  # they may be quoted back


@pytest.mark.parametrize("kind", SEEDS)
def test_what_is_spoiled_was_sound(kind: str, config: Path, run: Run, tmp_path: Path) -> None:
    line, seeds = SEEDS[kind]
    file = tmp_path / "sound"
    for seed in seeds:
        file.write_text(seed, encoding="utf-8")
        ran = run(*(str(file) if word == "FILE" else word for word in line.split()))
        assert ran.code == 0, ran.said


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
