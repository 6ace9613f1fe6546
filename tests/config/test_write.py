import difflib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from smsctl.config.keys import find
from smsctl.config.kinds import UnfitValueError
from smsctl.config.read import load
from smsctl.config.settings import Mode
from smsctl.config.write import create, fitting, set_value
from smsctl.errors import ConfigError
from smsctl.host import disk

from .conftest import PLAIN
from .test_example import TEXT


@pytest.mark.skipif(sys.platform == "win32", reason="no folder is locked there")
def test_who_sets_another_key_meanwhile_does_so_afterwards(config: Path) -> None:
    with ThreadPoolExecutor() as pool:
        folder = disk.open_folder(config.parent)
        assert folder is not None
        assert disk.lock(folder)  # as who is at it
        another = pool.submit(set_value, config, "limits.max_parts_per_run", "400")
        text = config.read_text(encoding="utf-8")
        with suppress(TimeoutError):
            another.result(0.5)
        config.write_text(f"{text}\n[limits]\nmax_parts_per_day = 500\n", encoding="utf-8")
        os.close(folder)
        another.result(10)
    found = load(config).limits
    assert (found.max_parts_per_day, found.max_parts_per_run) == (500, 400)


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a right there")
def test_a_config_that_is_a_link_to_itself_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").symlink_to("config.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        set_value(tmp_path / "config.toml", "limits.max_parts_per_run", "400")


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("gateway.priority", "3", 3),
        ("gateway.priority", "high", "high"),
        ("gateway.username", "4711", "4711"),
        ("gateway.username", '"quoted"', "quoted"),
        ("gateway.service_id", "12", 12),
        ("gateway.delivery_confirmation", "false", False),
        ("gateway.password.source", "auto", "auto"),
        ("limits.quiet_hours", "false", False),
        ("limits.quiet_hours", "22:00-06:00", "22:00-06:00"),
        ("limits.warn_share", "0.9", 0.9),
        ("limits.countries", "+46, +47", ["+46", "+47"]),
        ("limits.countries", '["+46"]', ["+46"]),
        ("municipalities.exempelkommun.package_price", "5100.50", "5100.50"),
        ("municipalities.soder.name", "Söder", "Söder"),
        ("recipients_max_age", "2d", "2d"),
    ],
)
def test_a_value_is_set_and_the_rest_stays(config: Path, name: str, written: str, value: object) -> None:
    config.write_text(TEXT, encoding="utf-8")
    assert set_value(config, name, written) == value
    load(config)
    before, after = TEXT.splitlines(), config.read_text(encoding="utf-8").splitlines()
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-" and line.strip("+- ")]
    assert len(changed) <= 3


def test_a_commented_line_is_put_in_force_where_it_stands(config: Path) -> None:
    config.write_text(TEXT, encoding="utf-8")
    set_value(config, "gateway.validity", "6h")
    before, after = TEXT.splitlines(), config.read_text(encoding="utf-8").splitlines()
    (old,) = [line for line in before if line not in after]
    (new,) = [line for line in after if line not in before]
    assert (
        old == '# validity = "2d"                       # after this time an undelivered message is dropped'
    )
    assert new == 'validity = "6h"                       # after this time an undelivered message is dropped'
    assert before.index(old) == after.index(new)


