import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from smsctl.simulator.server import BadLogin, Behaviour

from ..conftest import ROWS, LiveGateway, MakeConfig
from ..front_door import Run, run_terminal
from .conftest import guardians, submitted
from .quiet import ALL_DAY

NOTHING_LEAVES = "no SMS leaves this machine"


def test_the_plan_leads_with_whom_and_what(make_config: MakeConfig, message: Path) -> None:
    config = make_config(gateway={"priority": 3})
    send = ["--config", config, "send", message, "--group", "guardians"]
    seen = run_terminal(send, [("[y/N]", "n")]).seen
    in_order = [
        NOTHING_LEAVES,
        "2 of 3 in guardians, Exempelkommun, get this text:",
        "1 does not:",
        "has not accepted the terms",
        "│ Hej på er",
        "9 characters, standard characters: 1 part each",
        "Kommunen",
        "high (fastest)",
        "4 rows, of 20",
        "2 messages, 2 parts, 0,98 kr.",
        "Exempelkommun is charged; staff, students and guardians pay nothing.",
        "Package 1 has 10 000 parts left",
        "9 998 after this mailing. No new package is opened.",
        "Send 2 messages?",
    ]
    places = [seen.find(text) for text in in_order]
    assert -1 not in places, seen
    assert places == sorted(places)


def test_the_money_stands_above_the_question_and_few_notes_before_it(
    make_config: MakeConfig, message: Path
) -> None:
    odd = [f"Bo;+4670174062{n};vårdnadshavare;By{n};ja" for n in range(2)]
    odd += ["Bo;4,67E+10;elever;Exempelkommun;ja"]
    config = make_config(rows=[*guardians(3), *odd], recipients_max_age="1h", limits={"max_parts_per_day": 1})
    os.utime(config.with_name("recipients.csv"), (1_000_000_000, 1_000_000_000))
    send = ["--config", config, "send", message, "--group", "guardians"]
    notes = re.compile("Live would refuse|cannot be read|belongs? to By|allows none so old")
    money = re.compile("3 messages, 3 parts, 1,47 kr")

    def told(*flags: str) -> tuple[int, bool, str]:
        """How many notes, whether the money comes after them, and what is said of more."""
        seen = " ".join(run_terminal([*send, *flags], [("[y/N]", "n")]).seen.split())
        places = [found.start() for found in notes.finditer(seen)]
        (paid,) = [found.start() for found in money.finditer(seen)]
        return len(places), max(places) < paid, "".join(re.findall(r"And \d more notes?", seen))

    shown, after, more = told()
    in_all, after_all, none = told("--verbose")
    assert (shown, after, after_all, none) == (3, True, True, "")
    assert more == f"And {in_all - 3} more note" + "s" * (in_all > 4)


def test_a_plan_says_when_it_opens_a_package(live_gateway: LiveGateway, message: Path) -> None:
    live = live_gateway(municipalities={"exempelkommun": {"package_size": 1}})
    ran = run_terminal(["--config", live.config, "send", message, "--all"], [("[y/N]", "n")])
    assert (
        "Package 1 has 1 part left: this mailing uses it up and opens packages 2 to 3,"
        " 2 new invoices of 4 900,00 kr each."
    ) in " ".join(ran.out.split())
    assert ran.code == 5


def test_a_plan_tells_of_every_package_that_has_room(
    live_gateway: LiveGateway, message: Path, tmp_path: Path, run: Run
) -> None:
    live = live_gateway(
        Behaviour(internal_error_share=1),
        rows=guardians(3),
        municipalities={"exempelkommun": {"package_size": 4}},
    )
    text = tmp_path / "another.txt"
    for body in ("Hej", "Hej igen"):  # the second one opens package 2, and neither was sent
        text.write_text(body, encoding="utf-8")
        ceilings = ("--max-parts", 3, "--max-new-packages", 1)
        run("--config", live.config, "send", text, "--all", "--yes", *ceilings)
    run("--config", live.config, "mailings", "resolve", 1, "--not-sent", "--reason", "asked", "--yes")
    run("--config", live.config, "mailings", "cancel", 1)
    plan = ("--config", live.config, "send", message, "--all", "--dry-run", "--max-parts", 9)
    assert (
        "Packages 1, 2 have 5 parts left together, and 2 after this mailing. No new package is opened."
    ) in run(*plan).out
    message.write_text("Hej " * 41, encoding="utf-8")
    assert (
        "Packages 1, 2 have 5 parts left together: this mailing uses them up and opens package 3, one new"
        " invoice of 4 900,00 kr."
    ) in run(*plan).out


