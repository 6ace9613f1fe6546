"""The text of a mailing through the front door: what is no text, what it is read as, and a cheaper one."""

from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run, run_terminal
from .conftest import submitted

GROUP = ("--group", "guardians")
BRACES = "Hej {namn}! Skolan stänger kl 13."
DAMAGED = "Skolan stänger på fredag. Öppet i Ån."


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "text.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("way", [("--yes",), ("--yes", "--json"), ("--dry-run",), ("--yes", "--quiet")])
def test_what_is_no_text_is_refused_where_nobody_is_asked(
    make_config: MakeConfig, tmp_path: Path, run: Run, way: tuple[str, ...]
) -> None:
    config = make_config()
    ran = run("--config", config, "send", write(tmp_path, BRACES), *GROUP, *way)
    assert ran.code == 8
    assert "line 1, column 5: {namn} is a merge mark" in ran.said
    assert "--text-as-it-is" in ran.said
    assert run("--config", config, "mailings", "list", "--json").data == {"mailings": []}


def test_from_standard_input_it_is_refused_too(make_config: MakeConfig, run: Run) -> None:
    ran = run("--config", make_config(), "send", "-", *GROUP, "--yes", stdin="Skolan st?nger p? fredag")
    assert (ran.code, "st?nger" in ran.err) == (8, True)


def test_a_heading_of_the_recipients_file_is_a_merge_mark(
    make_config: MakeConfig, tmp_path: Path, run: Run
) -> None:
    config = make_config(header="Namn;Mobil;Grupp;Kommun;Godkänt villkor;Smeknamnet")
    rows = config.with_name("recipients.csv")
    rows.write_text(
        "Namn;Mobil;Grupp;Kommun;Godkänt villkor;Smeknamnet\n"
        "Åsa;070-174 06 05;vårdnadshavare;Exempelkommun;ja;Å\n",
        encoding="utf-8",
    )
    text = write(tmp_path, "Hej «Smeknamnet»!")
    ran = run("--config", config, "send", text, "--all", "--yes", "--recipients", rows)
    assert (ran.code, "«Smeknamnet» is a merge mark" in ran.err) == (8, True)


def test_it_is_sent_as_it_is_where_somebody_said_so(
    make_config: MakeConfig, tmp_path: Path, run: Run
) -> None:
    argv = ("send", write(tmp_path, BRACES), *GROUP, "--yes", "--text-as-it-is", "--json")
    ran = run("--config", make_config(), *argv)
    assert ran.code == 0
    assert not [one for one in ran.json["messages"] if one["level"] == "warning"]
    assert ran.data["findings"] == [
        {"kind": "merge-mark", "certain": True, "line": 1, "column": 5, "piece": "{namn}"}
    ]


def test_on_a_terminal_it_is_a_warning_above_the_question(make_config: MakeConfig, tmp_path: Path) -> None:
    argv = ["--config", make_config(), "send", write(tmp_path, BRACES), *GROUP]
    ran = run_terminal(argv, [("[y/N]", "y")])
    assert ran.code == 0
    assert 0 < ran.seen.find("{namn} is a merge mark") < ran.seen.find("Send 2 messages?")


def test_what_may_be_meant_is_told_and_sent(make_config: MakeConfig, tmp_path: Path, run: Run) -> None:
    text = write(tmp_path, "Hej!\\nGäller 19121212-1212. Ring 070-174 06 05.")
    ran = run("--config", make_config(), "send", text, "--all", "--yes", "--json")
    assert ran.code == 0
    assert [one["kind"] for one in ran.data["findings"]] == ["line-break", "identity-number", "recipient"]
    told = " ".join(one["text"] for one in ran.json["messages"] if one["level"] == "warning")
    assert "personal identity number" in told
    assert "070-*** ** 05 is the number of one of the recipients" in told
    assert "1212-1212" not in ran.out
    assert "174 06 05" not in ran.out


@pytest.mark.parametrize("encoding", ["cp850", "cp437", "mac_roman"])
def test_the_letters_of_dos_and_old_macintoshes_are_recognised(
    make_config: MakeConfig, tmp_path: Path, run: Run, encoding: str
) -> None:
    config, text = make_config(), write(tmp_path, DAMAGED.encode(encoding))
    ran = run("--config", config, "send", text, *GROUP, "--yes")
    named = "mac_roman" if encoding == "mac_roman" else "cp850"
    assert (ran.code, f"--encoding {named}" in ran.err) == (8, True)
    assert "stänger" in ran.err
    ran = run("--config", config, "send", text, *GROUP, "--dry-run", "--encoding", encoding)
    assert (ran.code, f"│ {DAMAGED}" in ran.out) == (0, True)


