"""Files and words of any bytes: every command ends with a sentence and a documented code."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from smsctl.cli import contents

from ..conftest import MakeConfig
from ..front_door import Run
from .mutation import mutated
from .trial import Trial, hasty
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
    *("--reason", "\x01", "å" * 300, "--config="),  # no NUL: no process is ever given one
)


@pytest.fixture
def config(make_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_config(gateway={"password": {"source": "file", "path": "secret"}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCTL_CONFIG", str(path))
    return path


def try_files(kind: str, config: Path, run: Run, trial: Trial) -> None:
    line, seeds = SEEDS[kind]
    kept, file = config.read_bytes(), config.with_name("fuzzed")
    for dice in trial:
        config.write_bytes(kept)  # an import changes it
        data = mutated(dice.choice(seeds).encode(), dice)
        file.write_bytes(data)
        ran = run(*(str(file) if word == "FILE" else word for word in line.split()))
        trial.judge(ran, repr(data), numbers=kind != "text")


def try_words(config: Path, run: Run, trial: Trial) -> None:
    kept = config.read_bytes()
    lines = sound_lines()
    for dice in trial:
        config.write_bytes(kept)
        words = dice.choice(([], dice.choice(lines).copy()))
        for _ in range(dice.randrange(1, 4) if words else dice.randrange(1, 8)):
            at = dice.randrange(len(words) + 1)
            words[at : at + dice.randrange(2)] = [dice.choice(WORDS)] * dice.choice((1, 1, 0))
        trial.judge(run(*words), shlex.join(words), numbers=False)  # they may be quoted back


def sound_lines() -> list[list[str]]:
    """Return what the help pages show of each command, but for those that run on."""
    told = [one for name in contents.COMMANDS if name not in _RUN_ON for one in contents.load(name).examples]
    return [shlex.split(one)[1:] for one in told if one.startswith("smsctl ") and "|" not in one]


_RUN_ON = frozenset({"reports listen", "reports poll", "simulator", "gateway verify-dedup", "config init"})


@pytest.mark.tries(25, 12_000)
@pytest.mark.parametrize("kind", SEEDS)
def test_a_file_of_any_bytes_gets_a_sentence(kind: str, config: Path, run: Run, trial: Trial) -> None:
    try_files(kind, config, run, trial)


@pytest.mark.tries(60, 20_000)
def test_words_of_any_kind_get_a_sentence(config: Path, run: Run, trial: Trial) -> None:
    try_words(config, run, trial)


def _broken(*_arguments: object) -> NoReturn:
    raise RuntimeError


BROKEN: Mapping[str, tuple[str, object]] = {
    "recipients": ("smsctl.decoding._windows", _broken),
    "text": ("smsctl.decoding._windows", _broken),
    "supplier": ("smsctl.decoding._windows", _broken),
    "reports": ("smsctl.gateways.xml_push._legal", _broken),
    "block": ("smsctl.domain.number.veil_cell", str),
    "plugin": ("smsctl.config.plugin._not_used", _broken),
    "config": ("smsctl.config.read._not_toml", _broken),
}
"""For each kind of file, a fault of ours that only some inputs meet."""


@pytest.mark.parametrize("kind", SEEDS)
def test_a_fault_of_ours_is_found(kind: str, config: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*BROKEN[kind])
    with pytest.raises(AssertionError, match=r"exit 1|a whole number"):
        try_files(kind, config, run, hasty())


def test_a_fault_of_ours_in_reading_words_is_found(
    config: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsctl.cli.operations.audit.run", _broken)
    with pytest.raises(AssertionError, match="exit 1"):
        try_words(config, run, hasty())


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
