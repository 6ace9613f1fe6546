from pathlib import Path

import pytest

PLAIN = """\
sender = "Kommunen"

[gateway]
module = "intelecom"
service_id = 4711
username = "demo"

[municipalities.exempelkommun]
name = "Exempelkommun"
package_size = 10000
package_price = "4900.00"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(PLAIN, encoding="utf-8")
    return path
