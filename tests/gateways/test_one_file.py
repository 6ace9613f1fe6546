"""A gateway is one file, beside ours or in a package of its own: nothing else has to know of it."""

import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest

from smsctl import gateways

from ..conftest import MakeConfig
from ..front_door import Run

ACME = """
from smsctl.domain.gateway import Traits
from smsctl.domain.message import Status, SubmitVerdict, same_for_all
from smsctl.domain.text import PartProfile


def open_gateway(options):
    return Acme()


class Acme:
    traits = Traits(
        name="acme", title="Acme", parts=PartProfile(name="acme", gsm7_part=150), max_parts=6, max_batch=10
    )

    def submit(self, batch, *, is_late):
        return same_for_all(batch, Status.ACCEPTED, SubmitVerdict.ANSWERED, "")

    def check(self, letter):
        return []
"""


@pytest.fixture(params=["one more file of ours", "one more folder of ours", "a package from elsewhere"])
def acme(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the gateway where it is found."""
    folder = tmp_path / "added"
    folder.mkdir()
    if "of ours" in request.param:
        own = folder / "acme.py" if "file" in request.param else folder / "acme" / "__init__.py"
        own.parent.mkdir(exist_ok=True)
        own.write_text(ACME, encoding="utf-8")
        gateways.__path__.append(str(folder))
    else:
        (folder / "acme_sms.py").write_text(ACME, encoding="utf-8")
        about = folder / "acme_sms-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-sms\nVersion: 1\n", "utf-8")
        (about / "entry_points.txt").write_text(
            "[smsctl.gateways]\nacme = acme_sms:open_gateway\n", encoding="utf-8"
        )
        monkeypatch.syspath_prepend(folder)
    invalidate_caches()
    yield
    gateways.__path__[:] = [one for one in gateways.__path__ if one != str(folder)]
    for name in ("smsctl.gateways.acme", "acme_sms"):
        sys.modules.pop(name, None)
    vars(gateways).pop("acme", None)


@pytest.mark.usefixtures("acme")
def test_it_sends(run: Run, make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "x")
    own = {"module": "acme", "service_id": None, "extra": {"region": "north"}}
    config = make_config(mode="live", gateway=own)
    assert "gateway Acme" in run("--config", config, "config", "check").out
    assert run("--config", config, "municipality", "activate", "exempelkommun", "--yes").code == 0
    sent = run("--config", config, "send", "--text", "a" * 161, "--all", "--yes", "--max-parts", 99)
    assert (sent.code, sent.out.count("accepted")) == (0, 1)
    assert "2 parts" in run("--config", config, "test", "+46701740605", "a" * 161).out


@pytest.mark.usefixtures("acme")
def test_a_rehearsal_of_one_that_no_simulator_speaks_is_told_so(run: Run, make_config: MakeConfig) -> None:
    config = make_config(gateway={"module": "acme", "service_id": None})
    done = run("--config", config, "send", "--text", "Hej", "--all", "--yes", "--max-parts", 9)
    assert done.code == 8
    assert "The simulator does not speak acme: nothing was sent." in done.err


@pytest.mark.usefixtures("acme")
def test_it_is_never_sent_for_by_intelecoms_e_mail(run: Run, make_config: MakeConfig) -> None:
    by_mail = {"module": "acme", "service_id": None, "use_web_service": False}
    smtp = {"host": "127.0.0.1", "from_address": "sms@exempelkommun.example"}
    done = run("--config", make_config(gateway=by_mail, smtp=smtp), "config", "check")
    assert done.code == 8
    assert "gateway.use_web_service: sending by e-mail exists for intelecom only" in done.said


def test_what_is_no_gateway_is_told_with_those_that_are(run: Run, make_config: MakeConfig) -> None:
    for module in ("mail", "wire", "acme"):
        done = run("--config", make_config(gateway={"module": module}), "config", "check")
        assert done.code == 8
        assert f'there is no gateway "{module}"; known are intelecom, pswincom.' in done.out + done.err
