"""Where a secret comes from, and which step answered. Nothing here ever asks a person."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from smsctl.credentials import files, vault
from smsctl.domain.secret import Secret, SecretPlace, SecretSource, unfit, without_line_end
from smsctl.errors import CredentialError, Sentence, say
from smsctl.host.users import Owner

SECTIONS = {
    "gateway": "gateway.password",
    "proxy": "gateway.proxy_password",
    "smtp": "smtp.password",
    "reports": "reports.secret",
    "ledger": "ledger.password",
}
"""The secrets there are, and the section of the config that says where each is kept."""


class Resolved(NamedTuple):
    """A secret, the place it came from, and what there is to say about that place."""

    secret: Secret
    step: Sentence
    notice: Sentence | None = None


class Surroundings(NamedTuple):
    """What the answer depends on besides the config."""

    service: str  # the keyring's name for this config
    environ: Mapping[str, str]
    interactive: bool  # a person sits at a terminal
    sender: Owner | None = None  # as whom root goes on
    is_other: Callable[[Path], bool] = lambda _path: False  # a file that holds something else: config, ledger


class Described(NamedTuple):
    """Whether a secret is there and where it would come from; `hint` mends it where it is not."""

    there: bool
    sentence: Sentence
    hint: Sentence | None = None


def resolve(name: str, source: SecretSource, around: Surroundings) -> Resolved:
    """Return the secret called `name`, one of SECTIONS.

    With source `auto`: systemd's where this service was given one of that name, else the keyring's where a
    person sits at a terminal. Only "not found" moves on; a locked keyring or a file open to others stops
    (secrets.md).

    Raises CredentialError: it is not there, or cannot be had; `hint` is the command that mends it.
    """
    with _told_of(name, source):
        for step in _steps(source, around):
            found = _ask(name, step, around)
            if found is not None:
                return _fit(name, step, found)
    raise CredentialError(_not_found(name, source, around), hint=_mend(name, source, around))


def describe(name: str, source: SecretSource, around: Surroundings) -> Described:
    """Say where the secret would come from and whether it is there, without showing it.

    Whether its file is another one of the site is asked here: who sends does not look at every list.
    """
    try:
        if source.source is SecretPlace.FILE and source.path is not None:
            with _told_of(name, source):
                _free(source.path, around)
        found = resolve(name, source, around)
    except CredentialError as error:
        return Described(there=False, sentence=error.sentence, hint=error.hint)
    return Described(there=True, sentence=found.step, hint=found.notice)


def store(name: str, source: SecretSource, secret: Secret, around: Surroundings) -> Sentence:
    """Keep the secret where the config says; return that place in words.

    Raises CredentialError: the place is not smsctl's to write (systemd, env), or cannot be written; or it
    is none that would be taken again.
    """
    with _told_of(name, source):
        if why := unfit(secret.reveal()):
            raise CredentialError(why, hint=_ONE_LINE)
        match source.source:
            case SecretPlace.KEYRING | SecretPlace.AUTO:
                vault.put(around.service, name, secret)
            case SecretPlace.FILE if source.path is not None:
                files.write_private(_free(source.path, around), secret, around.sender)
            case _:
                raise _not_ours(name, source)
    return _place(source, around)


def delete(name: str, source: SecretSource, around: Surroundings) -> bool:
    """Delete the secret where the config says it is kept; return whether there was one.

    Raises CredentialError: as `store`.
    """
    with _told_of(name, source):
        match source.source:
            case SecretPlace.KEYRING | SecretPlace.AUTO:
                return vault.remove(around.service, name)
            case SecretPlace.FILE if source.path is not None:
                return files.remove(_free(source.path, around))
            case _:
                raise _not_ours(name, source)


_ONE_LINE = say("Nothing was kept. Type it, or pipe in one line of UTF-8 without a byte order mark.")


@contextmanager
def _told_of(name: str, source: SecretSource) -> Generator[None]:
    """Say of an error which secret it is about, and what mends it."""
    try:
        yield
    except CredentialError as error:
        mends = _how_to_store if source.source is SecretPlace.FILE else _elsewhere
        raise CredentialError(
            say("The {name} secret: {why}.", name=name, why=error.sentence),
            hint=error.hint or mends(name, source),
        ) from None


def _steps(source: SecretSource, around: Surroundings) -> tuple[SecretSource, ...]:
    """Return the places to ask, in order."""
    if source.source is not SecretPlace.AUTO:
        return (source,)
    places = (SecretPlace.SYSTEMD, SecretPlace.KEYRING) if around.interactive else (SecretPlace.SYSTEMD,)
    return tuple(source._replace(source=place) for place in places)


def _ask(name: str, step: SecretSource, around: Surroundings) -> Resolved | None:
    """Ask one place; None: it is not there."""
    notice = None
    match step.source:
        case SecretPlace.SYSTEMD:
            folder = around.environ.get("CREDENTIALS_DIRECTORY")
            secret = files.read_handed_over(Path(folder) / step.name) if folder else None
        case SecretPlace.FILE if step.path is not None:
            secret = files.read_private(step.path, around.sender)
        case SecretPlace.ENV:
            text = around.environ.get(step.variable)
            secret = Secret(text) if text else None
            notice = say("Every program that smsctl starts can read ${variable}.", variable=step.variable)
        case SecretPlace.KEYRING:
            secret = vault.get(around.service, name)
        case _:
            secret = None
    return None if secret is None else Resolved(secret=secret, step=_place(step, around), notice=notice)


def _fit(name: str, step: SecretSource, found: Resolved) -> Resolved:
    """Return what was found. CredentialError: it is no secret; what is claimed for it would be unknown."""
    text = without_line_end(found.secret.reveal())
    if why := unfit(text):
        told = say("{path} holds no secret: {why}", path=found.step, why=why)
        raise CredentialError(told, hint=_how_to_store(name, step))
    return found._replace(secret=Secret(text))


def _free(path: Path, around: Surroundings) -> Path:
    """Return the path of a secret's file. CredentialError: the site would lack what is there."""
    if around.is_other(path):
        told = say("{path} holds no secret: {why}", path=path, why=say("smsctl needs the file itself"))
        raise CredentialError(told, hint=files.ANOTHER_FILE)
    return path


