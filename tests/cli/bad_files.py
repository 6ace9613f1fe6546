"""Bad recipients files, bad texts, bad numbers."""

from ..conftest import HEADER
from .case import GUARDIANS, SEND, Case

GOOD = "Åsa Öberg;070-174 06 05;vårdnadshavare;Exempelkommun;ja"


def rows(*lines: str) -> str:
    return "\n".join([HEADER, *lines, ""])


RECIPIENTS = (
    Case("missing", f"{SEND} --recipients gone.csv", 8, "gone.csv does not exist"),
    Case("a folder", f"{SEND} --recipients .", 8, "is a folder"),
    Case("a device", f"{SEND} --recipients /dev/null", 8, "/dev/null is not an ordinary file"),
    Case("none configured", SEND, 8, ("no recipients file", "--recipients"), config={"recipients": None}),
    Case("a workbook", SEND, 8, "is a workbook", csv=b"PK\x03\x04\x14\x00\x06\x00"),
    Case("a picture", SEND, 8, "NUL", csv=b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
    Case("empty", SEND, 8, "recipients.csv is empty", csv=b""),
    Case("blank", SEND, 8, "recipients.csv is empty", csv=b"\xef\xbb\xbf\r\n\r\n"),
    Case("a header only", SEND, 8, "has a header but no rows", csv=HEADER),
    Case("a header and empty rows", SEND, 8, "has a header but no rows", csv=rows(";;;;", "", ";;;;")),
    Case("an empty first row", SEND, 8, "has no header", csv=f";;;;\n{GOOD}\n"),
    Case(
        "no number column",
        SEND,
        8,
        ("No column with mobile numbers", "Namn, Adress, Godkänt villkor", "[columns]", "--column"),
        csv="Namn;Adress;Godkänt villkor\nÅsa;Storgatan 1;ja\n",
    ),
    Case(
        "two number columns",
        SEND,
        8,
        ("2 columns could be number", "Mobil, Telefon", "--column"),
        csv="Namn;Mobil;Telefon;Godkänt villkor\nÅsa;0701740605;0701740606;ja\n",
    ),
    Case("no terms column", SEND, 8, "require_accepted_terms = false", csv="Namn;Mobil\nÅsa;0701740605\n"),
    Case("no group column", GUARDIANS, 8, "No column with groups", csv="Mobil;Villkor\n0701740605;ja\n"),
    Case(
        "an unknown group",
        "send message.txt --group janitors --yes",
        8,
        ("Nobody in the file is in the group janitors", "guardians, students"),
    ),
    Case(
        "one known and one unknown group",
        "send message.txt --group guardians --group janitors --yes",
        8,
        "the group janitors",
    ),
    Case(
        "a NUL",
        SEND,
        8,
        "it has NUL bytes",
        csv=rows(GOOD, "Bo\0Ek;0701740606;elever;Exempelkommun;ja"),
    ),
    Case(
        "an unclosed quote",
        SEND,
        8,
        ("line 3", "stray quote"),
        csv=rows(GOOD, '"Bo Ek;0701740606;elever;Exempelkommun;ja'),
    ),
    Case(
        "text after a quote",
        SEND,
        8,
        ("line 2", "stray quote"),
        csv=rows('"Åsa" Öberg;0701740605;elever;Exempelkommun;ja'),
    ),
    Case("a huge field", SEND, 8, ("line 2", "over 32767 characters"), csv=rows("Å" * 40_000 + ";;;;")),
    Case(
        "a cell too few",
        SEND,
        8,
        ("Row 3", "4 cells where the header has 5"),
        csv=rows(GOOD, "0701740606;elever;Exempelkommun;ja"),
    ),
    Case("a cell too many", SEND, 8, ("Row 2", "6 cells where the header has 5"), csv=rows(f"{GOOD};x")),
    Case(
        "a number that Excel destroyed",
        SEND,
        8,
        ("Row 2", "4,67E+10", "damaged by a spreadsheet"),
        csv=rows("Åsa;4,67E+10;elever;Exempelkommun;ja"),
    ),
    Case(
        "bad rows are all listed",
        SEND,
        8,
        ("2 rows of the audience", "Row 2", "Row 4", "--skip-invalid"),
        csv=rows("Åsa;hemligt;elever;Exempelkommun;ja", GOOD, "Bo;0701;elever;Exempelkommun;ja"),
    ),
    Case(
        "two numbers in a cell",
        SEND,
        8,
        "holds more than one number",
        csv=rows("Åsa;0701740605/0701740606;elever;Exempelkommun;ja"),
    ),
    Case(
        "unreadable terms",
        SEND,
        8,
        ("Row 2", '"kanske" under Godkänt'),
        csv=rows("Åsa;0701740605;elever;Exempelkommun;kanske"),
    ),
    Case(
        "garbled letters", SEND, 8, ("line 2", "Ã¥"), csv=rows("GrÃ¥ben;0701740605;elever;Exempelkommun;ja")
    ),
    Case(
        "a lost letter",
        SEND,
        8,
        ("line 2", "a letter was lost"),
        csv=rows("\ufffdsa;0701740605;elever;Exempelkommun;ja"),
    ),
    Case(
        "no known encoding",
        SEND,
        8,
        ("line 2", "neither UTF-8 nor Windows-1252"),
        csv=HEADER.encode() + b"\n\x81\x8d;0701740605;elever;Exempelkommun;ja\n",
    ),
    Case("half a letter of UTF-16", SEND, 8, "not UTF-16", csv=rows(GOOD).encode("utf-16")[:-1]),
    Case(
        "a column smsctl has no use for", f"{SEND} --column age=Mobil", 8, ("no column age", "number, name")
    ),
    Case(
        "a column that is not there", f"{SEND} --column number=Nej", 8, ("No column is called Nej", "Mobil")
    ),
    Case(
        "a configured column that is not there",
        SEND,
        8,
        "No column is called Mobil VH1",
        config={"columns": {"number": "Mobil VH1"}},
    ),
    Case("a choice by a column not there", "send message.txt --where Klass=7B --yes", 8, "called Klass"),
)

TEXTS = (
    Case("no text file", "send gone.txt --all --yes", 8, "gone.txt does not exist"),
    Case("a folder for a text", "send . --all --yes", 8, "is a folder"),
    Case("a path with a NUL", "send 'a\0b' --all --yes", 8, "is not a path"),
    Case(
        "a document for a text",
        SEND,
        8,
        "is a packed file, such as .docx",
        text=b"PK\x03\x04\x14\x00\x06\x00",
    ),
    Case("a picture for a text", SEND, 8, "is a picture, not a text", text=b"\x89PNG\r\n\x1a\n\x00\x00"),
    Case("an empty text", SEND, 8, "The text is empty", text=b""),
    Case("a blank text", SEND, 8, "The text is empty", text=" \r\n\r\n"),
    Case("an empty text on standard input", "send - --all --yes", 8, "The text is empty"),
    Case("an escape", SEND, 8, ("Line 2, column 3", "ESCAPE"), text="Hej\nal\x1b[31mla"),
    Case("a tab", SEND, 8, ("Line 1, column 4", "TAB"), text="Hej\talla"),
    Case("text turned round", SEND, 8, ("Line 1, column 5", "U+202E"), text="Hej \u202eolleh"),
    Case("a zero width", SEND, 8, ("Line 1, column 2", "U+200B"), text="H\u200bej"),
    Case("a text too long", SEND, 8, ("at most 6 parts", "Remove 82 characters"), text="a" * 1000),
    Case("a text far too long", SEND, 8, "too large for a text message", text="a" * 70_000),
    Case("a garbled text", SEND, 8, ("line 2", "Ã¥"), text="Hej\ngrÃ¥ben"),
    Case("an escape in a test", "test +46701740605 'a\x1bb'", 8, "Line 1, column 2"),
    Case("an empty test", "test +46701740605 ''", 8, "The text is empty"),
    Case("a test too long", f"test +46701740605 {'å' * 1000}", 8, "at most 6 parts"),
    Case("a sender with å", f"{SEND} --sender Åmål", 8, "Åmål"),
    Case("a sender of 12 letters", f"{SEND} --sender Abcdefghijkl", 8, "Abcdefghijkl"),
    Case("a configured sender with å", "test +46701740605 hej", 8, "Åmål", config={"sender": "Åmål"}),
    Case("a validity of 8 days", f"{SEND} --validity 8d", 8, "at most 7 days"),
)

NUMBERS = (
    Case("no number", "test '' hej", 8, "There is no number"),
    Case("letters", "test hemligt hej", 8, '"hemligt" is not a phone number'),
    Case("too few digits", "test 070174 hej", 8, "too few digits"),
    Case("too many digits", "test 070174060555 hej", 8, "too many digits"),
    Case("neither 0 nor a country code", "test 17406050 hej", 8, "neither a leading 0 nor a country code"),
    Case("damaged", "test 4,67E+10 hej", 8, "damaged by a spreadsheet"),
    Case("a country that does not exist", "test +999123456 hej", 8, "country code that does not exist"),
    Case("a landline", "test 08-12345678 hej", 8, "is not a mobile number"),
    Case("a country that is not allowed", "test +4741234567 hej", 8, "country that is not allowed"),
    Case("a machine", "test 0711234567890 hej", 8, "belongs to a machine"),
)
