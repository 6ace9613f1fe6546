"""What a person sees on a narrow or colourless terminal, and what cron puts into a mail."""

import re
import signal
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import HEADER, LiveGateway, MakeConfig
from ..front_door import Ran, Run, Terminal, run_process

WIDTH = 80
LONG = "Kommunalförbundet Södra Norrlands gymnasieskolor och vuxenutbildning"
ROWS = [
    f"Ann-Charlotte Lindqvist-Söderbergh;070-174 06 05;vårdnadshavare/Årskurs 9 B;{LONG};ja",
    f"Bo Ek;070-174 06 06;vårdnadshavare;{LONG};nej",
]
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7])[0-9;]*m")


def seen(*argv: object, **environ: str) -> Ran:
    with Terminal(*argv, columns=WIDTH, **environ) as terminal:
        return terminal.end()


@pytest.fixture
def wide(make_config: MakeConfig, run: Run, message: Path) -> Path:
    """A site with long names that has rehearsed a mailing or two."""
    key = "kommunalforbundet-sodra-norrland"
    config = make_config(
        rows=ROWS,
        header=HEADER,
        municipalities={
            "exempelkommun": None,
            key: {"name": LONG, "package_size": 10_000, "package_price": "4900.00"},
        },
    )
    for _ in range(2):
        sent = run("--config", config, "send", message, "--group", "guardians", "--yes", "--key", f"k{_}")
        assert sent.code == 0, sent.said
    return config


@pytest.mark.parametrize(
    "command",
    [
        "usage",
        "usage --municipality kommunalforbundet-sodra-norrland",
        "mailings list",
        "mailings show 1",
        "mailings skipped 1",
        "municipality list",
        "invoices list",
        "recipients check",
        "audit",
        "doctor",
        "config check",
        "send message.txt --all --dry-run",
        "--help",
        "send --help",
    ],
)
def test_a_screen_fits_eighty_columns(wide: Path, command: str) -> None:
    words = [str(wide.parent / word) if word == "message.txt" else word for word in command.split()]
    ran = seen("--config", wide, *words)
    assert ran.code == 0, ran.seen
    assert [line for line in ran.seen.splitlines() if len(line) > WIDTH] == []


def test_a_table_folds_words_and_keeps_figures_whole_on_eighty_columns(wide: Path) -> None:
    for command in ("usage", "mailings list", "municipality list", "invoices list"):
        table = seen("--config", wide, *command.split()).seen
        assert "…" not in table
    assert re.search(r"\b10 000 +4 900,00 kr\b", table)


@pytest.mark.parametrize("columns", [36, 60, 80])
@pytest.mark.parametrize(
    ("command", "figures"),
    [
        ("usage --municipality exempelkommun", ("10 000", "4 900,00 kr")),
        ("invoices list", ("10 000", "4 900,00 kr")),
        ("municipality list", ("10 000",)),
    ],
)
def test_no_terminal_is_too_narrow_for_a_name_or_a_figure(
    columns: int, command: str, figures: str, make_config: MakeConfig, run: Run
) -> None:
    config = make_config()
    run("--config", config, "municipality", "activate", "exempelkommun")
    with Terminal("--config", config, *command.split(), columns=columns) as terminal:
        shown = terminal.end().seen
    assert [line for line in shown.splitlines() if len(line) > columns] == []
    assert "exempelkommun" in shown.casefold()
    assert "…" not in shown
    assert [figure for figure in figures if figure not in shown] == []


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_the_list_of_mailings_never_breaks_a_date_or_a_state(columns: int, wide: Path) -> None:
    with Terminal("--config", wide, "mailings", "list", columns=columns) as terminal:
        shown = terminal.end().seen
    assert len(re.findall(r"20\d\d-\d\d-\d\d \d\d:\d\d", shown)) == 2
    assert shown.count("1 accepted") == 2
    assert [line for line in shown.splitlines() if len(line) > columns] == []


def test_colours_are_for_terminals_that_want_them(wide: Path) -> None:
    argv = ["--config", wide, "doctor"]
    assert COLOUR.search(seen(*argv).out)
    assert not COLOUR.search(seen(*argv, NO_COLOR="1").out)
    assert "\x1b" not in seen(*argv, TERM="dumb").out
    assert "\x1b" not in run_process(*argv).said


def test_a_line_to_be_copied_is_never_folded(wide: Path) -> None:
    argv = ["schedule", "--at", "07:30", "--", "send", "--all", wide.parent / "message.txt", "--max-parts", 9]
    lines = seen("--config", wide, *argv).seen.splitlines()
    assert [line for line in lines if line.startswith("30 7 ") and line.endswith("message.txt")]


def test_the_progress_tells_rate_and_time_left_on_a_terminal_only(
    make_config: MakeConfig, message: Path
) -> None:
    config = make_config(gateway={"batch_size": 1})
    argv = ["--config", config, "send", message, "--all", "--yes"]
    shown = seen(*argv).seen
    assert re.search(r"Sending .* 3/3 \d+/s \S*\d:\d\d", shown)
    assert "Sending" not in run_process(*argv).said