def _place(source: SecretSource, around: Surroundings) -> Sentence:
    match source.source:
        case SecretPlace.SYSTEMD:
            return say("the systemd credential {name}", name=source.name)
        case SecretPlace.FILE:
            return say("the file {path}", path=source.path)
        case SecretPlace.ENV:
            return say("the environment variable {variable}", variable=source.variable)
        case _:
            return say("the keyring, under {service}", service=around.service)


def _not_found(name: str, source: SecretSource, around: Surroundings) -> Sentence:
    if source.source is SecretPlace.AUTO and not around.interactive:
        return say(
            "The {name} secret is no systemd credential, and the keyring is asked only on a terminal.",
            name=name,
        )
    return say(
        "The {name} secret is not there: {place} is missing or empty.",
        name=name,
        place=_place(source, around),
    )


def _how_to_store(name: str, source: SecretSource) -> Sentence:
    match source.source:
        case SecretPlace.SYSTEMD:
            return say(
                "Put LoadCredentialEncrypted={credential} into the unit, and store it with:"
                " systemd-creds encrypt --name={credential} - /etc/credstore.encrypted/{credential}",
                credential=source.name,
            )
        case SecretPlace.ENV:
            return say("Set {variable} for this run.", variable=source.variable)
        case _:
            return say("Store it with: smsctl credential set {name}", name=name)


def _mend(name: str, source: SecretSource, around: Surroundings) -> Sentence:
    """Say where to put a secret that is not there: the keyring would not be asked by a run like this one."""
    unasked = source.source is SecretPlace.AUTO and not around.interactive
    return (_elsewhere if unasked else _how_to_store)(name, source)


def _elsewhere(name: str, _source: SecretSource) -> Sentence:
    return say('Keep it elsewhere: source = "file" or "systemd" in [{section}].', section=SECTIONS[name])


def _not_ours(name: str, source: SecretSource) -> CredentialError:
    return CredentialError(
        say('smsctl does not keep it: source = "{source}"', source=source.source.value),
        hint=_how_to_store(name, source),
    )
