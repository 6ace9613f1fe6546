"""Keyring backends for the tests: one that keeps, and ones that misbehave as real ones do."""

import time
from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringLocked, NoKeyringError


class MemoryKeyring(KeyringBackend):
    priority: ClassVar[float] = 5

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class PlaintextKeyring(MemoryKeyring):
    pass


class WeakKeyring(MemoryKeyring):
    priority: ClassVar[float] = 0.5


class LockedKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked


class AbsentKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise NoKeyringError


class AskingKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise EOFError

    def set_password(self, service: str, username: str, password: str) -> None:
        message = f"could not keep {password}"
        raise RuntimeError(message)


class HangingKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(3600)
        return None


class EndingKeyring(MemoryKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise SystemExit


class ChainedKeyring(ChainerBackend):
    """Keyring's own chain: it falls back to plaintext where that stands in it."""

    priority: ClassVar[float] = 0
    backends: ClassVar[list[KeyringBackend]] = []

    def __init__(self) -> None:
        pass