@pytest.mark.parametrize(
    ("name", "written", "words"),
    [
        ("gateway.priorty", "3", 'did you mean "gateway.priority"'),
        ("gateway", "x", "there is no such key"),
        ("municipalities", "x", "there is no such key"),
        ("gateway.priority", "7", "must be 1, 2, 3"),
        ("gateway.password", "canary", "does not belong in this file"),
        ("municipalities.exempelkommun.package_price", "1.001", "decimals"),
        ("mode", "lve", "must be one of"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_words(
    config: Path, name: str, written: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        set_value(config, name, written)
    assert "canary" not in str(caught.value)
    assert config.read_text(encoding="utf-8") == PLAIN


def test_nothing_is_written_that_would_not_load(config: Path) -> None:
    with pytest.raises(ConfigError, match="stays as it is") as caught:
        set_value(config, "gateway.use_web_service", "false")
    assert "[smtp]" in str(caught.value.problems[0])
    assert config.read_text(encoding="utf-8") == PLAIN
    assert [file.name for file in config.parent.iterdir()] == ["config.toml"]


def test_a_wrong_value_can_be_set_right(config: Path) -> None:
    config.write_text('mode = "lve"\n' + PLAIN, encoding="utf-8")
    set_value(config, "mode", "live")
    assert load(config).mode is Mode.LIVE


def test_a_section_that_is_none_is_told(config: Path) -> None:
    text = "limits = 1\n" + config.read_text(encoding="utf-8")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        set_value(config, "limits.max_parts_per_run", "400")
    assert "this is a section" in str(caught.value.problems)
    assert config.read_text(encoding="utf-8") == text


def test_a_file_that_is_not_toml_is_told_by_its_line(config: Path) -> None:
    config.write_text(PLAIN + "mode live\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        set_value(config, "mode", "live")


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_file_keeps_its_rights(config: Path, mode: int) -> None:
    config.chmod(mode)
    set_value(config, "sender", "Skolan")
    assert config.stat().st_mode & 0o777 == mode


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_it_is_given_back_by_its_handle(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may write there could put a link in place of the name, and be given what it leads to."""
    config.chmod(0o640)
    os.chown(config, 1, 1)
    for by_name in ("chown", "lchown", "chmod"):
        monkeypatch.delattr(os, by_name)
    set_value(config, "sender", "Skolan")
    found = config.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (1, 1, 0o640)


def test_a_link_stays_a_link(config: Path) -> None:
    link = config.parent / "link.toml"
    link.symlink_to(config)
    set_value(link, "sender", "Skolan")
    assert link.is_symlink()
    assert load(config).sender == "Skolan"


@pytest.mark.parametrize(
    ("there", "typed"),
    [
        ("\u00e5m\u00e5l", "a\u030ama\u030al"),  # a Mac writes å as two signs
        ("a\u030ama\u030al", "\u00e5m\u00e5l"),
        ("\u00e5m\u00e5l", "ÅMÅL"),
    ],
)
def test_a_municipality_is_set_however_its_letters_are_made(there: str, typed: str, config: Path) -> None:
    section = f'\n[municipalities."{there}"]\nname = "Åmåls kommun"\n# sender = "x"\n'
    config.write_text(config.read_text(encoding="utf-8") + section, encoding="utf-8")
    set_value(config, f"municipalities.{typed}.sender", "Amal")
    assert load(config).municipality("åmål").sender == "Amal"


def test_line_ends_of_windows_stay(config: Path) -> None:
    config.write_bytes(PLAIN.replace("\n", "\r\n").encode())
    set_value(config, "sender", "Skolan")
    assert config.read_bytes() == PLAIN.replace("Kommunen", "Skolan").replace("\n", "\r\n").encode()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("key", ["limits.max_parts_per_run", "gateway.batch_size"])
def test_so_does_a_key_that_is_added(config: Path, key: str) -> None:
    config.write_bytes(PLAIN.replace("\n", "\r\n").encode())
    set_value(config, key, "100")
    written = config.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") > PLAIN.count("\n")


def test_the_folder_of_a_new_one_is_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create(tmp_path / "new" / "config.toml", PLAIN)
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o755


def test_a_new_config_is_private_and_never_in_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    create(path, PLAIN)
    assert load(path).sender == "Kommunen"
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="is there already"):
        create(path, PLAIN)


def test_a_new_config_must_load(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        create(tmp_path / "config.toml", "mode = 1")
    assert not (tmp_path / "config.toml").exists()


@pytest.mark.parametrize("key", ["sender", "municipalities.exempelkommun.sender"])
def test_a_sender_that_no_phone_shows_is_not_written(config: Path, key: str) -> None:
    before = config.read_bytes()
    with pytest.raises(ConfigError) as caught:
        set_value(config, key, "Åskan")
    (told,) = map(str, caught.value.problems)
    assert f"{key}: the sender Åskan holds Å" in told
    assert str(config) in str(caught.value)
    assert config.read_bytes() == before


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("2026-12-21..2026-12-01", "must begin before it ends"),
        ("2026-12-21..2027-01-08,2026-02-29..2026-03-01", "must be days such as"),
        ("[20261221]", "must be days such as"),
        ('"2026-12-21..2027-01-08"', "must be a list"),
    ],
)
def test_of_a_list_it_is_told_which_value_does_not_fit(typed: str, why: str, tmp_path: Path) -> None:
    key = find(("limits", "pause"))
    assert key is not None
    with pytest.raises(UnfitValueError, match=why):
        fitting(key, typed, tmp_path / "config.toml")
