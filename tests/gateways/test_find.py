import subprocess
import sys
from pathlib import Path

import pytest

from smsctl import gateways
from smsctl.domain.gateway import Options
from smsctl.errors import ConfigError
from smsctl.gateways import find

FILES = sorted(Path(gateways.__path__[0]).glob("*.py"))
GATEWAYS = [file.stem for file in FILES if "\ndef open_gateway(" in file.read_text(encoding="utf-8")]


def test_ours_are_each_a_file() -> None:
    assert {"intelecom", "mail", "pswincom"} <= {*GATEWAYS}


@pytest.mark.parametrize("module", GATEWAYS)
def test_a_gateway_is_found_by_its_module_name(module: str) -> None:
    assert find(module)(Options()).traits.name == module


@pytest.mark.parametrize("module", ["puzzel", "wire", "outcome", "", "..config", "os.path"])
def test_an_unknown_name_is_answered_with_those_there_are(module: str) -> None:
    with pytest.raises(ConfigError) as raised:
        find(module)
    assert str(raised.value.hint) == f"module is one of: {', '.join(GATEWAYS)}"


@pytest.mark.parametrize("module", GATEWAYS)
def test_the_plan_loads_nothing_heavy(module: str) -> None:
    code = (
        "import sys; from smsctl.domain.gateway import Options; from smsctl.gateways import find;"
        f"find({module!r})(Options());"
        "heavy = {'requests', 'urllib3', 'smtplib', 'email.message', 'defusedxml', 'xml.etree.ElementTree',"
        "'ssl', 'http.client', 'importlib.metadata', 'zoneinfo'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
