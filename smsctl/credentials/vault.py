"""The keyring on a short lead: no plaintext backend, no dialogue, and no waiting beyond ten seconds.

What keyring does in each situation was measured (secrets.md): it can block for ever on a locked
collection or a stopped daemon, and its errors are of any class. Therefore each call runs in a thread
that is given up after a while, and every exception becomes one sentence.
"""

from collections.abc import Callable
from threading import Thread
from typing import Protocol, TypeVar

from smsctl.domain.secret import Secret
from smsctl.errors import CredentialError, Sentence, say

TIMEOUT_S = 10.0

_T = TypeVar("_T")
_LOCKABLE = "keyring.backends.SecretService"
_WEAKEST = 1  # keyring's own words: from priority 1 on a backend is recommended


class _Backend(Protocol):
    """What is used of a keyring backend."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


def get(service: str, name: str, timeout_s: float = TIMEOUT_S) -> Secret | None:
    """Return the secret kept under these names, None where there is none.

    Raises CredentialError: there is no keyring to be trusted, it is locked, or it does not answer.
    """
    given: object = _within(timeout_s, lambda: _backend().get_password(service, name))
    if given is None or isinstance(given, str):
        return None if given is None else Secret(given)
    # Taken for a secret, it would fail when a batch is marked: and what is claimed then is unknown.
    kind = type(given).__qualname__
    raise CredentialError(say("the keyring gave something that is no text ({kind})", kind=kind))


def put(service: str, name: str, secret: Secret, timeout_s: float = TIMEOUT_S) -> None:
    """Keep the secret under these names, in place of what was there.

    Raises CredentialError: as `get`.
    """
    _within(timeout_s, lambda: _backend().set_password(service, name, secret.reveal()), secret)


def remove(service: str, name: str, timeout_s: float = TIMEOUT_S) -> bool:
    """Delete what is kept under these names; say whether there was something.

    Raises CredentialError: as `get`.
    """

    def task() -> bool:
        backend = _backend()
        there = backend.get_password(service, name) is not None
        if there:
            backend.delete_password(service, name)
        return there

    return _within(timeout_s, task)


def _within(timeout_s: float, task: Callable[[], _T], secret: Secret | None = None) -> _T:
    """Return what the task returns, unless it fails or is not done in time."""
    results: list[_T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(task())
        except BaseException as error:  # noqa: BLE001  # keyring's backends raise whatever they like
            failures.append(error)

    thread = Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if results:
        return results[0]
    if failures:
        raise _in_words(failures[0], secret) from None
    sentence = say(
        "the keyring did not answer within {n:.0f} seconds: it waits for a dialogue, or hangs", n=timeout_s
    )
    raise CredentialError(sentence)


def _backend() -> _Backend:
    """Return the keyring backend that is used, after a look at what it is."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    chosen = keyring.get_keyring()
    # The chain would fall back to a plaintext file where that is all there is.
    candidates = chosen.backends if isinstance(chosen, ChainerBackend) else (chosen,)
    reasons = []
    for backend in candidates:
        reason = _unfit(backend)
        if reason is None:
            _refuse_locked(backend)
            return backend
        reasons.append(reason)
    raise CredentialError(reasons[0] if reasons else _NO_KEYRING)


def _unfit(backend: _Backend) -> Sentence | None:
    """Say why a backend is not used; None: it is."""
    kind = type(backend)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if kind.__module__ == "keyring.backends.fail":
        return _NO_KEYRING
    if kind.__module__ == "keyring.backends.null":
        return say("the keyring is switched off ({name})", name=name)
    if "plaintext" in name.lower() or getattr(kind, "priority", 0) < _WEAKEST:
        return say("the keyring on this machine does not keep secrets safely ({name})", name=name)
    return None


def _refuse_locked(backend: _Backend) -> None:
    """Ask the Secret Service whether it is locked; keyring would open a dialogue and wait for it."""
    if type(backend).__module__ != _LOCKABLE:
        return
    from contextlib import closing

    import secretstorage

    with closing(secretstorage.dbus_init()) as bus:
        preferred = getattr(backend, "preferred_collection", None)
        try:
            collection = secretstorage.Collection(bus, *([preferred] if preferred else []))
            if collection.is_locked():
                raise CredentialError(_LOCKED)
        except secretstorage.ItemNotFoundException:
            raise CredentialError(
                say("the keyring has not been set up: log in to the desktop once")
            ) from None


def _in_words(error: BaseException, secret: Secret | None) -> CredentialError:
    if isinstance(error, CredentialError):
        return error
    kind = type(error).__name__
    if kind == "KeyringLocked":
        return CredentialError(_LOCKED)
    if kind == "NoKeyringError":
        return CredentialError(_NO_KEYRING)
    text = str(error)
    if secret is not None and secret.reveal() in text:
        text = "***"
    return CredentialError(say("the keyring cannot be used: {kind}: {text}", kind=kind, text=text))


_LOCKED = say("the keyring is locked")
_NO_KEYRING = say("no keyring can be reached from here (as from cron, ssh or a container)")
