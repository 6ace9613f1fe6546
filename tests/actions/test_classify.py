from collections.abc import Mapping
from pathlib import Path

import pytest

from smsctl.actions.classify import classify_sheet
from smsctl.domain.audience import Audience
from smsctl.domain.number import NumberReader
from smsctl.domain.recipients import Recipients, RowRules
from smsctl.errors import InputError
from smsctl.spreadsheet import open_sheet

GUARDIANS = Audience(groups=("guardians",))
HEADER = "Namn;Mobil;Grupp;Godkänt villkor"
ROW = "Åsa;0701740605;VH;ja"


def judged(
    path: Path, *lines: str, audience: Audience = GUARDIANS, columns: Mapping[str, str] | None = None
) -> Recipients:
    path.write_text("\n".join(lines), encoding="utf-8")
    return classify_sheet(open_sheet(path), columns or {}, audience, RowRules(numbers=NumberReader()))


def test_a_sheet_is_judged_by_its_own_columns(tmp_path: Path) -> None:
    found = judged(tmp_path / "list.csv", HEADER, ROW, "Bo;0701740606;elever;ja")
    assert (found.file_rows, found.rows, len(found.ready)) == (2, 1, 1)


def test_columns_named_by_a_person_hold(tmp_path: Path) -> None:
    header = "Namn;Mobil VH1;Mobil VH2;Grupp;Godkänt villkor"
    found = judged(
        tmp_path / "list.csv", header, "Åsa;0701740605;0701740606;VH;ja", columns={"number": "Mobil VH2"}
    )
    assert [person.number for person in found.ready] == ["+46701740606"]


@pytest.mark.parametrize(
    ("lines", "audience", "columns", "sentence"),
    [
        (("Namn;Grupp;Villkor", "Åsa;VH;ja"), GUARDIANS, {}, "No column with mobile numbers"),
        (("Mobil;Villkor", "0701740605;ja"), GUARDIANS, {}, "No column with groups"),
        ((HEADER, ROW), Audience(groups=("7B",)), {}, "Nobody in the file is in the group 7B."),
        ((HEADER, ROW), Audience(where=(("Skola", "Norra"),)), {}, "No column is called Skola."),
        ((HEADER, ROW), GUARDIANS, {"number": "Mobil VH1"}, "No column is called Mobil VH1."),
        (("Mobil;Mobil;Villkor", "0701740605;;ja"), GUARDIANS, {}, "2 columns could be number"),
    ],
)
def test_what_does_not_fit_names_the_file(
    tmp_path: Path, lines: tuple[str, ...], audience: Audience, columns: Mapping[str, str], sentence: str
) -> None:
    path = tmp_path / "list.csv"
    with pytest.raises(InputError) as caught:
        judged(path, *lines, audience=audience, columns=columns)
    assert str(caught.value).startswith(f"{path}: {sentence}")


def test_what_breaks_the_file_names_it_once(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with pytest.raises(InputError) as caught:
        judged(path, HEADER, ROW, 'Bo;"x"y;VH;ja')
    assert str(caught.value).count(str(path)) == 1
