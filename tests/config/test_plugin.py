from pathlib import Path

import pytest

from smsctl.config.plugin import import_plugin_block
from smsctl.config.read import load
from smsctl.domain.secret import Secret
from smsctl.errors import ConfigError, InputError

from .conftest import PLAIN

INTELE = "intele_serviceId=4800\nintele_username=skola\nintele_password=can=ary\n"
PSWIN = "pswin_username = skola\r\npswin_password = canary\r\n"


def test_an_intelecom_block_is_taken_over_without_its_password(config: Path) -> None:
    imported = import_plugin_block(config, INTELE)
    assert imported.settings == (
        ("gateway.module", "intelecom"),
        ("gateway.service_id", 4800),
        ("gateway.username", "skola"),
    )
    assert imported.secret == Secret("can=ary")
    assert imported.notices == ()
    assert load(config).gateway.service_id == 4800
    assert "ary" not in config.read_text(encoding="utf-8")


def test_a_pswincom_block_changes_the_module(config: Path) -> None:
    imported = import_plugin_block(config, PSWIN)
    gateway = load(config).gateway
    assert (gateway.module, gateway.username) == ("pswincom", "skola")
    assert imported.secret == Secret("canary")


def test_lines_that_are_not_used_are_told_without_their_values(config: Path) -> None:
    block = f"# from the supplier\n\n{INTELE}intele_NoSmsSession=canary\ncanary\nintele_username=\n"
    notices = [str(notice) for notice in import_plugin_block(config, block).notices]
    assert notices == [
        "line 6 is not used: intele_NoSmsSession",
        "line 7 is not used: it is not key=value",
        "line 8 has no value: intele_username",
    ]


@pytest.mark.parametrize("prefix", ["intele", "pswin"])
@pytest.mark.parametrize(("written", "asks"), [("true", False), ("1", False), ("False", True), ("no", True)])
def test_whether_reports_are_asked_for_is_taken_over(
    config: Path, prefix: str, written: str, *, asks: bool
) -> None:
    block = f"{INTELE if prefix == 'intele' else PSWIN}{prefix}_noStatusReport={written}\n"
    imported = import_plugin_block(config, block)
    assert ("gateway.delivery_confirmation", asks) in imported.settings
    assert imported.notices == ()
    assert load(config).gateway.delivery_confirmation is asks


@pytest.mark.parametrize("key", ["intele_password can4ry", "intele_serv can4ryiceId", "can4ry", "can-ary"])
def test_what_is_no_name_of_a_key_is_not_told(config: Path, key: str) -> None:
    """The equals sign may have got into the password, or the password before it."""
    notices = import_plugin_block(config, f"{INTELE}{key}=4711\n").notices
    assert list(map(str, notices)) == ["line 4 is not used: it is not key=value"]


def test_what_is_neither_yes_nor_no_is_told_of(config: Path) -> None:
    notices = import_plugin_block(config, f"{INTELE}intele_noStatusReport=perhaps\n").notices
    assert list(map(str, notices)) == ["line 4 is not used: intele_noStatusReport"]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("", "no plugin configuration"),
        ("username=x\npassword=canary\n", "no plugin configuration"),
        (INTELE + PSWIN, "names two gateways: intelecom, pswincom"),
        ("intele_username=skola;intele_password=canary;", "line 1 holds several keys"),
        ("pswin_password=canary pswin_username = skola", "line 1 holds several keys"),
        (INTELE + "intele_username=skolan", "line 4: intele_username has another value above"),
    ],
)
def test_what_is_no_plugin_block_is_refused(config: Path, block: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        import_plugin_block(config, block)
    assert config.read_text(encoding="utf-8") == PLAIN


def test_a_value_that_does_not_fit_changes_nothing(config: Path) -> None:
    with pytest.raises(ConfigError, match=r"gateway\.service_id: must be a whole number"):
        import_plugin_block(config, "intele_serviceId=x\nintele_password=canary\n")
    assert config.read_text(encoding="utf-8") == PLAIN


def test_a_block_that_leaves_the_config_wrong_changes_nothing(config: Path) -> None:
    before = PLAIN.replace("[gateway]", "[gateway]\nunique_references = true")
    config.write_text(before, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        import_plugin_block(config, PSWIN)
    assert "unique_references: must be left out: it is for intelecom only" in str(caught.value.problems[0])
    assert config.read_text(encoding="utf-8") == before