@pytest.mark.parametrize("text", ["Åsa kommer", "Vi ses på fredag", "Möte", "Är ni här?"])
@pytest.mark.parametrize("encoding", ["cp850", "mac_roman"])
def test_a_word_or_two_are_enough(
    make_config: MakeConfig, tmp_path: Path, run: Run, text: str, encoding: str
) -> None:
    ran = run("--config", make_config(), "send", write(tmp_path, text.encode(encoding)), *GROUP, "--yes")
    assert (ran.code, f"--encoding {encoding}" in ran.err) == (8, True)


def test_on_a_terminal_the_decoded_text_is_offered(make_config: MakeConfig, tmp_path: Path) -> None:
    text = write(tmp_path, DAMAGED.encode("cp850"))
    ran = run_terminal(["--config", make_config(), "send", text, *GROUP], [("[y/N]", "y")])
    assert ran.code == 0
    assert f"│ {DAMAGED}" in ran.seen
    assert "seems to be in CP850" in ran.seen


@pytest.mark.parametrize(
    "text",
    [
        "Möte – ”hej” … ’ja’ 100 €",
        "Café, Šarić? Nej: Saša, Živko, Zoë",
        "…och så vidare",
        "Tšekki ja šakki",
        "“Hej” • 50 ‰",
    ],
)
def test_windows_1252_stays_what_it_is(make_config: MakeConfig, tmp_path: Path, run: Run, text: str) -> None:
    data = text.replace("ć", "c").encode("cp1252")
    ran = run("--config", make_config(), "send", write(tmp_path, data), *GROUP, "--dry-run")
    assert ran.code == 0, ran.said
    assert f"│ {text.replace('ć', 'c')}" in ran.out


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_another_alphabet_is_not_read_as_windows_1252(
    make_config: MakeConfig, tmp_path: Path, run: Run, encoding: str
) -> None:
    text = write(tmp_path, "Школа закрыта в пятницу".encode(encoding))
    config = make_config()
    assert run("--config", config, "send", text, *GROUP, "--yes").code == 8
    read = run("--config", config, "send", text, *GROUP, "--dry-run", "--encoding", encoding)
    assert "│ Школа закрыта" in read.out


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"PK\x03\x04\x14\x00", "a packed file, such as .docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Office file"),
        (b"%PDF-1.7\n\xe2\xe3", "a PDF"),
        (b"\x89PNG\r\n\x1a\n\0", "a picture"),
        ("Namn;Mobil;Grupp\nÅsa;0701740605;personal".encode("utf-16"), "a recipients file"),
    ],
)
def test_another_kind_of_file_is_named(
    make_config: MakeConfig, tmp_path: Path, run: Run, data: bytes, says: str
) -> None:
    ran = run("--config", make_config(), "send", write(tmp_path, data), *GROUP, "--yes")
    assert (ran.code, says in ran.err) == (8, True)


def test_a_text_in_utf_16_is_read(make_config: MakeConfig, tmp_path: Path, run: Run) -> None:
    text = write(tmp_path, DAMAGED.encode("utf-16"))
    assert f"│ {DAMAGED}" in run("--config", make_config(), "send", text, *GROUP, "--dry-run").out


def test_a_short_text_stands_on_the_command_line(make_config: MakeConfig, run: Run) -> None:
    config = make_config()
    ran = run("--config", config, "send", *GROUP, "--text", "Hej på er", "--yes", "--json")
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 2})
    assert run("--config", config, "send", *GROUP, "--text", BRACES, "--yes").code == 8
    asked = run_terminal(["--config", config, "send", *GROUP, "--text", "Hej igen"], [("[y/N]", "n")])
    assert asked.code == 5


@pytest.mark.parametrize("both", [True, False])
def test_the_text_has_one_source(make_config: MakeConfig, message: Path, run: Run, *, both: bool) -> None:
    given = (message, "--text", "Hej") if both else ()
    ran = run("--config", make_config(), "send", *given, *GROUP, "--yes")
    assert (ran.code, "one of them" in ran.err) == (2, True)


