"""`smsctl send` without its words, on a terminal: asked by somebody who has never seen it."""

import shlex
from pathlib import Path

import pytest

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run, Terminal, run_terminal

TEXT = "Skolan är stängd i dag."
WHOM, TEXT_, WHEN, SEND = "Its figure, or several as 1, 2: ", "\nText: ", "or [now]: ", "[y/N] "
TWO = "Skolan är stängd i dag.\n\nMvh Rektor"


def test_whom_what_and_when_are_asked_and_the_command_is_told(live_gateway: LiveGateway) -> None:
    live = live_gateway()
    ran = run_terminal(
        ["--config", live.config, "send"], [(WHOM, "1"), (TEXT_, f"{TEXT}\n"), (WHEN, ""), (SEND, "y")]
    )
    assert ran.code == 0, ran.seen
    assert "1  guardians, 3 rows" in ran.seen
    assert "3  everyone, 4 rows" in ran.seen
    assert [one.content for one in live.simulator.accepted()] == [TEXT] * 2
    line = ran.seen.splitlines()[-1]
    assert line == f"smsctl --config {live.config} send --group guardians --text {shlex.quote(TEXT)}"


def test_the_command_does_the_same(make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    """Also of a text with lines and quotes: a shell reads it back."""
    import subprocess

    config, text = make_config(), 'It\'s "closed"\n\nC:\\new'
    with Terminal("--config", config, "send") as terminal:
        for question, answer in [(WHOM, "everyone"), (TEXT_, f"{text}\n"), (WHEN, "now"), (SEND, "y")]:
            if answer == "everyone":
                terminal.wait_for(question)
                terminal.type(answer)
                terminal.wait_for("There is no everyone in the list.")
                answer = "3"  # noqa: PLW2901 - as the list has it
            terminal.wait_for(question)
            terminal.type(answer)
        line = terminal.end().seen.splitlines()[-1]
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, text=True, check=True
    ).stdout.split("\0")[:-1]
    assert words[-3:] == ["--all", "--text", text]
    assert run(*words[1:], "--yes").code == 0
    mailings = run("--config", config, "mailings", "list", "--json").data["mailings"]
    assert mailings[0]["states"] == mailings[1]["states"]


@pytest.mark.parametrize("pasted", [f"{TWO}\n", f"{TWO}\n\n"])
def test_an_empty_line_in_what_is_pasted_ends_nothing(live_gateway: LiveGateway, pasted: str) -> None:
    live = live_gateway()
    ran = run_terminal(
        ["--config", live.config, "send"], [(WHOM, "1"), (TEXT_, pasted), (WHEN, ""), (SEND, "y")]
    )
    assert {one.content for one in live.simulator.accepted()} == {TWO}, ran.seen


def test_a_file_with_the_text_may_be_named_and_groups_by_their_names(
    live_gateway: LiveGateway, message: Path
) -> None:
    live = live_gateway()
    ran = run_terminal(
        ["--config", live.config, "send"],
        [(WHOM, "elever, vårdnadshavare"), (TEXT_, f"{message}\n"), (WHEN, ""), (SEND, "y")],
    )
    assert len(live.simulator.accepted()) == 3, ran.seen
    assert ran.seen.splitlines()[-1].endswith(f"send --group students --group guardians {message}")


@pytest.mark.parametrize("answers", [[""], ["1", ""], ["1", f"{TEXT}\n", "", "n"]])
def test_without_an_answer_nothing_is_sent(live_gateway: LiveGateway, answers: list[str]) -> None:
    live = live_gateway()
    asked = list(zip((WHOM, TEXT_, WHEN, SEND), answers, strict=False))
    ran = run_terminal(["--config", live.config, "send"], asked)
    assert (ran.code, live.simulator.accepted()) == (5, ())
    assert "nothing was sent" in ran.seen


def test_a_terminal_that_hangs_up_in_the_middle_of_the_text_ends_it(live_gateway: LiveGateway) -> None:
    live = live_gateway()
    with Terminal("--config", live.config, "send") as terminal:
        terminal.wait_for(WHOM)
        terminal.type("1")
        terminal.wait_for(TEXT_)
        terminal.type("The first line")
        terminal.hang_up()
        assert terminal.process.wait(timeout=30) in {5, 8, 129}
    assert not live.simulator.accepted()


def test_what_was_typed_is_not_asked(make_config: MakeConfig, message: Path) -> None:
    config = make_config()
    group = run_terminal(
        ["--config", config, "send", "--group", "elever"], [(TEXT_, f"{TEXT}\n"), (SEND, "y")]
    )
    text = run_terminal(["--config", config, "send", message], [(WHOM, "2"), (SEND, "y")])
    for ran in (group, text):
        assert ran.code == 0, ran.seen
        assert WHEN not in ran.seen


def test_it_may_leave_later_and_in_quiet_hours_the_ordinary_question_comes(live_gateway: LiveGateway) -> None:
    live = live_gateway(limits={"quiet_hours": "00:00-23:59"})
    answers = [(WHOM, "1"), (TEXT_, f"{TEXT}\n")]
    urgent = run_terminal(
        ["--config", live.config, "send"],
        [*answers, (WHEN, ""), ("Your choice", "2"), ("Why?", "storm"), (SEND, "y")],
    )
    assert (urgent.code, len(live.simulator.accepted())) == (0, 2), urgent.seen
    with Terminal("--config", live.config, "send") as terminal:
        for question, answer in [*answers, (WHEN, "half past"), ("there is no such time", "12:00")]:
            terminal.wait_for(question)
            terminal.type(answer)
        terminal.wait_for("would leave at 12:00")


def test_where_several_may_send_it_is_asked_who(make_config: MakeConfig, run: Run) -> None:
    more = {"package_size": 10_000, "package_price": "4900.00"}
    config = make_config(
        municipalities={
            "exempelkommun": None,
            "alfa": {"name": "Alfa", **more},
            "beta": {"name": "B", **more},
        },
        rows=("A;0701740605;elever;Alfa;ja", "B;0701740606;elever;B;ja", "C;0701740607;elever;B;ja"),
    )
    ran = run_terminal(
        ["--config", config, "send", "--dry-run"],
        [("Who sends and pays", "beta"), (WHOM, "1"), (TEXT_, f"{TEXT}\n"), (WHEN, "")],
    )
    assert "1  students, 2 rows" in ran.seen
    assert "--municipality beta --group students" in ran.seen.splitlines()[-1]


def test_without_a_terminal_it_is_told_what_is_missing(make_config: MakeConfig, run: Run) -> None:
    assert run("--config", make_config(), "send").code == 2


def test_who_is_asked_is_told_of_no_flag(make_config: MakeConfig) -> None:
    ran = run_terminal(
        ["--config", make_config(), "send"],
        [
            *[
                (WHOM, "1"),
                (TEXT_, f"{TEXT}\n"),
                (WHEN, "2020-01-01T07:30"),
                (WHEN, "in a while"),
                (WHEN, ""),
            ],
            (SEND, "n"),
        ],
    )
    assert "2020-01-01T07:30 is in the past." in ran.seen
    assert "in a while: there is no such time. Write 07:30 or 2026-12-01T07:30." in ran.seen
    assert "--at" not in ran.seen


def test_a_text_that_is_missing_is_told_as_such(make_config: MakeConfig) -> None:
    ran = run_terminal(["--config", make_config(), "send"], [(WHOM, "1"), (TEXT_, "")])
    assert (ran.code, "No text was typed; nothing was sent." in ran.seen) == (5, True)
