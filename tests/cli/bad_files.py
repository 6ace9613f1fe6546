"""Bad recipients files, bad texts, bad numbers."""

from ..conftest import HEADER
from .case import GUARDIANS, SEND, Case

GOOD = "Åsa Öberg;070-174 06 05;vårdnadshavare;Exempelkommun;ja"


def rows(*lines: str) -> str:
    return "\n".join([HEADER, *lines, ""])


RECIPIENTS = (
    Case(id="missing", argv=f"{SEND} --recipients gone.csv", code=8, says="gone.csv does not exist"),
    Case(id="a folder", argv=f"{SEND} --recipients .", code=8, says="is a folder"),
    Case(
        id="a device", argv=f"{SEND} --recipients /dev/null", code=8, says="/dev/null is not an ordinary file"
    ),
    Case(
        id="none configured",
        argv=SEND,
        code=8,
        says=("no recipients file", "--recipients"),
        config={"recipients": None},
    ),
    Case(id="a workbook", argv=SEND, code=8, says="is a workbook", csv=b"PK\x03\x04\x14\x00\x06\x00"),
    Case(id="a picture", argv=SEND, code=8, says="NUL", csv=b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
    Case(id="empty", argv=SEND, code=8, says="recipients.csv is empty", csv=b""),
    Case(id="blank", argv=SEND, code=8, says="recipients.csv is empty", csv=b"\xef\xbb\xbf\r\n\r\n"),
    Case(id="a header only", argv=SEND, code=8, says="has a header but no rows", csv=HEADER),
    Case(
        id="a header and empty rows",
        argv=SEND,
        code=8,
        says="has a header but no rows",
        csv=rows(";;;;", "", ";;;;"),
    ),
    Case(id="an empty first row", argv=SEND, code=8, says="has no header", csv=f";;;;\n{GOOD}\n"),
    Case(
        id="no number column",
        argv=SEND,
        code=8,
        says=("No column with mobile numbers", "Namn, Adress, Godkänt villkor", "[columns]", "--column"),
        csv="Namn;Adress;Godkänt villkor\nÅsa;Storgatan 1;ja\n",
    ),
    Case(
        id="two number columns",
        argv=SEND,
        code=8,
        says=("2 columns could be number", "Mobil, Telefon", "--column"),
        csv="Namn;Mobil;Telefon;Godkänt villkor\nÅsa;0701740605;0701740606;ja\n",
    ),
    Case(
        id="no terms column",
        argv=SEND,
        code=8,
        says="require_accepted_terms = false",
        csv="Namn;Mobil\nÅsa;0701740605\n",
    ),
    Case(
        id="no group column",
        argv=GUARDIANS,
        code=8,
        says="No column with groups",
        csv="Mobil;Villkor\n0701740605;ja\n",
    ),
    Case(
        id="an unknown group",
        argv="send message.txt --group janitors --yes",
        code=8,
        says=("Nobody in the file is in the group janitors", "guardians, students"),
    ),
    Case(
        id="one known and one unknown group",
        argv="send message.txt --group guardians --group janitors --yes",
        code=8,
        says="the group janitors",
    ),
    Case(
        id="a NUL",
        argv=SEND,
        code=8,
        says="it has NUL bytes",
        csv=rows(GOOD, "Bo\0Ek;0701740606;elever;Exempelkommun;ja"),
    ),
    Case(
        id="an unclosed quote",
        argv=SEND,
        code=8,
        says=("line 3", "stray quote"),
        csv=rows(GOOD, '"Bo Ek;0701740606;elever;Exempelkommun;ja'),
    ),
    Case(
        id="text after a quote",
        argv=SEND,
        code=8,
        says=("line 2", "stray quote"),
        csv=rows('"Åsa" Öberg;0701740605;elever;Exempelkommun;ja'),
    ),
    Case(
        id="a huge field",
        argv=SEND,
        code=8,
        says=("line 2", "over 131072 characters"),
        csv=rows("Å" * 140_000 + ";;;;"),
    ),
    Case(
        id="a cell too few",
        argv=SEND,
        code=8,
        says=("Row 3", "4 cells where the header has 5"),
        csv=rows(GOOD, "0701740606;elever;Exempelkommun;ja"),
    ),
    Case(
        id="a cell too many",
        argv=SEND,
        code=8,
        says=("Row 2", "6 cells where the header has 5"),
        csv=rows(f"{GOOD};x"),
    ),
    Case(
        id="a number that Excel destroyed",
        argv=SEND,
        code=8,
        says=("Row 2", "4,67E+10", "damaged by a spreadsheet"),
        csv=rows("Åsa;4,67E+10;elever;Exempelkommun;ja"),
    ),
    Case(
        id="bad rows are all listed",
        argv=SEND,
        code=8,
        says=("2 rows of the audience", "Row 2", "Row 4", "--skip-invalid"),
        csv=rows("Åsa;hemligt;elever;Exempelkommun;ja", GOOD, "Bo;0701;elever;Exempelkommun;ja"),
    ),
    Case(
        id="two numbers in a cell",
        argv=SEND,
        code=8,
        says="holds more than one number",
        csv=rows("Åsa;0701740605/0701740606;elever;Exempelkommun;ja"),
    ),
    Case(
        id="unreadable terms",
        argv=SEND,
        code=8,
        says=("Row 2", '"kanske" under Godkänt'),
        csv=rows("Åsa;0701740605;elever;Exempelkommun;kanske"),
    ),
    Case(
        id="garbled letters",
        argv=SEND,
        code=8,
        says=("line 2", "Ã¥"),
        csv=rows("GrÃ¥ben;0701740605;elever;Exempelkommun;ja"),
    ),
    Case(
        id="a lost letter",
        argv=SEND,
        code=8,
        says=("line 2", "a letter was lost"),
        csv=rows("\ufffdsa;0701740605;elever;Exempelkommun;ja"),
    ),
    Case(
        id="no known encoding",
        argv=SEND,
        code=8,
        says=("line 2", "neither UTF-8 nor Windows-1252"),
        csv=HEADER.encode() + b"\n\x81\x8d;0701740605;elever;Exempelkommun;ja\n",
    ),
    Case(
        id="half a letter of UTF-16",
        argv=SEND,
        code=8,
        says="not UTF-16",
        csv=rows(GOOD).encode("utf-16")[:-1],
    ),
    Case(
        id="a column smsctl has no use for",
        argv=f"{SEND} --column age=Mobil",
        code=8,
        says=("no column age", "number, name"),
    ),
    Case(
        id="a column that is not there",
        argv=f"{SEND} --column number=Nej",
        code=8,
        says=("No column is called Nej", "Mobil"),
    ),
    Case(
        id="a configured column that is not there",
        argv=SEND,
        code=8,
        says="No column is called Mobil VH1",
        config={"columns": {"number": "Mobil VH1"}},
    ),
    Case(
        id="a choice by a column not there",
        argv="send message.txt --where Klass=7B --yes",
        code=8,
        says="called Klass",
    ),
)

TEXTS = (
    Case(id="no text file", argv="send gone.txt --all --yes", code=8, says="gone.txt does not exist"),
    Case(id="a folder for a text", argv="send . --all --yes", code=8, says="is a folder"),
    Case(id="a path with a NUL", argv="send 'a\0b' --all --yes", code=8, says="is not a path"),
    Case(
        id="a document for a text",
        argv=SEND,
        code=8,
        says="is a packed file, such as .docx",
        text=b"PK\x03\x04\x14\x00\x06\x00",
    ),
    Case(
        id="a picture for a text",
        argv=SEND,
        code=8,
        says="is a picture, not a text",
        text=b"\x89PNG\r\n\x1a\n\x00\x00",
    ),
    Case(id="an empty text", argv=SEND, code=8, says="The text is empty", text=b""),
    Case(id="a blank text", argv=SEND, code=8, says="The text is empty", text=" \r\n\r\n"),
    Case(id="an empty text on standard input", argv="send - --all --yes", code=8, says="The text is empty"),
    Case(id="an escape", argv=SEND, code=8, says=("Line 2, column 3", "ESCAPE"), text="Hej\nal\x1b[31mla"),
    Case(id="a tab", argv=SEND, code=8, says=("Line 1, column 4", "TAB"), text="Hej\talla"),
    Case(
        id="text turned round", argv=SEND, code=8, says=("Line 1, column 5", "U+202E"), text="Hej \u202eolleh"
    ),
    Case(id="a zero width", argv=SEND, code=8, says=("Line 1, column 2", "U+200B"), text="H\u200bej"),
    Case(
        id="a text too long",
        argv=SEND,
        code=8,
        says=("at most 6 parts", "Remove 82 characters"),
        text="a" * 1000,
    ),
    Case(id="a text far too long", argv=SEND, code=8, says="too large for a text message", text="a" * 70_000),
    Case(id="a garbled text", argv=SEND, code=8, says=("line 2", "Ã¥"), text="Hej\ngrÃ¥ben"),
    Case(id="an escape in a test", argv="test +46701740605 'a\x1bb'", code=8, says="Line 1, column 2"),
    Case(id="an empty test", argv="test +46701740605 ''", code=8, says="The text is empty"),
    Case(id="a test too long", argv=f"test +46701740605 {'å' * 1000}", code=8, says="at most 6 parts"),
    Case(id="a sender with å", argv=f"{SEND} --sender Åmål", code=8, says="Åmål"),
    Case(id="a sender of 12 letters", argv=f"{SEND} --sender Abcdefghijkl", code=8, says="Abcdefghijkl"),
    Case(
        id="a configured sender with å",
        argv="test +46701740605 hej",
        code=8,
        says="Åmål",
        config={"sender": "Åmål"},
    ),
    Case(id="a validity of 8 days", argv=f"{SEND} --validity 8d", code=8, says="at most 7 days"),
)

NUMBERS = (
    Case(id="no number", argv="test '' hej", code=8, says="There is no number"),
    Case(id="letters", argv="test hemligt hej", code=8, says='"hemligt" is not a phone number'),
    Case(id="too few digits", argv="test 070174 hej", code=8, says="too few digits"),
    Case(id="too many digits", argv="test 070174060555 hej", code=8, says="too many digits"),
    Case(
        id="neither 0 nor a country code",
        argv="test 17406050 hej",
        code=8,
        says="neither a leading 0 nor a country code",
    ),
    Case(id="damaged", argv="test 4,67E+10 hej", code=8, says="damaged by a spreadsheet"),
    Case(
        id="a country that does not exist",
        argv="test +999123456 hej",
        code=8,
        says="country code that does not exist",
    ),
    Case(id="a landline", argv="test 08-12345678 hej", code=8, says="is not a mobile number"),
    Case(
        id="a country that is not allowed",
        argv="test +4741234567 hej",
        code=8,
        says="country that is not allowed",
    ),
    Case(id="a machine", argv="test 0711234567890 hej", code=8, says="belongs to a machine"),
)
