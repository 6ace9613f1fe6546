from pathlib import Path

import keyring
import pytest

from smsctl.credentials.resolve import Surroundings, delete, describe, resolve, store
from smsctl.domain.secret import Secret, SecretPlace, SecretSource
from smsctl.errors import CredentialError, ExitCode

from .memory import EndingKeyring, LockedKeyring, MemoryKeyring

SERVICE = "smsctl:/etc/smsctl/config.toml"
ALONE = Surroundings(service=SERVICE, environ={}, interactive=False)
SOURCE = SecretSource(source=SecretPlace.KEYRING, name="gateway", variable="SMSCTL_GATEWAY_SECRET")


def _source(kind: str, path: Path | None = None) -> SecretSource:
    return SOURCE._replace(source=SecretPlace(kind), path=path)


def _find(source: SecretSource, environ: dict[str, str] | None = None, *, interactive: bool = False) -> str:
    found = resolve("gateway", source, ALONE._replace(environ=environ or {}, interactive=interactive))
    return f"{found.secret.reveal()} from {found.step}"


@pytest.fixture
def credentials(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "gateway").write_text("of systemd\n")
    return {"CREDENTIALS_DIRECTORY": str(tmp_path)}


@pytest.fixture
def kept(memory: MemoryKeyring) -> MemoryKeyring:
    memory.set_password(SERVICE, "gateway", "of keyring")
    return memory


def test_systemd_hands_over_by_name(credentials: dict[str, str]) -> None:
    assert _find(_source("systemd"), credentials) == "of systemd from the systemd credential gateway"


def test_the_keyring_keeps_one_per_config_and_name(kept: MemoryKeyring) -> None:
    assert _find(_source("keyring")) == f"of keyring from the keyring, under {SERVICE}"


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pw"
    path.touch(0o600)
    path.write_text("of file\n")
    assert _find(_source("file", path)) == f"of file from the file {path}"


def test_whoever_sends_looks_at_no_other_file_of_the_site(tmp_path: Path) -> None:
    path = tmp_path / "pw"
    path.touch(0o600)
    path.write_text("of file\n")
    looked: list[Path] = []

    def is_other(one: Path) -> bool:
        looked.append(one)
        return True

    around = ALONE._replace(is_other=is_other)
    assert resolve("gateway", _source("file", path), around).secret == Secret("of file")
    assert not looked, "it may lie on a disk that does not answer"
    assert not describe("gateway", _source("file", path), around).there
    assert looked == [path]


def test_the_environment_is_warned_of() -> None:
    environ = {"SMSCTL_GATEWAY_SECRET": "of env"}
    found = resolve("gateway", _source("env"), ALONE._replace(environ=environ))
    assert found.secret == Secret("of env")
    assert "$SMSCTL_GATEWAY_SECRET" in str(found.notice)


def test_auto_prefers_what_systemd_hands_over(kept: MemoryKeyring, credentials: dict[str, str]) -> None:
    assert _find(_source("auto"), credentials, interactive=True).startswith("of systemd")


