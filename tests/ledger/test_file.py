from collections.abc import Callable
from pathlib import Path

import pytest

from smsctl.errors import LedgerError, say
from smsctl.ledger import restoring
from smsctl.ledger.sqlite import file

MOUNTS = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
40 27 0:40 / /srv/share rw,relatime shared:1 - nfs4 server:/share rw,vers=4.2
41 27 0:41 / /srv/share/local rw - ext4 /dev/vdb rw
42 27 0:42 / /mnt/sms\040disk rw - cifs //server/sms rw
43 27 0:43 / /mnt/ssh rw - fuse.sshfs someone@server:/ rw
44 27 0:44 / /mnt/usb rw - fuseblk /dev/sdb1 rw
45 27 0:45 / /mnt/later rw - ext4 /dev/vdc rw
46 27 0:46 / /mnt/later rw - nfs server:/later rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/share", "nfs4"),
        ("/srv/share/below/deep", "nfs4"),
        ("/mnt/sms disk", "cifs"),
        ("/mnt/ssh/home", "fuse.sshfs"),
        ("/mnt/later", "nfs"),
    ],
)
def test_a_network_disk_is_refused_by_name(folder: str, kind: str, mounts: Path) -> None:
    with pytest.raises(LedgerError, match="network disk") as caught:
        file.refuse_network(Path(folder) / "ledger.db", mounts)
    assert f"({kind})" in str(caught.value)
    assert "allow_network = true" in str(caught.value.hint)


@pytest.mark.parametrize(
    "folder", ["/", "/var/lib/smsctl", "/srv", "/srv/shared", "/srv/share/local/x", "/mnt/usb", "/mnt"]
)
def test_a_local_disk_is_not(folder: str, mounts: Path) -> None:
    file.refuse_network(Path(folder) / "ledger.db", mounts)


def test_where_nobody_tells_what_is_mounted_nothing_is_refused(tmp_path: Path) -> None:
    file.refuse_network(Path("/srv/share/ledger.db"), tmp_path / "no such file")


def test_this_machine_tells_what_is_mounted(tmp_path: Path) -> None:
    file.refuse_network(tmp_path / "ledger.db")


def test_a_ledger_of_before_that_cannot_be_looked_for_stops_a_run(tmp_path: Path) -> None:
    unseen = tmp_path / ("x" * 300) / "ledger.db"
    with pytest.raises(LedgerError, match="cannot be read") as caught:
        restoring.refuse_elsewhere(
            tmp_path / "ledger.db", [tmp_path / "none.db", unseen], lambda found: say("Move {it}.", it=found)
        )
    assert str(caught.value.hint) == f"Move {unseen}."
    with pytest.raises(LedgerError, match="cannot be read"):
        file.is_there(unseen)


@pytest.mark.parametrize("name", ["none.db", "a-file/ledger.db", "a\0b"])
def test_what_is_nowhere_is_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    assert not file.is_there(tmp_path / name)


def test_a_link_to_nothing_is_there(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "none.db")
    assert file.is_there(tmp_path / "link.db")


def test_room_is_asked_for_by_the_row(tmp_path: Path) -> None:
    file.must_have_room(tmp_path / "ledger.db", 1000)
    with pytest.raises(LedgerError, match=r"the disk has \d+ MB left, and 2048000010 MB are needed"):
        file.must_have_room(tmp_path / "ledger.db", 10**12)


@pytest.mark.parametrize("look", [file.is_there, lambda path: file.refuse_stranger(path, None)])
def test_a_place_that_cannot_be_looked_at_is_told_in_words(
    look: Callable[[Path], object], tmp_path: Path
) -> None:
    with pytest.raises(LedgerError, match="cannot be read"):
        look(tmp_path / ("x" * 300) / "ledger.db")
