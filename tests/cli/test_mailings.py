import re
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.domain.message import Status
from smsctl.host.users import whoever
from smsctl.ledger import mailings
from smsctl.ledger.store import open_ledger
from smsctl.simulator.faults import Fault
from smsctl.simulator.server import Behaviour

from ..actions.desk import moment
from ..conftest import ROWS, SECRET, LiveGateway, MakeConfig
from ..front_door import Ran, Run, run_terminal
from ..ledger import sending
from .conftest import guardians


@pytest.fixture
def sent(make_config: MakeConfig, message: Path, run: Run) -> Path:
    """A config under which one mailing was rehearsed: two sent, one skipped."""
    config = make_config()
    assert run("--config", config, "send", message, "--group", "guardians", "--yes").code == 0
    return config


def test_nothing_sent_is_said(make_config: MakeConfig, run: Run) -> None:
    ran = run("--config", make_config(), "mailings", "list")
    assert ran.code == 0
    assert "Nothing has been sent yet." in ran.out


def test_the_list_has_the_newest_first(sent: Path, run: Run) -> None:
    run("--config", sent, "test", "+46701740605", "hej")
    lines = run("--config", sent, "mailings", "list").out.splitlines()
    assert [line.split()[0] for line in lines[-2:]] == ["2", "1"]
    assert "2 accepted" in lines[-1]


def test_the_list_can_be_cut_and_chosen(make_config: MakeConfig, run: Run) -> None:
    config = make_config(
        default_municipality="exempelkommun", municipalities={"grannkommun": {"name": "Grannkommun"}}
    )
    for municipality in ("exempelkommun", "grannkommun", "exempelkommun"):
        run("--config", config, "test", "+46701740605", "hej", "--municipality", municipality)
    listed = ("--config", config, "mailings", "list", "--json")
    assert [one["mailing"] for one in run(*listed, "--most", 2).data["mailings"]] == [3, 2]
    chosen = run(*listed, "--municipality", "Grannkommun")
    assert [one["mailing"] for one in chosen.data["mailings"]] == [2]


@pytest.mark.parametrize("words", ["mailings list", "audit"])
def test_a_list_of_the_newest_says_that_there_are_earlier_ones(
    words: str, make_config: MakeConfig, run: Run
) -> None:
    config = make_config()
    for n in range(3):
        assert run("--config", config, "test", "+46701740605", f"Hej {n}").code == 0
    every = len(next(iter(run("--config", config, *words.split(), "--json").data.values())))
    for most, cut in ((every - 1, True), (every, False)):
        shown = run("--config", config, *words.split(), "--most", most).out
        assert (f"Only the newest {most}; earlier ones" in shown) is cut
    assert "Only the newest" not in run("--config", config, *words.split()).out


def test_a_mailing_is_told_from_beginning_to_end(sent: Path, run: Run) -> None:
    out = run("--config", sent, "mailings", "show", 1).out
    for text in ("guardians", "│ Hej på er", "2  accepted by the gateway", "has not accepted the terms"):
        assert text in out
    assert "Cost: 2 parts, 0,98 kr." in out
    assert out.splitlines()[-1].endswith("  2 accepted")


def test_a_finished_mailing_has_nothing_to_go_on_with(sent: Path, run: Run) -> None:
    ran = run("--config", sent, "mailings", "resume", 1)
    assert ran.code == 0
    assert "Mailing 1 has nothing pending." in ran.out


@pytest.mark.parametrize("word", ["--sent", "--not-sent", "--resend"])
def test_where_nothing_is_unknown_nothing_is_settled_and_nothing_written(
    word: str, sent: Path, run: Run
) -> None:
    before = len(run("--config", sent, "audit", "--json").data["audit"])
    ran = run("--config", sent, "mailings", "resolve", 1, word, "--reason", "to be sure")
    assert ran.code == 0
    assert "Mailing 1 has nothing unknown; nothing was changed." in ran.out
    assert len(run("--config", sent, "audit", "--json").data["audit"]) == before


@pytest.fixture
def lost(live_gateway: LiveGateway, message: Path, run: Run) -> Path:
    """A config under which one mailing of three messages was sent, and its answer lost."""
    config = live_gateway(Behaviour(faults={Fault.RESET: 1.0}), rows=guardians(3)).config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 3).code == 4
    return config


@pytest.mark.parametrize(
    ("word", "state", "shown"),
    [
        ("--sent", "accepted", "  3 accepted"),
        ("--not-sent", "pending", "  given back"),
        ("--resend", "pending", "  given back"),
    ],
)
def test_a_batch_that_was_settled_is_told_with_who_and_why(
    word: str, state: str, shown: str, lost: Path, run: Run
) -> None:
    show = ("--config", lost, "mailings", "show", 1)
    assert "  3 unknown" in run(*show).out
    assert run(*show, "--json").data["batches"][0]["states"] == {"unknown": 3}
    settled = run("--config", lost, "mailings", "resolve", 1, word, "--reason", "asked support", "--yes")
    assert settled.code == 0
    told = run(*show).out
    assert "unclear" not in told
    assert next(line for line in told.splitlines() if "-b1 " in line).endswith(shown)
    (line,) = [line for line in told.splitlines() if "asked support" in line]
    words = {"--sent": "sent", "--not-sent": "not sent", "--resend": "to be sent again"}[word]
    for text in (whoever().user, "settled", f"3 messages, {words}"):
        assert text in line
    data = run(*show, "--json").data
    assert data["states"] == {state: 3}
    assert data["batches"][0]["states"] == ({"accepted": 3} if state == "accepted" else {})
    (row,) = data["history"]
    assert (row["action"], row["user"], row["reason"]) == ("resolve", whoever().user, "asked support")


