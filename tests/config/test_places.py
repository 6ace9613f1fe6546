import os
from pathlib import Path

import pytest

from smsctl.config.places import default_ledger, earlier_ledgers, find, for_new, ledger_of
from smsctl.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def own(home: Path) -> Path:
    path = home / "config" / "smsctl" / "config.toml"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_a_named_config_goes_before_the_environment_before_the_user_s(own: Path) -> None:
    environ = {"SMSCTL_CONFIG": "/b.toml"}
    assert find(Path("/a.toml"), environ) == Path("/a.toml")
    assert find(None, environ) == Path("/b.toml")
    assert find(None, {"SMSCTL_CONFIG": ""}) == own


def test_without_any_config_the_places_are_named(home: Path) -> None:
    if Path("/etc/smsctl").exists():
        pytest.skip("this machine has a config of its own")
    with pytest.raises(ConfigError, match=r"/etc/smsctl/config\.toml") as caught:
        find(None, {})
    assert str(home / "config" / "smsctl" / "config.toml") in str(caught.value)
    assert "smsctl config init" in str(caught.value.hint)


def test_a_user_without_a_home_is_told_of_the_places_that_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)  # nobody of that number has an entry
    assert default_ledger(Path("/srv/smsctl/config.toml")) == Path("/srv/smsctl/.smsctl/ledger.db")
    assert find(Path("/a.toml"), {}) == Path("/a.toml")
    assert for_new(None, {"SMSCTL_CONFIG": "/b.toml"}) == Path("/b.toml")
    with pytest.raises(ConfigError, match="no home folder") as caught:
        for_new(None, {})
    assert "--config PATH" in str(caught.value.hint)
    if not Path("/etc/smsctl").exists():
        with pytest.raises(ConfigError, match=r"no config file /etc/smsctl/config\.toml"):
            find(None, {})


@pytest.mark.parametrize("home_of", ["me", "root", None])
def test_the_ledger_follows_the_config_and_not_who_runs_it(
    home_of: str | None, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        if home_of:
            monkeypatch.setenv(name, f"/srv/{home_of}")
        else:
            monkeypatch.delenv(name)
    assert default_ledger(Path("/etc/smsctl/config.toml")) == Path("/var/lib/smsctl/ledger.db")
    assert default_ledger(Path("/etc/smsctl/other.toml")) == Path("/var/lib/smsctl/ledger.db")
    assert default_ledger(own) == own.parent / ".smsctl" / "ledger.db"
    assert default_ledger(Path("/srv/smsctl/config.toml")) == Path("/srv/smsctl/.smsctl/ledger.db")
    assert default_ledger(Path("/srv/x.toml")) == Path("/srv/.smsctl/ledger.db")


def test_a_link_to_a_config_has_the_ledger_of_that_config(tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "config.toml", tmp_path / "linked" / "other.toml"
    for path in (real, link):
        path.parent.mkdir()
    real.touch()
    link.symlink_to(real)
    assert default_ledger(link) == default_ledger(real) == real.parent / ".smsctl" / "ledger.db"
    assert ledger_of(link, Path("l.db")) == real.parent / "l.db"
    assert ledger_of(link, Path("/srv/l.db")) == Path("/srv/l.db")
    assert earlier_ledgers(link) == (link.parent / ".smsctl" / "ledger.db",)
    assert earlier_ledgers(link, Path("l.db")) == (link.parent / "l.db",)
    assert earlier_ledgers(link, Path("/srv/l.db")) == ()


def test_a_user_s_own_config_may_have_a_ledger_in_the_data_folder(home: Path, own: Path) -> None:
    assert earlier_ledgers(own) == (home / "data" / "smsctl" / "ledger.db",)
    of_anna = Path("/home/anna/.config/smsctl/config.toml")  # whoever runs it
    assert earlier_ledgers(of_anna) == (Path("/home/anna/.local/share/smsctl/ledger.db"),)
    assert earlier_ledgers(Path("/srv/smsctl/config.toml")) == ()
    assert earlier_ledgers(Path("/etc/smsctl/config.toml")) == ()
    assert earlier_ledgers(home / "config" / "other" / "config.toml") == ()
