import re
from pathlib import Path

from smsctl.decoding import decode
from smsctl.domain.audience import Audience
from smsctl.domain.classify import classify
from smsctl.domain.columns import find_columns
from smsctl.domain.number import NumberReader
from smsctl.domain.recipients import RowRules
from smsctl.domain.text import INTELECOM_PARTS, PSWINCOM_PARTS, measure
from smsctl.spreadsheet import open_sheet

EXAMPLES = Path(__file__).parent.parent / "examples"
FICTION = re.compile(r"\+467017406(0[5-9]|[1-9][0-9])")  # wire/numbers.md, "Sweden"


def test_the_example_recipients_show_every_common_case() -> None:
    sheet = open_sheet(EXAMPLES / "recipients.csv")
    assert (sheet.encoding, sheet.delimiter, sheet.notice) == ("UTF-8", ";", None)
    guardians = Audience(groups=("guardians",), municipality=frozenset({"exempelkommun"}))
    rules = RowRules(numbers=NumberReader())
    found = classify(sheet.header, sheet.rows(), find_columns(sheet.header), guardians, rules)
    assert (found.rows, len(found.ready), found.bad_count, found.outside_bad_count) == (21, 15, 0, 1)
    assert {reason.value: len(people) for reason, people in found.skipped.items()} == {
        "no-number": 1,
        "not-mobile": 1,
        "terms": 3,
        "duplicate": 1,
    }
    assert found.groups == ("students", "guardians", "staff", "principals", "administrators")


def test_the_example_numbers_are_nobody_s() -> None:
    sheet = open_sheet(EXAMPLES / "recipients.csv")
    rules = RowRules(numbers=NumberReader(), skip_invalid=True)
    found = classify(sheet.header, sheet.rows(), find_columns(sheet.header), Audience(everyone=True), rules)
    assert all(FICTION.fullmatch(person.number) for person in found.ready)


def test_the_example_message_is_one_part_at_both_gateways() -> None:
    text = decode((EXAMPLES / "message.txt").read_bytes()).text.rstrip("\n")
    assert measure(text, INTELECOM_PARTS).parts == measure(text, PSWINCOM_PARTS).parts == 1
    assert set("åäö") <= set(text.lower())