def test_all_that_was_done_to_a_mailing_is_told_in_its_order(lost: Path, run: Run) -> None:
    for words in ("resolve 1 --not-sent --reason gone", "resume 1", "resolve 1 --not-sent --reason again"):
        run("--config", lost, "mailings", *words.split())
    assert run("--config", lost, "mailings", "cancel", 1, "--reason", "wrong date").code == 0
    data = run("--config", lost, "mailings", "show", 1, "--json").data
    assert [(row["action"], row["reason"]) for row in data["history"]] == [
        ("resolve", "gone"),
        ("resume", None),
        ("resolve", "again"),
        ("cancel", "wrong date"),
    ]
    assert [one["states"] for one in data["batches"]] == [{}, {}]


@pytest.mark.parametrize(
    ("password", "code", "states"), [("another", 0, {"cancelled": 3}), (SECRET, 8, {"accepted": 3})]
)
def test_what_is_pending_of_a_municipality_that_has_left_the_config_is_cancelled(
    password: str,
    code: int,
    states: dict[str, int],
    live_gateway: LiveGateway,
    message: Path,
    run: Run,
) -> None:
    """The gateway could only be asked with the account that the config has for it."""
    live = live_gateway(Behaviour(password=password))
    argv = ("--config", live.config)
    run(*argv, "send", message, "--all", "--yes", "--max-parts", 3)
    text = live.config.read_text(encoding="utf-8")
    text = text.replace("exempelkommun", "annankommun").replace("Exempelkommun", "Annankommun")
    live.config.write_text(text, encoding="utf-8")
    ran = run(*argv, "mailings", "cancel", 1)
    assert (ran.code, "could not be stopped" in ran.said) == (code, code != 0), ran.said
    shown = run(*argv, "mailings", "show", 1, "--json")
    assert (shown.code, shown.data["states"]) == (0, states)


def test_what_is_unknown_is_stopped_where_the_gateway_still_holds_it(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    """That it names what it stopped proves that it had taken it."""
    behaviour = Behaviour(faults={Fault.RESET: 1.0}, throttle_s=600)
    live = live_gateway(behaviour, rows=guardians(3), gateway={"management_path": "/nowhere/{service_id}"})
    assert run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 3).code == 4
    found = live.config.read_text().replace("/nowhere/{service_id}", "/mgmt/rs/service/{service_id}")
    live.config.write_text(found, encoding="utf-8")
    ran = run("--config", live.config, "mailings", "cancel", 1, "--json")
    assert (ran.code, ran.data["stopped"], ran.data["states"]) == (0, 3, {"cancelled": 3})
    assert ran.data["parts"] == 0


@pytest.mark.parametrize("word", ["--sent", "--not-sent", "--resend"])
def test_a_word_about_what_was_unknown_settles_nothing_that_is_so_only_now(
    word: str, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    one_by_one = {"batch_size": 1, "connections": 1}
    live = live_gateway(Behaviour(faults={Fault.RESET: 1.0}), rows=guardians(3), gateway=one_by_one)
    run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 3)
    (path,) = live.config.parent.rglob("ledger.db")
    with closing(open_ledger(path)) as ledger:  # as a run that was killed leaves it
        mailing, now = mailings.get(ledger, 1), moment()
        assert mailings.tally(ledger, mailing).states == {Status.UNKNOWN: 2, Status.PENDING: 1}
        assert sending.claim(ledger, mailing, moment=now)
    settle = ("--config", live.config, "mailings", "resolve", 1, word, "--reason", "asked support", "--yes")
    ran = run(*settle)
    assert ran.code == 4
    assert "1 message of mailing 1 is unknown only now, as a run broke off; nothing was settled." in ran.err
    shown = ("--config", live.config, "mailings", "show", 1, "--json")
    assert run(*shown).data["states"] == {"unknown": 3}
    assert run(*settle, "--json").data["settled"] == 3


def test_what_is_unknown_and_not_stopped_is_told_as_such(lost: Path, run: Run) -> None:
    ran = run("--config", lost, "mailings", "cancel", 1)
    assert ran.code == 4
    assert "Nobody can tell whether 3 messages were accepted." in ran.out
    assert f"smsctl --config {lost} mailings resolve 1" in ran.out
    assert "on their way" not in ran.out


def test_a_mailing_that_nobody_touched_has_no_history(sent: Path, run: Run) -> None:
    assert run("--config", sent, "mailings", "show", 1, "--json").data["history"] == []
    assert "Afterwards" not in run("--config", sent, "mailings", "show", 1).out