def test_before_the_activation_a_plan_says_what_it_opens_itself(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(active=False, municipalities={"exempelkommun": {"package_size": 2}})
    told = run("--config", live.config, "send", message, "--all", "--dry-run").out
    assert "No package has room: the activation opens package 1, one new invoice of 4 900,00 kr." in told
    assert "This mailing uses it up and opens package 2, one new invoice of 4 900,00 kr." in told


def test_a_plan_points_out_what_makes_a_text_dearer(
    make_config: MakeConfig, tmp_path: Path, run: Run
) -> None:
    text = tmp_path / "dear.txt"
    text.write_text("Hej\npå “er”", encoding="utf-8")
    out = run("--config", make_config(), "send", text, "--all", "--dry-run").out
    assert "11 characters, unicode: 1 part each" in out
    assert "“ (U+201C LEFT DOUBLE QUOTATION MARK), line 2, column 4" in out


def test_typographic_characters_are_replaced_only_when_asked(
    make_config: MakeConfig, tmp_path: Path, run: Run
) -> None:
    text = tmp_path / "dear.txt"
    text.write_text("“Hej” " * 15, encoding="utf-8")
    argv = ("--config", make_config(), "send", text, "--all", "--dry-run")
    assert "unicode: 2 parts each" in run(*argv).out
    replaced = run(*argv, "--replace-typographic").out
    assert "standard characters: 1 part each" in replaced
    assert 'Line 1, column 1: “ becomes "' in replaced
    assert "Parts each: 2 before, 1 now." in replaced


@pytest.mark.parametrize("answer", ["y", "yes", "j", "JA"])
def test_yes_sends(answer: str, make_config: MakeConfig, message: Path) -> None:
    ran = run_terminal(["--config", make_config(), "send", message, "--all"], [("[y/N]", answer)])
    assert ran.code == 0
    assert "3  accepted by the gateway" in ran.seen


@pytest.mark.parametrize("answer", ["n", "", "nej", "yess", "3", "\x04"])
def test_anything_but_yes_sends_nothing(
    answer: str, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(Behaviour(keep_requests=9))
    ran = run_terminal(["--config", live.config, "send", message, "--all"], [("[y/N]", answer)])
    assert ran.code == 5
    assert "nothing was sent" in ran.out
    assert not submitted(live.simulator)
    assert run("--config", live.config, "mailings", "list", "--json").data == {"mailings": []}


@pytest.mark.parametrize(("answer", "code"), [("3", 0), ("\u00a03 ", 0), ("y", 5), ("4", 5), ("", 5)])
def test_a_large_mailing_is_confirmed_by_its_number(
    answer: str, code: int, make_config: MakeConfig, message: Path
) -> None:
    config = make_config(confirm_count_above=2)
    ran = run_terminal(["--config", config, "send", message, "--all"], [("Type the number to go on", answer)])
    assert ran.code == code


def test_beforehand_answered_nothing_is_asked(make_config: MakeConfig, message: Path) -> None:
    ran = run_terminal(["--config", make_config(), "send", message, "--all", "--yes"])
    assert ran.code == 0
    assert "[y/N]" not in ran.out
    assert "3 of 4 in everyone" in ran.out


def test_without_a_terminal_one_plain_line_tells_it_all(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    ran = run("--config", make_config(), "send", message, "--group", "VH", "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "Simulated mailing 1 for Exempelkommun: 2 accepted; 2 parts. No SMS left this machine.\n"
    )


def test_quiet_and_well_says_nothing(make_config: MakeConfig, message: Path, run: Run) -> None:
    ran = run("--config", make_config(), "send", message, "--all", "--yes", "--quiet")
    assert (ran.code, ran.said) == (0, "")


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    yield
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(("mode", "code"), [("simulate", 0), ("live", 5)])  # live is not yet active
def test_a_dry_run_writes_nothing_and_needs_no_secret(
    mode: str, code: int, make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    config = make_config(mode=mode)
    with unchanged(tmp_path):
        ran = run(
            *("--config", config, "send", message, "--group", "guardians", "--dry-run"),
            *("--max-parts", 2, "--max-new-packages", 1),
        )
    assert ran.code == code
    assert "2 of 3 in guardians" in ran.out
    assert "Dry run: nothing was sent, nothing was written." in ran.out
    assert not (tmp_path / "ledger").exists()


def test_a_dry_run_contacts_nobody_and_reads_the_ledger(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    live = live_gateway(Behaviour(keep_requests=9))
    send = ("--config", live.config, "send", message, "--all", "--max-parts", 9)
    assert run(*send, "--max-new-packages", 1, "--yes").code == 0
    message.write_text("Hej igen", encoding="utf-8")
    with unchanged(tmp_path):
        ran = run(*send, "--dry-run")
    assert ran.code == 0
    assert "Package 1 has 9 997 parts left" in ran.out
    assert len(submitted(live.simulator)) == 1


def test_a_dry_run_says_when_the_real_one_would_be_refused(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    config = live_gateway().config
    ran = run("--config", config, "send", message, "--all", "--dry-run", "--max-parts", 1)
    assert ran.code == 5
    assert "The mailing takes 3 parts; the ceiling for one run is 1." in ran.out


def test_a_rehearsal_shows_what_live_would_refuse_and_goes_on(make_config: MakeConfig, message: Path) -> None:
    ran = run_terminal(["--config", make_config(), "send", message, "--all", "--yes", "--max-parts", "1"])
    assert ran.code == 0
    assert "Live would refuse: The mailing takes 3 parts; the ceiling for one run is 1." in ran.out


def test_several_refusals_are_one_list_each_with_what_mends_it(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    config = live_gateway(limits={"max_parts_per_day": 2}).config
    send = ("--config", config, "send", message, "--all", "--yes", "--max-parts", 1)
    command = f"smsctl --config {config} send {message} --all --max-parts 3 --urgent --reason TEXT"
    expected = f"""2 rules refuse this mailing.
  The mailing takes 3 parts; the ceiling for one run is 1. Allow it with: {command}
  The mailing takes 3 parts; of today's 2, 0 are used. Send it tomorrow, or raise max_parts_per_day under [limits] in the config; or, in an emergency, on a terminal: {command}
"""  # noqa: E501 - as it is told
    assert run(*send).err == expected
    assert expected in run(*send, "--dry-run").out


def test_one_refusal_is_a_sentence_and_what_mends_it(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    config = live_gateway().config
    send = ("--config", config, "send", message, "--all", "--yes", "--max-parts", 1)
    expected = f"""The mailing takes 3 parts; the ceiling for one run is 1.
Allow it with: smsctl --config {config} send {message} --all --yes --max-parts 3
"""
    assert run(*send).err == expected
    assert expected in run(*send, "--dry-run").out
    told = run(*send, "--dry-run", "--json").json["messages"]
    assert [(one["code"], one["level"]) for one in told] == [("max-parts", "error"), ("hint", "info")]


def test_the_command_that_a_refusal_ends_with_does_go(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    """Also where several rules refuse: each names the one command that goes past all of them."""
    limits = {"quiet_hours": ALL_DAY, "max_parts_per_run": 1, "max_new_packages": 0}
    live = live_gateway(limits=limits, municipalities={"exempelkommun": {"package_size": 2}})
    ran = run("--config", live.config, "send", message, "--all", "--yes", "--max-parts=2")
    assert (ran.code, ran.err.splitlines()[0]) == (5, "3 rules refuse this mailing.")
    (command,) = {line.partition(" with: ")[2] for line in ran.err.splitlines()[1:]}
    smsctl, *argv = shlex.split(command)
    assert smsctl == "smsctl"
    assert argv[-7:] == ["--urgent", "--reason", "TEXT", "--max-parts", "3", "--max-new-packages", "1"]
    assert run(*argv).code == 0
    assert len(live.simulator.accepted()) == 3


@pytest.mark.parametrize("flags", [(), ("--json",), ("--dry-run",), ("--max-parts", "9")])
def test_without_a_terminal_the_command_answers_the_question_too(
    live_gateway: LiveGateway, message: Path, run: Run, flags: tuple[str, ...]
) -> None:
    live = live_gateway()
    ran = run("--config", live.config, "send", message, "--all", *flags)
    assert ran.code == 5
    told = [one["text"] for one in ran.json["messages"]] if "--json" in flags else ran.said.splitlines()
    (command,) = {line.partition(" with: ")[2] for line in told} - {""}
    assert run(*shlex.split(command)[1:]).code == 0
    assert len(live.simulator.accepted()) == 3


def test_what_live_would_refuse_is_warned_of_without_a_terminal(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(recipients_max_age="2d")
    os.utime(config.parent / "recipients.csv", (1_700_000_000, 1_700_000_000))
    ran = run("--config", config, "send", message, "--all", "--yes")
    assert ran.code == 0
    assert re.search(
        r"^Live would refuse: .* is of 20.*; recipients_max_age allows none so old\.$", ran.err, re.MULTILINE
    )


def test_a_rehearsal_works_twice_in_a_row(make_config: MakeConfig, message: Path, run: Run) -> None:
    send = ("--config", make_config(), "send", message, "--all", "--yes")
    assert [run(*send).code, run(*send).code] == [0, 0]


def test_a_rehearsal_of_a_live_config_leaves_the_live_ledger_alone(
    make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    config = make_config(mode="live")
    ran = run("--config", config, "send", message, "--all", "--yes", "--simulate", "--json")
    assert (ran.code, ran.json["mode"]) == (0, "simulate")
    assert {path.name for path in (tmp_path / "ledger").glob("*.db")} == {"ledger.simulate.db"}


def test_live_sends_to_the_gateway_and_does_not_speak_of_rehearsals(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(Behaviour(username="demo", password="canary-of-the-tests", service_id=4711))
    ran = run(
        *("--config", live.config, "send", message, "--group", "guardians", "--yes"),
        *("--max-parts", 2, "--max-new-packages", 1),
    )
    assert ran.code == 0
    assert ran.out == "Mailing 1 for Exempelkommun: 2 accepted; 2 parts.\n"
    accepted = live.simulator.accepted()
    assert [(one.recipient, one.content) for one in accepted] == [
        ("+46701740605", "Hej på er"),
        ("+46701740606", "Hej på er"),
    ]


@pytest.mark.parametrize(
    ("behaviour", "code", "outcome", "ore"),
    [
        (Behaviour(password="another"), 6, {"pending": 3}, 0),
        (Behaviour(bad_login=BadLogin.CODE_2, password="another"), 6, {"pending": 3}, 0),
        (Behaviour(internal_error_share=1), 4, {"unknown": 3}, 147),
    ],
    ids=["login refused", "login refused in the body", "the gateway's own fault"],
)
def test_what_the_gateway_answers_decides_the_code_and_the_cost(
    behaviour: Behaviour,
    code: int,
    outcome: dict[str, int],
    ore: int,
    live_gateway: LiveGateway,
    message: Path,
    run: Run,
) -> None:
    live = live_gateway(behaviour, rows=guardians(3))
    ran = run(
        *("--config", live.config, "send", message, "--all", "--yes", "--json"),
        *("--max-parts", 9, "--max-new-packages", 1),
    )
    assert (ran.code, ran.data["outcome"]) == (code, outcome)
    assert ran.data["cost"] == {"parts": ore // 49, "ore": ore, "currency": "SEK"}


def test_nobody_left_to_send_to_is_no_mistake(make_config: MakeConfig, message: Path, run: Run) -> None:
    config = make_config(rows=[row.replace(";ja", ";nej") for row in guardians(2)])
    ran = run("--config", config, "send", message, "--all", "--yes", "--json")
    assert (ran.code, [one["rule"] for one in ran.data["refusals"]]) == (5, ["nobody"])
    found = ran.data["recipients"]
    assert (found["rows"], found["ready"], found["skipped"]) == (2, 0, {"terms": 2})
    allowed = run("--config", config, "send", message, "--all", "--yes", "--allow-empty", "--json")
    assert (allowed.code, allowed.data["outcome"]) == (0, {})


def test_where_nobody_is_sent_to_no_ceiling_is_asked_for(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(rows=[row.replace(";ja", ";nej") for row in guardians(2)])
    ran = run("--config", live.config, "send", message, "--all", "--yes")
    assert (ran.code, ran.out) == (5, "")
    assert "Nobody in the audience can be sent to; nothing was sent.\n" in ran.err


def test_an_old_file_is_warned_of_where_somebody_looks(live_gateway: LiveGateway, message: Path) -> None:
    config = live_gateway(recipients_max_age="2d").config
    os.utime(config.parent / "recipients.csv", (1_700_000_000, 1_700_000_000))
    ran = run_terminal(["--config", config, "send", message, "--all"], [("[y/N]", "n")])
    assert "recipients_max_age" in ran.out
    assert "Not confirmed" in ran.out


def test_warnings_of_the_plan_are_told_without_a_terminal(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(rows=[*ROWS, "Ulf;hemligt;elever;Exempelkommun;ja"])
    send = ("--config", config, "send", message, "--group", "guardians", "--yes")
    assert "1 row outside the audience cannot be read: row 6" in run(*send).err
    message.write_text("Hej igen", encoding="utf-8")
    told = run(*send, "--json").json["messages"]
    assert [(one["level"], "row 6" in one["text"]) for one in told] == [("warning", True)]


def test_an_assumed_encoding_is_told_in_json(make_config: MakeConfig, message: Path, run: Run) -> None:
    message.write_bytes("Hej på er".encode("cp1252"))
    told = run("--config", make_config(), "send", message, "--all", "--dry-run", "--json").json["messages"]
    assert any(one["level"] == "warning" and "Windows-1252" in one["text"] for one in told)


def test_the_plan_tells_how_many_rows_the_file_has(make_config: MakeConfig, message: Path, run: Run) -> None:
    out = run("--config", make_config(), "send", message, "--group", "guardians", "--dry-run").out
    assert "4 rows" in out


def test_a_row_whose_municipality_is_missing_stops_the_mailing(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(rows=[*ROWS, "Ulf;0701740609;vårdnadshavare;ja"])  # the cell under Kommun is missing
    assert run("--config", config, "send", message, "--group", "guardians", "--yes").code == 8


def test_rows_that_name_no_municipality_are_told_of(message: Path, make_config: MakeConfig, run: Run) -> None:
    rows = [*guardians(2), "Åsa;+46701740650;VH;;ja", "Bo;+46701740651;VH;;ja"]
    ran = run("--config", make_config(rows=rows), "send", message, "--group", "guardians", "--dry-run")
    assert "2 rows name no municipality, and get no message." in ran.out


def test_the_invoice_s_part_length_decides_what_a_long_text_costs(
    make_config: MakeConfig, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "long.txt").write_text("a" * 320, encoding="utf-8")
    send = ("send", tmp_path / "long.txt", "--all", "--dry-run", "--json")
    parts = [
        run("--config", make_config(gateway={"part_length": length}), *send).data["text"]["parts"]
        for length in (None, 160, 159)
    ]
    assert parts == [3, 2, 3]


def test_what_the_gateway_holds_until_later_is_told_as_not_sent_yet(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(rows=guardians(2))
    at = datetime.now(ZoneInfo("Europe/Stockholm")).replace(second=0, microsecond=0) + timedelta(hours=3)
    argv = ("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    dry = run(*argv, "--at", at.isoformat(), "--dry-run", "--json").data["send_at"]
    ran = run(*argv, "--at", at.isoformat())
    assert (ran.code, datetime.fromisoformat(dry)) == (0, at)
    assert ran.out == (
        f"Mailing 1 for Exempelkommun: 2 accepted; 2 parts. The gateway holds it until {at:%Y-%m-%d %H:%M}.\n"
    )
    for words in (("mailings", "show", 1), ("mailings", "list")):
        data = run("--config", live.config, *words, "--json").data
        assert data.get("mailings", [data])[0]["send_at"] == dry
    again = run(*argv)
    assert again.code == 5
    assert "or the gateway holds it for them (--at)." in again.err
    sent = run(*argv, "--again", "--reason", "a drill")
    assert (sent.code, sent.out) == (0, "Mailing 2 for Exempelkommun: 2 accepted; 2 parts.\n")


def test_a_ceiling_tells_of_one_part_as_of_one(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(rows=guardians(1), limits={"max_parts_per_day": 1})
    argv = ("--config", live.config, "send", "--all", "--yes", "--max-parts")
    assert run(*argv, 1, message).code == 0
    ran = run(*argv, 0, "--text", "Hej igen")
    assert ran.code == 5
    assert "The mailing takes 1 part; the ceiling for one run is 0." in ran.err
    assert "The mailing takes 1 part; of today's 1, 1 are used." in ran.err
