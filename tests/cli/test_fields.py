"""Texts with fields, and texts by a column, through the front door: planned, sent, gone on with, purged."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway, MakeConfig
from ..front_door import Ran, Run

HEADER = "Namn;Mobil;Grupp;Kommun;Godkänt villkor;Elev;Tid;Språk"
TEXT = "Hej! Samtal för ((Elev)) kl ((Tid|8)) i matsalen."
LONG = "x" * 150
ROWS = (
    "A;070-174 06 05;vh;Exempelkommun;ja;Kim Öberg;17.20;",
    "B;070-174 06 06;vh;Exempelkommun;ja;Đorđe;;arabiska",
    f"C;070-174 06 07;vh;Exempelkommun;ja;Bo;{LONG};",
    "C;070-174 06 07;vh;Exempelkommun;ja;Åsa;18;arabiska",
    "C;070-174 06 07;vh;Exempelkommun;ja;Åsa;18;arabiska",
    "D;070-174 06 08;vh;Exempelkommun;nej;;;",
)
SENT = {
    ("+46701740605", "Hej! Samtal för Kim Öberg kl 17.20 i matsalen.", 1),
    ("+46701740606", "Hej! Samtal för Đorđe kl 8 i matsalen.", 1),
    ("+46701740607", f"Hej! Samtal för Bo kl {LONG} i matsalen.", 2),
    ("+46701740607", "Hej! Samtal för Åsa kl 18 i matsalen.", 1),
}
GATEWAYS = ("intelecom", "pswincom")


def gateway_of(module: str) -> dict[str, object]:
    return {"module": module, "service_id": 4711 if module == "intelecom" else None}


@pytest.fixture(params=GATEWAYS)
def live(live_gateway: LiveGateway, request: pytest.FixtureRequest) -> Live:
    return live_gateway(rows=ROWS, header=HEADER, gateway=gateway_of(request.param))


@pytest.fixture
def refusing(live_gateway: LiveGateway) -> Live:
    """A gateway that refuses the login, so that everything stays pending."""
    return live_gateway(Behaviour(password="another"), rows=ROWS, header=HEADER)


def send(run: Run, live: Live, *flags: object, text: str = TEXT) -> Ran:
    whole = ("--group", "guardians", "--yes", "--max-parts", 99, "--text", text)
    return run("--config", live.config, "send", *whole, *flags)


def sent(live: Live) -> list[tuple[str, str, int]]:
    return [("+" + one.recipient.lstrip("+"), one.content, one.parts) for one in live.simulator.accepted()]


def must_be_sound(run: Run, live: Live) -> None:
    ran = run("--config", live.config, "ledger", "check")
    assert (ran.code, ran.err) == (0, "")


def db(live: Live) -> sqlite3.Connection:
    return sqlite3.connect(live.config.parent / "ledger" / "ledger.db")


def test_each_gets_a_text_of_their_own_and_what_it_costs_is_what_was_shown(run: Run, live: Live) -> None:
    plan = send(run, live, "--dry-run", "--json").data
    assert plan["personal"] == {
        "columns": ["Elev", "Tid"],
        "parts": {"1": 3, "2": 1},
        "unicode": 1,
        "unicode_columns": [{"column": "Elev", "rows": 1, "signs": {"Đ": 1, "đ": 1}}],
        "several": {"numbers": 1, "most": 2},
        "texts": [{"for": None, "messages": 4, "parts": 5}],
    }
    assert plan["text"]["parts"] == 2
    assert plan["cost"]["parts"] == 5
    done = send(run, live, "--json").data
    assert (done["cost"], done["outcome"]) == (plan["cost"], {"accepted": 4})
    assert sorted(sent(live)) == sorted(SENT)
    assert run("--config", live.config, "usage", "--json").data["municipalities"][0]["parts"] == 5
    must_be_sound(run, live)


@pytest.mark.parametrize("text", [f"Avgift 100 €. {'a' * 100}", f"Ω. {'a' * 150}", "[" * 79 + "åäö§", TEXT])
@pytest.mark.parametrize("cell", ["Kim", "Kim €", "{Kim}", "Σίσυφος"])
def test_what_is_counted_is_what_the_gateway_bills(text: str, cell: str, run: Run, live: Live) -> None:
    rows = live.config.with_name("recipients.csv")
    rows.write_text(rows.read_text().replace("Kim Öberg", cell), encoding="utf-8")
    plan = send(run, live, "--dry-run", "--json", text=text).data
    assert send(run, live, text=text).code == 0
    assert plan["cost"]["parts"] == sum(parts for _, _, parts in sent(live))


def test_where_the_euro_makes_a_text_dearer_the_plan_says_so(run: Run, live_gateway: LiveGateway) -> None:
    dear = live_gateway(rows=ROWS, header=HEADER, gateway=gateway_of("pswincom"))
    rows = dear.config.with_name("recipients.csv")
    rows.write_text(rows.read_text().replace("Kim Öberg", "Kim €"), encoding="utf-8")
    assert "Unicode because of  € (U+20AC EURO SIGN)" in send(run, dear, "--dry-run", text="Avgift 5 €").out
    said = send(run, dear, "--dry-run", text="5 € för ((Elev))")
    assert "€ in the text itself" in " ".join(said.out.replace("U+20AC", "€").split())
    plan = send(run, dear, "--dry-run", "--json").data["personal"]
    assert plan["unicode_columns"] == [{"column": "Elev", "rows": 2, "signs": {"Đ": 1, "đ": 1, "€": 1}}]


def test_a_second_run_sends_nothing_and_a_second_notice_goes_out(run: Run, live: Live) -> None:
    send(run, live)
    again = send(run, live)
    assert (again.code, "Everybody has had this text" in again.err) == (5, True)
    assert len(sent(live)) == 4
    rows = live.config.with_name("recipients.csv")
    rows.write_text(rows.read_text().replace("Kim Öberg", "Kims syster"), encoding="utf-8")
    assert send(run, live).code == 0
    assert sent(live)[4:] == [("+46701740605", "Hej! Samtal för Kims syster kl 17.20 i matsalen.", 1)]


def test_one_text_for_all_is_the_same_text_as_one_that_was_filled_in(run: Run, live: Live) -> None:
    send(run, live)
    plain = send(run, live, "--json", text="Hej! Samtal för Kim Öberg kl 17.20 i matsalen.").data
    assert plain["recipients"]["skipped"]["already-sent"] == 1
    other = send(run, live, "--json", text="Hej! Samtal för ((Elev)) kl ((Tid|9)) i matsalen.").data
    assert other["recipients"]["skipped"]["already-sent"] == 4
    assert [text for _, text, _ in sent(live)[-1:]] == ["Hej! Samtal för Đorđe kl 9 i matsalen."]


def test_one_that_is_filled_in_is_the_same_text_as_one_for_all_before_it(run: Run, live: Live) -> None:
    assert send(run, live, text="Hej! Samtal för Kim Öberg kl 17.20 i matsalen.").code == 0
    before = len(sent(live))
    own = send(run, live, "--json").data
    assert own["recipients"]["skipped"]["already-sent"] == 1
    assert sorted(sent(live)[before:]) == sorted(one for one in SENT if "Kim" not in one[1])


def test_a_text_that_is_pending_for_a_number_holds_it(run: Run, refusing: Live) -> None:
    assert send(run, refusing).code == 6
    for text in (TEXT, "Hej! Samtal för Kim Öberg kl 17.20 i matsalen."):
        ran = send(run, refusing, text=text)
        assert (ran.code, "mailing 1" in ran.err.casefold()) == (5, True)


def test_what_is_left_goes_on_with_the_frozen_texts(run: Run, refusing: Live) -> None:
    assert send(run, refusing, "--key", "samtal").code == 6
    rows = refusing.config.with_name("recipients.csv")
    rows.write_text(rows.read_text().replace("Kim Öberg", "Someone else"), encoding="utf-8")
    assert send(run, refusing, "--key", "samtal", text="Another ((Elev))").code == 5
    with closing(db(refusing)) as ledger:
        bodies = {body for (body,) in ledger.execute("SELECT body FROM texts")}
        parts = ledger.execute("SELECT state, parts FROM mailing_counts WHERE messages > 0").fetchall()
    assert bodies == {text for _, text, _ in SENT}
    assert parts == [("pending", 5)]
    must_be_sound(run, refusing)


def test_a_ceiling_takes_the_first_that_fit_by_their_own_parts(run: Run, live_gateway: LiveGateway) -> None:
    live = live_gateway(rows=ROWS, header=HEADER)
    with closing(db(live)) as ledger, ledger:
        assert send(run, live, "--max-parts", 5, "--dry-run").code == 0
    refused = send(run, live, "--max-parts", 4)
    assert refused.code == 5
    assert sent(live) == []


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("Hej ((", 8, "Line 1, column 5: (( is not closed"),
        ("Hej ((Namn", 8, "Line 1, column 5"),
        ("Synd :(( men nu :))", 8, "No column is called men nu :."),
        ("((Plats)) ((Dag))", 8, "No column is called Dag."),
        ("Ring ((Mobil))", 8, "Mobil holds the mobile numbers"),
        ("Hej <<Namn>>", 8, "a field is written ((Namn))"),
    ],
)
def test_a_text_that_cannot_be_filled_in_is_told_and_nothing_is_sent(
    run: Run, live_gateway: LiveGateway, text: str, code: int, told: str
) -> None:
    live = live_gateway(rows=ROWS, header=HEADER)
    ran = send(run, live, text=text)
    assert (ran.code, told in ran.err, sent(live)) == (code, True, [])


MANY = ";".join(f"K{n}" for n in range(300))


@pytest.mark.parametrize(
    ("headings", "cells", "text", "told"),
    [
        (MANY, ";".join(f"v{n}" for n in range(300)), "Hej ((K0)) ((K299))", "Hej v0 v299"),
        ("Elev  ", "Bo", "Hej ((ELEV))", "Hej Bo"),
        ("Elev\u00a0namn", "Bo", "Hej ((Elev namn))", "Hej Bo"),
        ("Fo\u0308rnamn", "Bo", "Hej ((Förnamn))", "Hej Bo"),
        ("Elev", "\u0308berg", "Hej O((Elev))", "Hej Öberg"),
        ("Elev", "((Namn)) %s", "Hej ((Elev))", "Hej ((Namn)) %s"),
        ("Elev", "Bo", "((Elev))\r\n\r\nMvh\r\n", "Bo\n\nMvh"),
        (MANY, ";".join("v" * 300), "((K0))" * 10_900, "The text has 10900 fields; at most 100"),
        ("Tid;Tid", "1;2", "Kl ((Tid))", "2 columns are called Tid."),
        ("Elev", '"ett\ntvå"', "Hej ((Elev))", "Row 2: Elev holds a line break (U+000A)."),
        ("Elev", "a\0b", "Hej ((Elev))", "is not a text file: it has NUL bytes"),
        ("Elev", "x" * 10_000, "Hej ((Elev))", "Row 2: its text takes 66 parts; at most 6"),
    ],
)
def test_odd_columns_cells_and_texts_are_sent_as_meant_or_told(
    headings: str, cells: str, text: str, told: str, run: Run, live_gateway: LiveGateway, message: Path
) -> None:
    start = "A;070-174 06 05;vh;Exempelkommun;ja;"
    live = live_gateway(rows=[start + cells], header=f"Namn;Mobil;Grupp;Kommun;Godkänt villkor;{headings}")
    message.write_bytes(text.encode())
    whole = ("--config", live.config, "send", message, "--group", "guardians", "--yes", "--max-parts", 9)
    dry, real = run(*whole, "--dry-run", "--json"), run(*whole, "--json")
    said = "\n".join(one["text"] for one in real.json["messages"])
    texts = [one for _, one, _ in sent(live)]
    assert dry.code == real.code == (0 if texts else 8)
    assert (texts == [told]) if texts else (told in said)
    must_be_sound(run, live)


def test_brackets_that_are_meant_are_written_with_a_mark(run: Run, live_gateway: LiveGateway) -> None:
    live = live_gateway(rows=ROWS[:1], header=HEADER)
    assert send(run, live, text=r"Synd :\(( men nu :))").code == 0
    assert [text for _, text, _ in sent(live)] == ["Synd :(( men nu :))"]
    with closing(db(live)) as ledger:
        assert ledger.execute("SELECT personal FROM mailings").fetchall() == [(0,)]
    assert run("--config", live.config, "test", "070-174 06 09", "Hej ((Namn))").code == 2


def test_bad_cells_stop_the_mailing_or_are_left_out_by_a_word(run: Run, live_gateway: LiveGateway) -> None:
    bad = "E;070-174 06 09;vh;Exempelkommun;ja;#SAKNAS!;;"
    live = live_gateway(rows=(*ROWS, bad), header=HEADER)
    ran = send(run, live)
    assert (ran.code, "Row 8: Elev holds #SAKNAS!, a formula" in ran.err) == (8, True)
    assert send(run, live, "--skip-invalid").code == 0
    assert sorted(sent(live)) == sorted(SENT)


def test_very_many_texts_to_one_number_are_refused(run: Run, live_gateway: LiveGateway) -> None:
    rows = [f"S;070-174 06 09;vh;Exempelkommun;ja;Barn {n};;" for n in range(6)]
    live = live_gateway(rows=rows, header=HEADER)
    ran = send(run, live)
    assert (ran.code, "One number would get 6 texts" in ran.err, sent(live)) == (5, True, [])
    assert send(run, live, "--one-per-number").code == 0
    assert [text for _, text, _ in sent(live)] == ["Hej! Samtal för Barn 0 kl 8 i matsalen."]


def test_one_per_number_said_twice_sends_no_other_rows_text(run: Run, live: Live) -> None:
    assert send(run, live, "--one-per-number").code == 0
    first = sent(live)
    assert len(first) == 3
    again = send(run, live, "--one-per-number", "--json")
    assert (again.code, again.data["recipients"]["ready"]) == (5, 0)
    assert sent(live) == first


def test_the_plan_shows_an_example_without_names(run: Run, make_config: MakeConfig) -> None:
    config = make_config(rows=ROWS, header=HEADER)
    text = ("--text", TEXT, "--group", "guardians", "--dry-run")
    out = run("--config", config, "send", *text).out
    assert "4 of 6 in guardians, Exempelkommun, get a text of their own:" in out
    assert "Hej! Samtal för K*** Ö*** kl 17.20 i matsalen." in out
    assert "Elev: 1 row with Đ, đ" in out
    assert "row 4: 2 parts" in out
    assert "1 number gets several texts, 2 at most; --one-per-number sends one each" in out
    assert "Kim" not in out
    assert not (config.parent / "ledger").exists()


def test_a_row_gets_the_text_of_its_language(run: Run, live: Live, tmp_path: Path) -> None:
    arabic = tmp_path / "ar.txt"
    arabic.write_text("مرحبا ((Elev))", encoding="utf-8")
    choice = ("--text-for", f"Språk=Arabiska:{arabic}")
    plan = send(run, live, *choice, "--dry-run", "--json").data["personal"]
    assert plan["texts"] == [
        {"for": None, "messages": 2, "parts": 3},
        {"for": "Språk=Arabiska", "messages": 2, "parts": 2},
    ]
    assert send(run, live, *choice, "--key", "k").code == 0
    assert {text for _, text, _ in sent(live)} == {
        "Hej! Samtal för Kim Öberg kl 17.20 i matsalen.",
        f"Hej! Samtal för Bo kl {LONG} i matsalen.",
        "مرحبا Đorđe",
        "مرحبا Åsa",
    }
    assert send(run, live, *choice, "--key", "k").code == 0
    arabic.write_text("أهلا ((Elev))", encoding="utf-8")
    other = send(run, live, *choice, "--key", "k")
    assert (other.code, "with another text" in other.err) == (5, True)
    must_be_sound(run, live)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("Språk", "write NAME=VALUE"),
        ("Språk=arabiska", "names no value and file"),
        ("Språk=:ar.txt", "names no value and file"),
    ],
)
def test_a_choice_of_texts_that_is_none_is_told(
    run: Run, make_config: MakeConfig, choice: str, told: str
) -> None:
    config = make_config(rows=ROWS, header=HEADER)
    ran = run("--config", config, "send", "--text", "Hej", "--all", "--dry-run", "--text-for", choice)
    assert (ran.code, told in ran.err) == (2, True)


def test_a_value_without_a_text_is_told(run: Run, make_config: MakeConfig, tmp_path: Path) -> None:
    somali = tmp_path / "so.txt"
    somali.write_text("Haye", encoding="utf-8")
    config = make_config(rows=ROWS, header=HEADER)
    whole = ("--text", "Hej", "--all", "--dry-run", "--text-for", f"Språk=somaliska:{somali}", "--json")
    ran = run("--config", config, "send", *whole)
    told = [one["text"] for one in json.loads(ran.out)["messages"]]
    assert 'No text is for "arabiska" under Språk: 3 of its rows get the first text.' in told


def test_what_is_purged_leaves_no_text_and_no_sum_changes(run: Run, live: Live) -> None:
    send(run, live)
    purge = ("purge", "--older-than", "90d", "--decision", "KS 2026/1", "--yes")
    old = "2026-01-01T08:00:00.000Z"
    with closing(db(live)) as ledger, ledger:
        ledger.execute("UPDATE mailings SET created_at = ?", (old,))
        ledger.execute("UPDATE batches SET claimed_at = ?", (old,))
    run("--config", live.config, *purge)
    with closing(db(live)) as ledger, ledger:
        # By the clock that nobody sets it was sent just now: the words are still needed.
        assert ledger.execute("SELECT COUNT(*) FROM texts").fetchone() == (4,)
        ledger.execute("UPDATE batches SET boot = NULL")
    ran = run("--config", live.config, *purge)
    assert ran.code == 0, ran.err
    with closing(db(live)) as ledger:
        assert ledger.execute("SELECT COUNT(*) FROM texts").fetchone() == (0,)
        assert ledger.execute("SELECT SUM(parts) FROM messages").fetchone() == (5,)
    must_be_sound(run, live)


def test_a_text_is_tried_on_the_whole_file_before_anything_is_planned(
    run: Run, make_config: MakeConfig, tmp_path: Path
) -> None:
    bad = "E;070-174 06 09;personal;Exempelkommun;ja;####;;"
    config = make_config(rows=(*ROWS, bad), header=HEADER)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    check = ("--config", config, "recipients", "check", "--text", tmp_path / "text.txt")
    ran = run(*check)
    assert ran.code == 8
    assert "Row 8: Elev holds ####, a formula or its error." in ran.said
    assert "Hej! Samtal för K*** Ö*** kl 17.20 i matsalen." in ran.said
    found = run(*check, "--json").data
    assert found["personal"]["parts"] == {"1": 3, "2": 1}
    assert run("--config", config, "recipients", "check", "--json").data["personal"] is None
    assert run("--config", config, "recipients", "check", "--text-for", "Språk=x:y.txt").code == 2


def test_those_who_were_not_reached_get_their_own_text_again(run: Run, live_gateway: LiveGateway) -> None:
    live = live_gateway(rows=ROWS, header=HEADER)
    send(run, live)
    with closing(db(live)) as ledger:
        ((reference,),) = ledger.execute("SELECT reference FROM mailings")
    told = [
        {"statuscode": code, "customermessagereference": f"{reference}-{n}"} for n, code in ((1, 0), (3, 360))
    ]
    reports = live.config.with_name("reports.json")
    reports.write_text(json.dumps({"dr": told}), encoding="utf-8")
    assert run("--config", live.config, "reports", "import", reports).code == 0
    retry = ("mailings", "retry", 1, "--yes", "--max-parts", 9, "--json")
    ran = run("--config", live.config, *retry)
    assert (ran.code, ran.data["cost"]["parts"], ran.data["outcome"]) == (0, 2, {"accepted": 1})
    assert sent(live)[4:] == [("+46701740607", f"Hej! Samtal för Bo kl {LONG} i matsalen.", 2)]
    must_be_sound(run, live)


CURLY = (
    "Hej! Samtal \u2013 \u201d((Elev))\u201d kl ((Tid|8)) i den stora matsalen vid huvudentrén på torsdag."
)
"""Dashes and quotes that alone make it Unicode; each text takes two parts, and one when written plainly."""


def test_the_plan_tells_which_column_makes_how_many_rows_unicode(run: Run, live: Live) -> None:
    plan = send(run, live, "--dry-run", "--json").data
    assert plan["personal"]["unicode_columns"] == [{"column": "Elev", "rows": 1, "signs": {"Đ": 1, "đ": 1}}]
    said = " ".join(send(run, live, "--dry-run").out.split())
    assert "Elev: 1 row with Đ, đ" in said


def test_a_text_by_name_is_offered_with_plain_dashes_and_quotes(run: Run, live: Live) -> None:
    plan = send(run, live, "--dry-run", "--json", text=CURLY).data
    assert plan["cost"]["parts"] > 5
    offered = plan["cheaper"]
    assert (offered["way"], offered["parts"] < plan["cost"]["parts"]) == ("plain", True)
    told = " ".join(send(run, live, "--dry-run", text=CURLY).out.split())
    assert f"With plain quotes, dashes and spaces: {offered['parts']} parts" in told
    replaced = send(run, live, "--dry-run", "--json", "--replace-typographic", text=CURLY).data
    assert (replaced["cost"]["parts"], replaced["cheaper"]) == (offered["parts"], None)


def test_the_plain_text_by_name_is_one_more_answer_and_the_same_text_afterwards(run: Run, live: Live) -> None:
    argv = ("--config", live.config, "send", "--group", "guardians", "--text", CURLY)
    plan = send(run, live, "--dry-run", "--json", text=CURLY).data
    ran = run(*argv, "--key", "once", stdin="c\n", terminal=True)
    assert ran.code == 0, ran.said
    assert not [one for one in sent(live) if "\u2013" in one[1] or "\u201d" in one[1]]
    assert sum(parts for *_, parts in sent(live)) == plan["cheaper"]["parts"]
    assert send(run, live, "--key", "once", text=CURLY).code == 0, "the key has this text"
    assert send(run, live, text=CURLY).code == 5, "everybody has had it"
    assert len(sent(live)) == 4
    must_be_sound(run, live)


@pytest.mark.parametrize("first", [0, 1])
def test_a_text_that_differs_in_typography_alone_goes_out_once(first: int, run: Run, live: Live) -> None:
    flags = [("--replace-typographic",), ()]
    assert send(run, live, *flags[first], text=CURLY).code == 0
    assert send(run, live, *flags[not first], text=CURLY).code == 5
    common = CURLY.replace("((Elev))", "Kim Öberg").replace("((Tid|8))", "17.20")
    plain = send(run, live, "--json", *flags[not first], text=common).data
    assert plain["recipients"]["skipped"]["already-sent"] == 1


@pytest.mark.parametrize("first", [0, 1])
def test_so_does_one_that_was_for_all_before(first: int, run: Run, live: Live) -> None:
    flags = [("--replace-typographic",), ()]
    common = CURLY.replace("((Elev))", "Kim Öberg").replace("((Tid|8))", "17.20")
    assert send(run, live, *flags[first], text=common).code == 0
    own = send(run, live, "--json", *flags[not first], text=CURLY).data
    assert own["recipients"]["skipped"]["already-sent"] == 1


def test_rows_that_differ_in_typography_alone_are_one_text_to_a_number(run: Run, live: Live) -> None:
    rows = live.config.with_name("recipients.csv")
    lines = rows.read_text(encoding="utf-8").splitlines()
    twin = next(one for one in lines if "Kim Öberg" in one)
    rows.write_text("\n".join([*lines, twin.replace("Kim Öberg", "Kim\u00a0Öberg")]) + "\n", encoding="utf-8")
    plan = send(run, live, "--dry-run", "--json", "--skip-invalid").data
    assert plan["recipients"]["skipped"]["duplicate"] == 2


def test_what_waits_with_curly_quotes_holds_its_people_from_the_plain_text(run: Run, refusing: Live) -> None:
    assert send(run, refusing, text=CURLY).code == 6
    ran = send(run, refusing, "--replace-typographic", text=CURLY)
    assert (ran.code, "has the same text and is not finished" in ran.err) == (5, True)


def test_the_dearest_rows_are_told_in_swedish_and_only_where_some_are_dearer(
    run: Run, make_config: MakeConfig
) -> None:
    config = make_config(rows=ROWS, header=HEADER, language="sv")
    argv = ("--config", config, "send", "--group", "guardians", "--dry-run", "--text")
    said = run(*argv, TEXT + " Välkomna till huvudentrén på torsdag!").said
    assert "2 delar, Đ i Elev" in said, said
    assert "Dyrast" not in run(*argv, "Hej ((Elev))").said


@pytest.mark.parametrize("number", ["20121212-2384", "121212-2384"])
def test_a_personal_identity_number_that_is_filled_in_is_told(
    make_config: MakeConfig, run: Run, number: str
) -> None:
    """Of a text for all it is told where it stands; here it stands in a cell."""
    config = make_config(
        rows=(f"A;0701740605;vh;Exempelkommun;ja;{number}",),
        header="Namn;Mobil;Grupp;Kommun;Godkänt villkor;Vem",
    )
    text = config.with_name("m.txt")
    text.write_text("Hej! Det gäller eleven ((Vem)).", encoding="utf-8")
    ran = run("--config", config, "send", text, "--all", "--dry-run", "--json")
    told = " ".join(one["text"] for one in ran.json["messages"])
    assert "personal identity number" in told
    assert number[-11:] not in ran.out
