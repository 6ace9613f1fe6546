"""A secret that another user owns: what is told fits who asks."""

import json
import os
import pwd

import pytest

from ..conftest import SECRET, MakeConfig
from ..two_users import common_ground, needs_root, run_as

pytestmark = needs_root


@pytest.mark.parametrize(
    ("owner", "says"),
    [
        ("root", "Only root may read it."),
        ("daemon", "ask as that user, with sudo -u daemon before the command"),
    ],
)
def test_a_secret_that_may_not_be_read_is_not_told_to_be_stored(
    make_config: MakeConfig, owner: str, says: str
) -> None:
    with common_ground() as ground:
        secret, config = ground / "gateway.secret", ground / "config.toml"
        secret.write_text(SECRET, encoding="utf-8")
        secret.chmod(0o600)
        os.chown(secret, pwd.getpwnam(owner).pw_uid, -1)
        made = make_config(gateway={"password": {"source": "file", "path": str(secret)}})
        config.write_text(made.read_text(encoding="utf-8"), encoding="utf-8")
        asked = run_as(pwd.getpwnam("bin").pw_uid, "--config", config, "credential", "check", "--json")
    told = " ".join(one["text"] for one in json.loads(asked.out)["messages"])
    assert (asked.code, says in told, "credential set" in told) == (8, True, False)
