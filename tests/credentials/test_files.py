import os
from pathlib import Path

import pytest

from smsctl.credentials import files
from smsctl.domain.secret import Secret
from smsctl.errors import CredentialError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owner and bits are POSIX's")


def _private(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\n", "s3cret"),
        (b" s3 cret ", " s3 cret "),
        ("lösen".encode(), "lösen"),
    ],
)
def test_one_line_is_the_secret(tmp_path: Path, data: bytes, text: str) -> None:
    assert files.read_private(_private(tmp_path / "pw", data)) == Secret(text)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b"a\nb\n", "several lines"),
        (b"a\x00b", "cannot be shown"),
        (b"a\n\n", "several lines"),
        (b"x" * 4097, "longer than 4 KiB"),
        (b"l\xf6sen", "UTF-8"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(CredentialError, match=words):
        files.read_private(_private(tmp_path / "pw", data))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o666])
def test_a_file_open_to_others_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    path = _private(tmp_path / "pw", b"s3cret", mode)
    with pytest.raises(CredentialError, match="read by others") as caught:
        files.read_private(path)
    assert f"chmod 600 {path}" in str(caught.value.hint)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_change_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    (folder / "deep").mkdir(parents=True)
    path = _private(folder / "deep" / "pw", b"s3cret")
    folder.chmod(mode)
    with pytest.raises(CredentialError, match="can be changed by others") as caught:
        files.read_private(path)
    assert f"chmod go-w {folder}" in str(caught.value.hint)


def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path = _private(tmp_path / "pw", b"s3cret")
    os.chown(path, 65534, -1)
    with pytest.raises(CredentialError, match="another user"):
        files.read_private(path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(_private(tmp_path / "pw", b"s3cret"))
    with pytest.raises(CredentialError, match="is a link"):
        files.read_private(tmp_path / "link")


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(CredentialError, match="not a plain file"):
        files.read_private(tmp_path / "pipe")


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(CredentialError, match="not a plain file"):
        files.read_private(tmp_path / "folder")


def test_a_missing_file_is_not_an_error(tmp_path: Path) -> None:
    assert files.read_private(tmp_path / "nothing" / "pw") is None


def test_what_is_written_is_private_and_read_again(tmp_path: Path) -> None:
    path = _private(tmp_path / "pw", b"old", 0o644)
    files.write_private(path, Secret("s3cret"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert files.read_private(path) == Secret("s3cret")
    assert [file.name for file in tmp_path.iterdir()] == ["pw"]


def test_writing_into_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="No such file") as caught:
        files.write_private(tmp_path / "nothing" / "pw", Secret("s3cret"))
    assert str(caught.value.hint) == f"Make its folder first: {tmp_path / 'nothing'}"


def test_a_file_is_removed_once(tmp_path: Path) -> None:
    path = _private(tmp_path / "pw", b"s3cret")
    assert files.remove(path)
    assert not files.remove(path)


def test_what_is_no_plain_file_is_neither_written_nor_removed(tmp_path: Path) -> None:
    secret, link, folder, pipe = (tmp_path / name for name in ("pw", "link", "folder", "pipe"))
    link.symlink_to(_private(secret, b"s3cret"))
    folder.mkdir(mode=0o700)
    os.mkfifo(pipe, 0o600)
    for path in (link, folder, pipe):
        for act in (files.remove, lambda path: files.write_private(path, Secret("anew"))):
            with pytest.raises(CredentialError, match=r"is a link|not a plain file") as caught:
                act(path)
            assert "Name another file" in str(caught.value.hint)
    assert {one.name for one in tmp_path.iterdir()} == {"pw", "link", "folder", "pipe"}
    assert files.read_private(secret) == Secret("s3cret")


def test_systemd_may_hand_over_a_file_its_own_way(tmp_path: Path) -> None:
    assert files.read_handed_over(_private(tmp_path / "gateway", b"s3cret\n", 0o440)) == Secret("s3cret")