def test_an_empty_text_on_the_command_line_is_told(make_config: MakeConfig, run: Run) -> None:
    ran = run("--config", make_config(), "send", *GROUP, "--text", " ", "--yes")
    assert (ran.code, "The text is empty" in ran.err) == (8, True)


def test_a_test_is_sent_as_it_is_and_told_of(make_config: MakeConfig, run: Run) -> None:
    ran = run("--config", make_config(), "test", "+46701740605", BRACES)
    assert (ran.code, "{namn} is a merge mark" in ran.err) == (0, True)


def test_blank_lines_at_the_end_cost_nothing_and_are_told(
    make_config: MakeConfig, tmp_path: Path, run: Run
) -> None:
    text = write(tmp_path, "a" * 160 + "\n\n \n")
    ran = run("--config", make_config(), "send", text, *GROUP, "--dry-run")
    assert "3 blank characters (spaces and line breaks) at the end were cut." in ran.out
    assert "160 characters, standard characters: 1 part each" in ran.out


def test_a_key_of_the_text_with_its_blank_lines_is_still_that_of_the_text(
    live_gateway: LiveGateway, tmp_path: Path, run: Run
) -> None:
    """Earlier releases sent the blank lines along: their hash stands in the ledger."""
    import hashlib
    import sqlite3

    live = live_gateway(Behaviour(keep_requests=9))
    argv = ("--config", live.config, "send", write(tmp_path, "Hej\n\n\n"), *GROUP, "--yes", "--max-parts", 9)
    assert run(*argv, "--key", "idag").code == 0
    (ledger,) = live.config.parent.rglob("ledger.db")
    with sqlite3.connect(ledger) as db:
        db.execute(
            "UPDATE mailings SET body = ?, body_hash = ?", ("Hej\n\n", hashlib.sha256(b"Hej\n\n").hexdigest())
        )
    db.close()
    again = run(*argv, "--key", "idag")
    assert (again.code, "was already sent under the key" in again.out) == (0, True)
    assert (run(*argv).code, len(submitted(live.simulator))) == (5, 1)


QUOTES = "“Hej” " * 15


def test_a_cheaper_text_is_told_with_its_price(make_config: MakeConfig, tmp_path: Path, run: Run) -> None:
    config, text = make_config(), write(tmp_path, QUOTES)
    out = run("--config", config, "send", text, *GROUP, "--dry-run").out
    assert "2 messages, 4 parts, 1,96 kr." in out
    assert "With plain quotes, dashes and spaces: 2 parts, 0,98 kr." in out
    cheaper = run("--config", config, "send", text, *GROUP, "--dry-run", "--json").data["cheaper"]
    assert cheaper == {"way": "plain", "removed": "", "parts_each": 1, "parts": 2, "ore": 98}


@pytest.mark.parametrize(
    ("text", "told", "sent"),
    [
        (QUOTES, "With plain quotes, dashes and spaces", '"Hej" ' * 14 + '"Hej"'),
        ("Hej " * 20 + "😀 hej", "Without 😀", "Hej " * 20 + "hej"),
        ("a" * 162, "Without the last 2 characters ('aa')", "a" * 160),
    ],
)
def test_the_cheaper_text_is_one_more_answer(
    make_config: MakeConfig, tmp_path: Path, run: Run, text: str, told: str, sent: str
) -> None:
    config = make_config()
    argv = ["--config", config, "send", write(tmp_path, text), *GROUP]
    ran = run_terminal(argv, [("c: the cheaper text", "c")])
    assert (ran.code, told in ran.seen) == (0, True)
    shown = run("--config", config, "mailings", "show", 1, "--json").data
    assert shown["parts"] == 2
    shown_text = "".join(run("--config", config, "mailings", "show", 1).out.replace("│", "").split())
    assert f"Exempelkommun{''.join(sent.split())}" in shown_text


@pytest.mark.parametrize(("answer", "code", "parts"), [("y", 0, 4), ("n", 5, 0), ("x", 5, 0), ("c2", 5, 0)])
def test_any_other_answer_means_what_it_always_did(
    make_config: MakeConfig, tmp_path: Path, run: Run, answer: str, code: int, parts: int
) -> None:
    config = make_config()
    argv = ["--config", config, "send", write(tmp_path, QUOTES), *GROUP]
    assert run_terminal(argv, [("c: the cheaper text", answer)]).code == code
    listed = run("--config", config, "mailings", "list", "--json").data["mailings"]
    assert sum(one["parts"] for one in listed) == parts


