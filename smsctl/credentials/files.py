"""A secret in a file of its own, read only when nobody else could have read or changed it.

The checks of owner and bits need POSIX; on Windows the file system's own rights must do.
"""

import os
import stat
from functools import partial
from pathlib import Path

from smsctl.domain.secret import Secret, unfit, without_line_end
from smsctl.errors import CredentialError, Sentence, say
from smsctl.host import disk, rights, users
from smsctl.host.users import Owner

_MORE_THAN_FITS = 5000
ANOTHER_FILE = say("Name another file: `path` in that section of the config.")


def read_private(path: Path, sender: Owner | None = None) -> Secret | None:
    """Return the secret in a file of the administrator's, None where there is no such file.

    It may be the `sender`'s, as whom root goes on.
    Raises CredentialError: others could read or replace the file, or it holds no secret (secrets.md).
    """
    if rights.ARE_LOOKED_AT:
        _check_folders(path)
    return _read(path, private=rights.ARE_LOOKED_AT, sender=sender)


def read_handed_over(path: Path) -> Secret | None:
    """Return the secret in a file that systemd made for this service; its bits are systemd's business.

    Raises CredentialError: it is no plain file, or holds no secret.
    """
    return _read(path, private=False)


def write_private(path: Path, secret: Secret, sender: Owner | None = None) -> None:
    """Put the secret into a file that only its owner can read, in place of what was there.

    What root writes is for the `sender`, as whom root goes on.
    Raises CredentialError: the folder is missing, may not be written, or is open to others.
    """
    if rights.ARE_LOOKED_AT:
        _check_folders(path)
    own = partial(rights.give, owner=sender) if sender else None
    try:
        disk.write_whole(path, f"{secret.reveal()}\n".encode(), replace=True, finish=own)
    except FileExistsError:
        raise _no_plain_file(path, ANOTHER_FILE) from None
    except OSError as error:
        raise _not_written(path, error) from None


def remove(path: Path) -> bool:
    """Delete the file; say whether there was one.

    Raises CredentialError: it may not be deleted, or is no plain file, as `read_private` and `write_private`.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise _no_plain_file(path, ANOTHER_FILE)
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _not_written(path, error) from None
    return True


def _read(path: Path, *, private: bool, sender: Owner | None = None) -> Secret | None:
    try:
        handle = os.open(path, os.O_RDONLY | disk.CAREFULLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise _no_plain_file(path) from None
        raise _no_access(path, error) from None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise _no_plain_file(path)
        if private:
            _check_file(path, state, sender)
        data = os.read(handle, _MORE_THAN_FITS)
    finally:
        os.close(handle)
    return _secret_in(data, path)


def _check_file(path: Path, state: os.stat_result, sender: Owner | None) -> None:
    if state.st_uid not in (0, sender and sender.uid) and not users.is_ours(state.st_uid):
        whose = sender.name if sender else "root"
        hint = say("Run: chown {user} {path}", user=whose, path=path) if users.is_root() else _asked_as(path)
        raise CredentialError(say("{path} belongs to another user", path=path), hint=hint)
    if state.st_mode & 0o077:
        raise CredentialError(
            say("{path} can be read by others", path=path), hint=say("Run: chmod 600 {path}", path=path)
        )


def _check_folders(path: Path) -> None:
    """Refuse a folder in which others could put another file in place of this one."""
    for folder in path.absolute().parents:
        try:
            state = folder.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _no_access(folder, error) from None
        is_sticky = state.st_mode & stat.S_ISVTX  # as /tmp: only the owner of a file can replace it
        if state.st_mode & 0o022 and not is_sticky:
            raise CredentialError(
                say("the folder {folder} of {path} can be changed by others", folder=folder, path=path),
                hint=say("Run: chmod go-w {folder}", folder=folder),
            )


def _secret_in(data: bytes, path: Path) -> Secret:
    """Return what the file holds, without one line break at its end."""
    why: Sentence | None
    try:
        text = without_line_end(data.decode("utf-8"))
        why = unfit(text)
    except UnicodeDecodeError:
        why = say("it is not a text in UTF-8")
    if why:
        raise CredentialError(say("{path} holds no secret: {why}", path=path, why=why))
    return Secret(text)


def _no_access(path: Path, error: OSError) -> CredentialError:
    sentence = say("{path}: {reason}", path=path, reason=error.strerror)
    if isinstance(error, PermissionError):  # it may well be there, for another user
        return CredentialError(sentence, hint=_asked_as(path))
    return CredentialError(sentence)


def _no_plain_file(path: Path, hint: Sentence | None = None) -> CredentialError:
    if path.is_symlink():
        return CredentialError(say("{path} is a link; name the file itself", path=path), hint=hint)
    return CredentialError(say("{path} is not a plain file", path=path), hint=hint)


def _not_written(path: Path, error: OSError) -> CredentialError:
    if isinstance(error, PermissionError):
        hint = say("Run it as root: what root stores is for the user who sends.")
    elif isinstance(error, FileNotFoundError):
        hint = say("Make its folder first: {folder}", folder=path.parent)
    else:
        hint = ANOTHER_FILE
    return CredentialError(say("{path}: {reason}", path=path, reason=error.strerror), hint=hint)


def _asked_as(path: Path) -> Sentence:
    """Say as whom to ask for what this user may not look at."""
    try:
        owner = Owner(uid=(found := path.stat()).st_uid, gid=found.st_gid)
    except OSError:  # not even that may be seen
        return say("Ask as the user who sends.")
    if owner.uid == 0:
        return say("Only root may read it. Let the user who sends own it: chown USER {path}", path=path)
    return say(
        "It is of {owner}: ask as that user, with sudo -u {owner} before the command.", owner=owner.name
    )
