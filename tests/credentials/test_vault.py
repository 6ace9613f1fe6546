from collections.abc import Callable
from typing import ClassVar, cast

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring

from smsctl.credentials import vault
from smsctl.domain.secret import Secret
from smsctl.errors import CredentialError, ExitCode

from .memory import (
    AbsentKeyring,
    AskingKeyring,
    ChainedKeyring,
    HangingKeyring,
    LockedKeyring,
    MemoryKeyring,
    PlaintextKeyring,
    WeakKeyring,
)


def test_what_is_put_is_got_and_removed(memory: MemoryKeyring) -> None:
    vault.put("smsctl:/a", "gateway", Secret("s3cret"))
    assert vault.get("smsctl:/a", "gateway") == Secret("s3cret")
    assert vault.get("smsctl:/b", "gateway") is None
    assert vault.remove("smsctl:/a", "gateway")
    assert not vault.remove("smsctl:/a", "gateway")
    assert memory.kept == {}


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        (FailKeyring, "no keyring can be reached"),
        (AbsentKeyring, "no keyring can be reached"),
        (NullKeyring, "switched off"),
        (PlaintextKeyring, "does not keep secrets safely"),
        (WeakKeyring, "does not keep secrets safely"),
        (LockedKeyring, "locked"),
        (AskingKeyring, "EOFError"),
    ],
)
def test_a_keyring_that_cannot_be_trusted_is_refused_in_words(
    memory: MemoryKeyring, backend: Callable[[], KeyringBackend], words: str
) -> None:
    keyring.set_keyring(backend())
    with pytest.raises(CredentialError, match=words) as caught:
        vault.get("smsctl:/a", "gateway")
    assert caught.value.exit_code is ExitCode.INPUT


@pytest.mark.parametrize("backend", [NullKeyring, PlaintextKeyring, WeakKeyring])
def test_nothing_is_put_into_a_keyring_that_is_not_safe(
    memory: MemoryKeyring, backend: Callable[[], KeyringBackend]
) -> None:
    keyring.set_keyring(backend())
    with pytest.raises(CredentialError):
        vault.put("smsctl:/a", "gateway", Secret("s3cret"))
    assert keyring.get_password("smsctl:/a", "gateway") is None


@pytest.mark.parametrize(
    "given", [b"s3cret", Secret("s3cret"), 4711, ["s3cret"]], ids=lambda one: type(one).__name__
)
def test_what_is_no_text_is_no_secret(memory: MemoryKeyring, given: object) -> None:
    class Odd(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            return cast("str", given)

    keyring.set_keyring(Odd())
    with pytest.raises(CredentialError, match="is no text") as caught:
        vault.get("smsctl:/a", "gateway")
    assert "s3cret" not in f"{caught.value.sentence}"


def test_of_a_chain_the_first_safe_keyring_is_used(memory: MemoryKeyring) -> None:
    class Chain(ChainedKeyring):
        backends: ClassVar[list[KeyringBackend]] = [PlaintextKeyring(), memory]

    keyring.set_keyring(Chain())
    vault.put("smsctl:/a", "gateway", Secret("s3cret"))
    assert memory.kept == {("smsctl:/a", "gateway"): "s3cret"}


def test_a_chain_of_unsafe_keyrings_is_refused(memory: MemoryKeyring) -> None:
    class Chain(ChainedKeyring):
        backends: ClassVar[list[KeyringBackend]] = [PlaintextKeyring(), WeakKeyring()]

    keyring.set_keyring(Chain())
    with pytest.raises(CredentialError, match="PlaintextKeyring"):
        vault.get("smsctl:/a", "gateway")


def test_a_keyring_that_hangs_is_given_up(memory: MemoryKeyring) -> None:
    keyring.set_keyring(HangingKeyring())
    with pytest.raises(CredentialError, match="did not answer"):
        vault.get("smsctl:/a", "gateway", timeout_s=0.05)


def test_an_error_that_holds_the_secret_is_not_repeated(memory: MemoryKeyring) -> None:
    keyring.set_keyring(AskingKeyring())
    with pytest.raises(CredentialError) as caught:
        vault.put("smsctl:/a", "gateway", Secret("s3cret"))
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__