@pytest.mark.parametrize(
    ("answer", "code", "parts"), [("2", 0, 4), ("c2", 0, 2), ("b 2", 0, 2), ("c", 5, 0), ("x2", 5, 0)]
)
def test_a_large_mailing_is_made_cheaper_with_its_number(
    make_config: MakeConfig, tmp_path: Path, run: Run, answer: str, code: int, parts: int
) -> None:
    config = make_config(confirm_count_above=1)
    argv = ["--config", config, "send", write(tmp_path, QUOTES), *GROUP]
    assert run_terminal(argv, [("c2 for the cheaper text", answer)]).code == code
    listed = run("--config", config, "mailings", "list", "--json").data["mailings"]
    assert sum(one["parts"] for one in listed) == parts


def test_who_has_had_the_cheaper_text_has_had_the_text(
    live_gateway: LiveGateway, tmp_path: Path, run: Run
) -> None:
    live = live_gateway(Behaviour(keep_requests=9))
    argv = ["--config", live.config, "send", write(tmp_path, QUOTES), *GROUP]
    assert run_terminal([*argv, "--key", "en"], [("c: the cheaper text", "c")]).code == 0
    assert run(*argv, "--yes", "--max-parts", 9).code == 5
    under_key = run(*argv, "--yes", "--max-parts", 9, "--key", "en")
    assert (under_key.code, "was already sent" in under_key.out) == (0, True)
    assert len(submitted(live.simulator)) == 1


def test_a_plan_tells_of_the_last_mailing_to_the_same_audience(
    live_gateway: LiveGateway, tmp_path: Path, run: Run
) -> None:
    live = live_gateway()
    send = ("--config", live.config, "send", "--max-parts", 9, *GROUP)
    assert run(*send, "--text", "Hej", "--dry-run", "--json").data["earlier"] is None
    assert run(*send, "--text", "Hej", "--yes").code == 0
    assert "The last mailing" not in run(*send, "--text", "Hej igen", "--dry-run").out  # it had as many
    recipients = live.config.parent / "recipients.csv"
    rows = recipients.read_text(encoding="utf-8")
    recipients.write_text(rows.replace(";ja", ";nej", 1), encoding="utf-8")
    ran = run(*send, "--text", "Hej igen", "--dry-run")
    assert "had 2 messages; this one has 1 message." in ran.out
    recipients.write_text(rows, encoding="utf-8")
    found = run(*send, "--text", "Hej igen", "--dry-run", "--json").data["earlier"]
    assert (found["mailing"], found["messages"], found["out_of_use"]) == (1, 2, None)
    other = run("--config", live.config, "send", "--all", "--text", "Hej igen", "--dry-run", "--max-parts", 9)
    assert "The last mailing" not in other.out


def test_a_plan_tells_of_numbers_that_were_out_of_use_twice(
    live_gateway: LiveGateway, tmp_path: Path, run: Run
) -> None:
    import sqlite3

    live = live_gateway()
    send = ("--config", live.config, "send", "--max-parts", 9, *GROUP)
    for text in ("Hej", "Hej igen"):
        assert run(*send, "--text", text, "--yes").code == 0
    (ledger,) = live.config.parent.rglob("ledger.db")
    with sqlite3.connect(ledger) as db:
        db.execute("UPDATE messages SET state = 'failed', cause = 'bad-number' WHERE id IN (1, 3, 4)")
        db.execute("DELETE FROM mailing_counts")
        counts = [(1, "failed", 1, 1), (1, "accepted", 1, 1), (2, "failed", 2, 2)]
        db.executemany("INSERT INTO mailing_counts VALUES (?, ?, ?, ?)", counts)
    db.close()
    out = run(*send, "--text", "Tredje", "--dry-run").out
    again = f"smsctl --config {live.config} mailings failed 2"
    assert f"1 number was out of use both last times (2 parts, 0,98 kr): {again}" in out
    found = run(*send, "--text", "Tredje", "--dry-run", "--json").data["earlier"]
    assert found["out_of_use"] == {"numbers": 1, "parts": 2, "ore": 98}


def test_standard_input_has_a_name_in_swedish(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_LANGUAGE", "sv")
    ran = run("--config", make_config(), "send", "-", *GROUP, "--yes", stdin="Hej! " * 20_000)
    assert ran.err.startswith("standard in är för stor"), ran.err[:200]
