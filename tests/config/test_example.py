from pathlib import Path

from smsctl.config.read import load
from smsctl.config.settings import Mode

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def test_the_example_runs_as_it_stands() -> None:
    settings = load(EXAMPLE)
    assert settings.mode is Mode.SIMULATE
    assert settings.municipality().package_price_ore == 490_000
    assert settings.recipients == EXAMPLE.parent / "examples" / "recipients.csv"
    assert settings.ledger.path == EXAMPLE.parent / ".smsctl" / "ledger.db"