def test_the_skipped_are_listed_without_their_numbers(sent: Path, run: Run) -> None:
    ran = run("--config", sent, "mailings", "skipped", 1)
    assert ran.out.splitlines()[-1].split() == [
        *["5", "has", "not", "accepted", "the", "terms", "+46", "70", "***", "**", "08"]
    ]
    assert "Bo Nej" not in ran.out


def test_the_skipped_are_written_in_full_for_whoever_corrects_the_register(
    sent: Path, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "skipped.csv"
    assert run("--config", sent, "mailings", "skipped", 1, "--csv", path).code == 0
    assert path.read_text(encoding="utf-8-sig").splitlines() == [
        "Row;Reason;Number;Name",
        "5;terms;46701740608;Bo Nej",
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_of_those_skipped_before_the_terms_it_is_told_whether_they_accepted_them(
    make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    without = ("Cia Ek;;vårdnadshavare;Exempelkommun;ja", "Dan Ek;;vårdnadshavare;Exempelkommun;nej")
    config = make_config(rows=[*ROWS, *without])
    run("--config", config, "send", message, "--group", "guardians", "--yes")
    path = tmp_path / "skipped.csv"
    assert run("--config", config, "mailings", "skipped", 1, "--csv", path).code == 0
    assert path.read_text(encoding="utf-8-sig").splitlines() == [
        "Row;Reason;Number;Name;Accepted terms",
        "5;terms;46701740608;Bo Nej;no",
        "6;no-number;;Cia Ek;yes",
        "7;no-number;;Dan Ek;no",
    ]


def test_a_file_that_is_there_is_not_written_over(sent: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "skipped.csv"
    path.write_text("mine", encoding="utf-8")
    ran = run("--config", sent, "mailings", "skipped", 1, "--csv", path)
    assert ran.code == 8
    assert "skipped.csv: cannot be written" in ran.err
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("sign", ["=", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_name_is_no_formula_in_the_file(
    sign: str, make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    """Some Excel reads full-width signs as the plain ones."""
    config = make_config(rows=[*ROWS, f"{sign}HYPERLINK(1);0701740609;VH;Exempelkommun;nej"])
    run("--config", config, "send", message, "--group", "guardians", "--yes")
    path = tmp_path / "skipped.csv"
    run("--config", config, "mailings", "skipped", 1, "--csv", path)
    assert f"6;terms;46701740609;'{sign}HYPERLINK(1)" in path.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("words", ["list", "show 1", "skipped 1", "resume 1"])
def test_every_screen_of_a_rehearsal_says_so(words: str, sent: Path) -> None:
    ran = run_terminal(["--config", sent, "mailings", *words.split()])
    assert ran.code == 0
    assert "no SMS leaves this machine" in ran.seen


def test_times_are_those_of_the_config(sent: Path, run: Run) -> None:
    story: Ran = run("--config", sent, "mailings", "show", 1)
    at = run("--config", sent, "mailings", "show", 1, "--json").data["created_at"]
    from datetime import datetime
    from zoneinfo import ZoneInfo

    local = datetime.fromisoformat(at).astimezone(ZoneInfo("Europe/Stockholm"))
    assert f"{local:%Y-%m-%d %H:%M}" in story.out


def test_a_long_story_folds_the_rows_that_say_the_same(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(rows=guardians(9), gateway={"batch_size": 1})
    argv = ("--config", live.config)
    assert run(*argv, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    for _ in range(3):
        run(*argv, "purge", "--hold", 1, "--reason", "asked for")
        run(*argv, "purge", "--release", 1, "--reason", "asked for")
    told = run(*argv, "mailings", "show", 1).out
    (batches,) = [line for line in told.splitlines() if "-b" in line]
    assert re.match(r"  \w+-b1 to b9 +9  .*  9 accepted", batches)
    assert len(run(*argv, "mailings", "show", 1, "--json").data["batches"]) == 9


def test_the_story_ends_with_one_command_at_most(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(Behaviour(faults={Fault.RESET: 1.0}), rows=guardians(4), gateway={"batch_size": 1})
    argv = ("--config", live.config)
    assert run(*argv, "send", message, "--all", "--yes", "--max-parts", 9).code == 4
    told = run(*argv, "mailings", "show", 1).out
    assert told.count("smsctl ") == 1
    assert re.search(r"smsctl .*mailings resolve 1$", told, re.MULTILINE)


def test_the_states_of_a_mailing_stand_in_one_order_whatever_the_ledger_lies_in(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(Behaviour(faults={Fault.RESET: 0.5}), rows=guardians(8), gateway={"batch_size": 1})
    run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    settle = ("mailings", "resolve", 1, "--not-sent", "--reason", "it was not", "--yes")
    assert run("--config", live.config, *settle).code == 0
    (told,) = run("--config", live.config, "mailings", "list", "--json").data["mailings"]
    shown = run("--config", live.config, "mailings", "show", 1, "--json").data
    assert [list(one["states"]) for one in (told, shown)] == [["pending", "accepted"]] * 2
