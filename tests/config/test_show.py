from pathlib import Path

from smsctl.config.keys import KEYS
from smsctl.config.show import effective


def test_every_key_is_shown_with_what_is_in_force(config: Path) -> None:
    shown = {one.dotted: one for one in effective(config)}
    assert shown["gateway.service_id"].spelled == "4711"
    assert shown["gateway.service_id"].written
    assert shown["gateway.batch_size"].spelled == "100"
    assert not shown["gateway.batch_size"].written
    assert shown["gateway.delivery_confirmation"].spelled == "true"
    assert shown["gateway.validity"].spelled == ""
    assert shown["limits.countries"].spelled == '["+46"]'
    assert shown["default_municipality"].spelled == '"exempelkommun"'
    assert shown["ledger.path"].value == str(config.parent / ".smsctl" / "ledger.db")
    assert shown["municipalities.exempelkommun.package_price"].spelled == '"4900.00"'


def test_sections_that_need_not_be_there_are_shown_where_they_are(config: Path) -> None:
    names = {one.dotted for one in effective(config)}
    always = {
        key.dotted for key in KEYS if key.section[:1] not in (("smtp",), ("municipalities",), ("senders",))
    }
    assert always <= names
    assert not any(name.startswith(("smtp", "senders")) for name in names)
    with config.open("a", encoding="utf-8") as file:
        file.write('[smtp]\nhost = "mail.example.se"\nfrom_address = "sms@example.se"\n')
    assert "smtp.password.source" in {one.dotted for one in effective(config)}