@pytest.mark.parametrize("columns", [30, 36, 44, 60, 80])
def test_the_progress_is_cut_nowhere_and_leaves_nothing(
    make_config: MakeConfig, message: Path, columns: int
) -> None:
    config = make_config(gateway={"batch_size": 1})
    with Terminal("--config", config, "send", message, "--all", "--yes", columns=columns) as terminal:
        ran = terminal.end()
    last = [line for line in re.split(r"[\r\n]+", ran.seen) if line.startswith("Sending")][-1].rstrip()
    assert re.search(r" 3/3 (\d+/s )?\d:\d\d:\d\d$", last)
    assert len(last) <= columns
    assert ("━" in last) == (columns >= 44)
    assert "\x1b[2K" in ran.out.rpartition("Sending")[2].partition("Mailing 1")[0]


def test_the_progress_says_nothing_that_is_not_known_yet(make_config: MakeConfig, message: Path) -> None:
    shown = seen("--config", make_config(), "send", message, "--all", "--yes").seen
    assert re.search(r"Sending \S+ +0/3 *[\r\n]", shown)
    assert " 0/s" not in shown
    assert "-:--:--" not in shown


def test_a_warning_does_not_run_on_behind_the_progress(live_gateway: LiveGateway, message: Path) -> None:
    config = live_gateway(Behaviour(latency_s=0.3), gateway={"batch_size": 1}).config
    with Terminal("--config", config, "send", message, "--all", "--yes", "--max-parts", 9) as terminal:
        terminal.wait_for("1/3")
        terminal.process.send_signal(signal.SIGINT)
        ran = terminal.end()
    assert ran.code == 130
    assert re.search(r"\r\x1b\[2K(\x1b\[[0-9;]*m)*Stopping after what is on its way", ran.out)


def test_a_text_keeps_its_margin_on_any_terminal(make_config: MakeConfig, message: Path) -> None:
    message.write_text("Skolan stänger klockan ett på fredag, och fritids är öppet som vanligt.", "utf-8")
    argv = ["--config", make_config(), "send", message, "--all", "--dry-run"]
    with Terminal(*argv, columns=40) as terminal:
        lines = terminal.end().seen.splitlines()
    quoted = [line for line in lines if line.startswith("  │ ")]
    assert " ".join(line.removeprefix("  │ ").strip() for line in quoted) == message.read_text("utf-8")
    assert max(map(len, quoted)) <= 40


def test_a_list_that_is_folded_keeps_its_margin(make_config: MakeConfig, message: Path) -> None:
    rows = [f"Åsa;4,67E+1{n};vårdnadshavare;Exempelkommun;ja" for n in range(2)]
    shown = seen("--config", make_config(rows=rows), "send", message, "--all").seen
    _, _, listed = shown.replace("\r", "").partition("nothing was sent.\n")
    *lines, hint = listed.splitlines()
    assert len(lines) > len(rows)
    assert [line for line in lines if not line.startswith("  ")] == []
    assert hint == "Mend the rows, or leave them out with: --skip-invalid"


class TestUnderCron:
    ARGV = ("--group", "guardians", "--yes", "--max-parts", 9)

    def test_a_quiet_run_that_ends_well_says_nothing(self, live_gateway: LiveGateway, message: Path) -> None:
        ran = run_process("--config", live_gateway().config, "--quiet", "send", message, *self.ARGV)
        assert (ran.code, ran.out, ran.err) == (0, "", "")

    def test_another_one_says_one_line(self, live_gateway: LiveGateway, message: Path) -> None:
        live = live_gateway(gateway={"password": {"source": "env"}})
        ran = run_process("--config", live.config, "send", message, *self.ARGV)
        assert (ran.code, len(ran.out.splitlines())) == (0, 1)
        assert "0701740" not in ran.said
        assert "Öberg" not in ran.said

    def test_a_slot_that_is_run_again_says_nothing_either(
        self, live_gateway: LiveGateway, message: Path
    ) -> None:
        argv = [
            "--config",
            live_gateway().config,
            "--quiet",
            "send",
            message,
            *self.ARGV,
            "--key",
            "w-{week}",
        ]
        for _ in range(2):
            ran = run_process(*argv)
            assert (ran.code, ran.said) == (0, "")

    @pytest.mark.parametrize(
        ("behaviour", "argv", "code"),
        [
            (Behaviour(faults={"reset": 1.0}), ARGV, 4),
            (Behaviour(password="another"), ARGV, 6),
            (Behaviour(), ("--group", "guardians", "--yes"), 5),
            (Behaviour(), ("--group", "nobody", "--yes", "--max-parts", 9), 8),
        ],
    )
    def test_what_went_wrong_is_told_on_standard_error(
        self,
        live_gateway: LiveGateway,
        message: Path,
        behaviour: Behaviour,
        argv: tuple[object, ...],
        code: int,
    ) -> None:
        live = live_gateway(behaviour)
        ran = run_process("--config", live.config, "--quiet", "send", message, *argv)
        assert (ran.code, ran.out) == (code, "")
        assert ran.err.strip()
        assert "0701740" not in ran.err
