"""The file of a secret that is something else already: nothing of it is lost."""

import pytest

from ..conftest import SECRET, MakeConfig
from ..front_door import Run


@pytest.mark.parametrize(
    "name",
    [
        "config.toml",
        "recipients.csv",
        "smsctl.log",
        "ledger/ledger.db",
        "ledger/ledger.db.key",
        "ledger/ledger.simulate.db",
    ],
)
def test_a_file_that_smsctl_needs_is_never_a_secrets(make_config: MakeConfig, run: Run, name: str) -> None:
    password = {"source": "file", "path": name}
    config = make_config(gateway={"password": password}, log={"path": "smsctl.log"})
    path = config.parent / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        path.write_text("kept\n", encoding="utf-8")
        path.chmod(0o600)
    before = path.read_bytes()
    for command in ("set", "check", "delete"):
        ran = run("--config", config, "credential", command, stdin=f"{SECRET}\n")
        assert ran.code == 8, ran.said
        assert f"{path} holds no secret: smsctl needs the file itself." in ran.said
        assert "Name another file" in ran.said
        assert path.read_bytes().startswith(before)  # a log takes lines


def test_a_secret_may_lie_beside_the_ledger(make_config: MakeConfig, run: Run) -> None:
    password = {"source": "file", "path": "ledger/ledger.db.password"}
    config = make_config(gateway={"password": password})
    (config.parent / "ledger").mkdir(mode=0o700)
    assert run("--config", config, "credential", "set", stdin=f"{SECRET}\n").code == 0
    assert run("--config", config, "credential", "check").code == 0
    assert run("--config", config, "credential", "delete").code == 0