def test_auto_asks_the_keyring_on_a_terminal(kept: MemoryKeyring, tmp_path: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert _find(_source("auto"), environ, interactive=True).startswith("of keyring")


def test_auto_leaves_the_keyring_alone_under_cron(kept: MemoryKeyring) -> None:
    with pytest.raises(CredentialError, match="only on a terminal"):
        _find(_source("auto"))


def test_auto_stops_at_a_damaged_credential(kept: MemoryKeyring, credentials: dict[str, str]) -> None:
    Path(credentials["CREDENTIALS_DIRECTORY"], "gateway").write_text("")
    with pytest.raises(CredentialError, match="empty"):
        _find(_source("auto"), credentials, interactive=True)


@pytest.mark.parametrize(
    ("kind", "words", "hint"),
    [
        ("systemd", "the systemd credential gateway is missing", "systemd-creds encrypt --name=gateway"),
        ("file", "the file /nowhere/pw is missing", "smsctl credential set gateway"),
        ("keyring", "the keyring, under smsctl:", "smsctl credential set gateway"),
        ("env", "SMSCTL_GATEWAY_SECRET is missing", "Set SMSCTL_GATEWAY_SECRET"),
    ],
)
def test_what_is_not_there_says_how_to_mend_it(
    memory: MemoryKeyring, kind: str, words: str, hint: str
) -> None:
    with pytest.raises(CredentialError, match=words) as caught:
        _find(_source(kind, Path("/nowhere/pw")), {"CREDENTIALS_DIRECTORY": "/nowhere"}, interactive=True)
    assert caught.value.exit_code is ExitCode.INPUT
    assert hint in str(caught.value.hint)


def test_a_locked_keyring_stops_and_names_another_place(memory: MemoryKeyring) -> None:
    keyring.set_keyring(LockedKeyring())
    with pytest.raises(CredentialError, match="locked") as caught:
        _find(_source("auto"), interactive=True)
    assert "[gateway.password]" in str(caught.value.hint)


def test_describe_says_where_and_whether_without_showing(kept: MemoryKeyring) -> None:
    told = describe("gateway", SOURCE, ALONE)
    assert told.there
    assert "keyring" in str(told.sentence)
    assert "of keyring" not in repr(told)
    absent = describe("smtp", SOURCE, ALONE)
    assert not absent.there
    assert "smsctl credential set smtp" in str(absent.hint)


@pytest.mark.parametrize("kind", ["keyring", "auto", "file"])
def test_what_is_stored_is_found_and_deleted(memory: MemoryKeyring, tmp_path: Path, kind: str) -> None:
    source = _source(kind, tmp_path / "pw")
    store("gateway", source, Secret("s3cret"), ALONE)
    assert _find(source, interactive=True).startswith("s3cret from")
    assert delete("gateway", source, ALONE)
    assert not delete("gateway", source, ALONE)


@pytest.mark.parametrize("kind", ["systemd", "env"])
def test_a_place_of_others_is_not_written(memory: MemoryKeyring, kind: str) -> None:
    with pytest.raises(CredentialError, match="does not keep it"):
        store("gateway", _source(kind), Secret("s3cret"), ALONE)
    with pytest.raises(CredentialError, match="does not keep it"):
        delete("gateway", _source(kind), ALONE)


def test_without_a_terminal_auto_names_the_places_that_such_a_run_asks() -> None:
    with pytest.raises(CredentialError) as caught:
        _find(_source("auto"))
    assert str(caught.value.hint) == 'Keep it elsewhere: source = "file" or "systemd" in [gateway.password].'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\ufeffs3cret", "cannot be shown"),
        ("a\tb", "cannot be shown"),
        ("a\nb", "several lines"),
        ("å" * 2049, "longer than 4 KiB"),
    ],
)
@pytest.mark.parametrize("kind", ["file", "keyring"])
def test_what_would_not_be_taken_again_is_not_kept(
    kept: MemoryKeyring, tmp_path: Path, kind: str, text: str, words: str
) -> None:
    source = _source(kind, tmp_path / "pw")
    with pytest.raises(CredentialError, match=words) as caught:
        store("gateway", source, Secret(text), ALONE)
    assert "Nothing was kept" in str(caught.value.hint)
    assert (kept.get_password(SERVICE, "gateway"), list(tmp_path.iterdir())) == ("of keyring", [])


@pytest.mark.parametrize("text", ["x" * 4096, "å" * 2048, " s3 cret ", "lösen😀"])
def test_what_is_kept_in_a_file_is_taken_again(tmp_path: Path, text: str) -> None:
    source = _source("file", tmp_path / "pw")
    store("gateway", source, Secret(text), ALONE)
    assert resolve("gateway", source, ALONE).secret == Secret(text)


@pytest.mark.parametrize(
    ("text", "words"), [("", "empty"), ("a\nb", "several lines"), ("l\udcf6sen", "cannot be shown")]
)
@pytest.mark.parametrize(
    ("kind", "mends"),
    [("keyring", "smsctl credential set gateway"), ("env", "Set SMSCTL_GATEWAY_SECRET for this run.")],
)
def test_what_is_no_secret_is_refused_wherever_it_was_put(
    kept: MemoryKeyring, kind: str, mends: str, text: str, words: str
) -> None:
    kept.set_password(SERVICE, "gateway", text)
    with pytest.raises(CredentialError, match=words) as caught:
        _find(_source(kind), {"SMSCTL_GATEWAY_SECRET": text})
    assert mends in str(caught.value.hint)


@pytest.mark.parametrize("kind", ["keyring", "env"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_end_is_not_of_the_secret_wherever_it_is_kept(
    kept: MemoryKeyring, kind: str, end: str
) -> None:
    """As in a file: a variable out of one often has it."""
    kept.set_password(SERVICE, "gateway", f"lösen ord{end}")
    found = _find(_source(kind), {"SMSCTL_GATEWAY_SECRET": f"lösen ord{end}"})
    assert found.startswith("lösen ord from the ")


def test_a_keyring_that_ends_its_program_is_told_at_once(memory: MemoryKeyring) -> None:
    keyring.set_keyring(EndingKeyring())
    with pytest.raises(CredentialError, match="SystemExit"):
        _find(_source("keyring"))
