import json
import re
import shutil
import stat
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from smsctl.cli.money import invoices as cli_invoices
from smsctl.cli.output import export
from smsctl.errors import LedgerError, say
from smsctl.ledger import invoices, lock, restoring
from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway
from ..front_door import Ran, Run, Terminal, begin_process, end_process
from .conftest import guardians, wait_until
from .test_endings import in_bash

TOWN = "exempelkommun"


@pytest.fixture
def config(live_gateway: LiveGateway, message: Path, run: Run) -> Path:
    """A site that has opened two packages of two parts and sent three."""
    live = live_gateway(
        municipalities={TOWN: {"package_size": 2, "package_price": "4900.50", "invoice_node": "skola"}}
    )
    sent = run(
        *("--config", live.config, "send", message, "--all", "--yes"),
        *("--max-parts", 9, "--max-new-packages", 1),
    )
    assert sent.code == 0
    return live.config


def month(config: Path, run: Run) -> str:
    (used,) = run("--config", config, "usage", "--json").data["municipalities"]
    (only,) = used["months"]
    return str(only["month"])


def test_the_list_has_one_line_for_each_package(config: Path, run: Run) -> None:
    ran = run("--config", config, "invoices", "list", "--json")
    assert [
        (one["number"], one["package"], one["parts"], one["price_ore"]) for one in ran.data["invoices"]
    ] == [
        (1, 1, 2, 490_050),
        (2, 2, 2, 490_050),
    ]
    told = run("--config", config, "invoices", "list").out
    assert "Exempelkommun" in told
    assert "4 900,50 kr" in told
    assert "2 invoices are not handed over: 9 801,00 kr without VAT." in told


def test_where_nobody_sees_a_plan_a_new_invoice_is_told(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(municipalities={TOWN: {"package_size": 3, "package_price": "4900.50"}})
    send = ("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    fills = run(*send, "--max-new-packages", 9)
    message.write_text("Hej igen\n", encoding="utf-8")
    opens = run(*send, "--max-new-packages", 9)
    told = "A package was opened, and makes an invoice of 4 900,50 kr without VAT."
    assert [(one.code, told in one.err) for one in (fills, opens)] == [(0, False), (0, True)]


TOLD = "A package was opened, and makes an invoice of 4 900,50 kr without VAT."
CEILINGS = ("--yes", "--max-parts", 9, "--max-new-packages", 9)


def in_small_packages(live_gateway: LiveGateway, behaviour: Behaviour) -> Live:
    """A site whose next mailing, to three, opens the second package."""
    return live_gateway(behaviour, municipalities={TOWN: {"package_size": 2, "package_price": "4900.50"}})


def test_a_new_invoice_is_told_though_the_run_that_made_it_was_killed(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    """By whichever command comes next, once; with `--quiet` it still waits for one that speaks."""
    live = in_small_packages(live_gateway, Behaviour(latency_s=20))
    send = ("--config", live.config, "send", message, "--all", *CEILINGS, "--key", "monday")
    process = begin_process(*send)
    wait_until(lambda: len(live.simulator.accepted()) == 3)
    process.kill()
    end_process(process)
    quiet = run("--config", live.config, "--quiet", "usage")
    told, told_before = run(*send), run("--config", live.config, "usage")
    assert [(one.code, TOLD in one.err) for one in (quiet, told, told_before)] == [
        (0, False),
        (4, True),
        (0, False),
    ]


@pytest.mark.parametrize("lost", ["2>&-", "2>/dev/full", "2>&1 >/dev/null | true"])
def test_a_new_invoice_is_told_again_where_nobody_can_have_heard_of_it(
    lost: str, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = in_small_packages(live_gateway, Behaviour())
    sent = in_bash(f"{{}} send {message} --all {' '.join(map(str, CEILINGS))} {lost}", live.config)
    assert (sent.code, TOLD in sent.said) == (0, False), sent.said
    told = [run("--config", live.config, "usage") for _ in range(2)]
    assert [TOLD in one.err for one in told] == [True, False]


@pytest.mark.parametrize("also", [(), ("--yes",)])
def test_what_a_killed_run_has_opened_is_told_by_who_resumes_it_on_a_terminal(
    live_gateway: LiveGateway, message: Path, run: Run, also: Sequence[str]
) -> None:
    """The plan shows only what the rest opens: here nothing; with `--yes` nobody sees one."""
    live = live_gateway(
        Behaviour(latency_s=3),
        rows=guardians(4),
        gateway={"batch_size": 3},
        municipalities={TOWN: {"package_size": 2, "package_price": "4900.50"}},
    )
    process = begin_process("--config", live.config, "send", message, "--all", *CEILINGS)
    wait_until(lambda: len(live.simulator.accepted()) == 3)
    process.kill()
    end_process(process)
    resumed = run("--config", live.config, "mailings", "resume", 1, *also, terminal=True, stdin="y\n")
    assert (resumed.code, TOLD in resumed.said) == (4, True)
    assert TOLD not in run("--config", live.config, "invoices", "list").said


def test_a_package_beyond_those_that_the_plan_has_shown_is_told(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    """The config allows it; another mailing takes the room while the question stands."""
    live = live_gateway(
        rows=guardians(2),
        limits={"max_new_packages": 9},
        municipalities={TOWN: {"package_size": 2, "package_price": "4900.50"}},
    )
    other = tmp_path / "other.txt"
    other.write_text("Hej igen\n", encoding="utf-8")
    with Terminal("--config", live.config, "send", message, "--all") as terminal:
        terminal.wait_for("Send 2 messages?")
        whom = ("--where", "Namn=Person 1", "--yes", "--max-parts", 9)
        assert run("--config", live.config, "send", other, *whom).code == 0
        terminal.type("y")
        ran = terminal.end()
    assert (ran.code, "No new package" in ran.seen, "A package was opened" in ran.seen) == (0, True, True)


def test_an_invoice_that_a_delivery_report_makes_is_told(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    live = in_small_packages(live_gateway, Behaviour(faults={"reset": 1.0}))
    assert run("--config", live.config, "send", message, "--all", *CEILINGS).code == 4
    of_it = ("--config", live.config, "mailings", "resolve", 1, "--not-sent", "--reason", "x", "--yes")
    assert run(*of_it).code == 0
    assert run("--config", live.config, "mailings", "cancel", 1).code == 0
    anew = ("--new-package", "--reason", "a new deal", "--yes")
    assert run("--config", live.config, "municipality", "activate", TOWN, *anew).code == 0
    file = tmp_path / "reports.json"
    stem = run("--config", live.config, "mailings", "show", 1, "--json").data["batches"][0]["reference"][:10]
    file.write_text(
        json.dumps({"dr": [{"statuscode": 0, "customermessagereference": f"{stem}-{n}"} for n in (1, 2, 3)]}),
        encoding="utf-8",
    )
    first, again = (run("--config", live.config, "reports", "import", file) for _ in range(2))
    assert [(one.code, TOLD in one.err) for one in (first, again)] == [(0, True), (0, False)]


@pytest.mark.parametrize(
    "words",
    ["usage --json", "invoices list", "invoices export --csv -", "mailings list --csv -", "audit --csv -"],
)
def test_the_books_of_a_municipality_outlast_its_place_in_the_config(
    words: str, config: Path, run: Run
) -> None:
    """And only those are asked for that the ledger has."""
    renamed = re.sub(TOWN, "nykommun", config.read_text(encoding="utf-8"), flags=re.IGNORECASE)
    config.write_text(renamed, encoding="utf-8")
    asked = ("--config", config, *words.split(), "--municipality")
    left = run(*asked, TOWN)
    assert (left.code, TOWN in left.out) == (0, True)
    assert run(*asked, "ingenstans").code == 8


def test_an_export_is_what_the_finance_system_reads(config: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "invoices.csv"
    assert run("--config", config, "invoices", "export", "--csv", path).code == 0
    header, first, second = path.read_text(encoding="utf-8-sig").splitlines()
    assert header == "Invoice;Key;Municipality;Package;Date;Parts;Price;Handed over;Currency"
    assert first.startswith(f"1;{TOWN};Exempelkommun;1;20")
    assert second.endswith(";2;4900,50;;SEK")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_handed_over_is_exported_once(config: Path, run: Run, tmp_path: Path) -> None:
    def export(name: str, *flags: str) -> int:
        ran = run("--config", config, "invoices", "export", "--csv", tmp_path / name, *flags, "--json")
        assert ran.code == 0
        return len(ran.data["invoices"])

    assert export("unmarked.csv") == 2
    assert export("marked.csv", "--mark") == 2
    assert export("nothing-new.csv", "--mark") == 0
    assert export("all.csv", "--all") == 2
    again = run("--config", config, "invoices", "export", "--csv", tmp_path / "none.csv", "--mark")
    assert "No invoice is new" in again.out
    assert "marked" not in again.out
    assert "All of them are handed over." in run("--config", config, "invoices", "list").out
    (first, _) = run("--config", config, "invoices", "list", "--json").data["invoices"]
    assert first["handed_over"] is not None
    rows = run("--config", config, "audit", "--json").data["audit"]
    assert [row["subject"] for row in rows if row["action"] == "hand-over"] == ["invoice 2", "invoice 1"]


def _at_once(config: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_code: int) -> Ran:
    """Hand over while another does, from beginning to end; return what came of ours."""
    marked, written = ("--config", config, "invoices", "export", "--mark", "--csv"), vars(export)["write_csv"]

    def after_another(*given: object, **named: object) -> object:
        monkeypatch.setattr(export, "write_csv", written)
        other = run(*marked, tmp_path / "other.csv")
        assert (other.code, (tmp_path / "other.csv").exists()) == (other_code, other_code == 0), other.said
        return written(*given, **named)

    monkeypatch.setattr(export, "write_csv", after_another)
    ours = run(*marked, tmp_path / "ours.csv")
    rows = run("--config", config, "audit", "--json").data["audit"]
    handed = [row["subject"] for row in rows if row["action"] == "hand-over"]
    assert handed == ["invoice 2", "invoice 1"]
    return ours


def test_of_two_at_once_one_hands_over(
    config: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other writes nothing, for whoever reads what is printed cannot take it back."""
    assert _at_once(config, run, tmp_path, monkeypatch, 9).code == 0


def test_whoever_finds_out_that_another_has_handed_over_says_so(
    config: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the session with the right broke; and the control: without the right both would print."""
    monkeypatch.setattr(lock, "right_to_hand_over", lambda _: nullcontext())
    ours = _at_once(config, run, tmp_path, monkeypatch, 0)
    assert (ours.code, "handed over invoice 1 meanwhile" in ours.said) == (5, True), ours.said


BROKE = LedgerError(say("the connection to the database broke."))


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
@pytest.mark.parametrize("why", [BROKE, KeyboardInterrupt()])
@pytest.mark.parametrize("broken", ["hand_over", "invoices_of"])
def test_a_list_that_is_out_and_perhaps_not_marked_is_told_of(
    config: Path,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    why: BaseException,
    flag: str,
) -> None:
    """As where the connection to a database breaks, or Ctrl-C ends the waiting for a ledger that is busy.

    Another server, or whoever runs it once more, would hand the same over.
    """

    def breaks(*_given: object, **_more: object) -> None:
        raise why

    monkeypatch.setattr(cli_invoices, broken, breaks)
    path = tmp_path / "1.csv"
    ran = run("--config", config, "invoices", "export", "--mark", "--csv", path, flag)
    code, told = 9 if why is BROKE else 130, broken == "hand_over"
    assert (ran.code, path.exists(), "look at: smsctl" in ran.said) == (code, told, told)


def test_nobody_waits_while_a_list_is_written(
    config: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads what is printed may take long."""
    written = vars(export)["write_csv"]

    def after_another(*given: object, **named: object) -> object:
        assert end_process(begin_process("--config", config, "block", "add", "0701740699")).code == 0
        return written(*given, **named)

    monkeypatch.setattr(export, "write_csv", after_another)
    assert run("--config", config, "invoices", "export", "--mark", "--csv", tmp_path / "1.csv").code == 0


def _hand_over_twice(config: Path, run: Run, tmp_path: Path) -> None:
    """Hand over two invoices, and later a third."""
    for name in ("1.csv", "2.csv"):
        assert run("--config", config, "invoices", "export", "--csv", tmp_path / name, "--mark").code == 0
        another = ("municipality", "activate", TOWN, "--new-package", "--reason", name, "--yes")
        assert name == "2.csv" or run("--config", config, *another).code == 0


def _handed_over(config: Path, run: Run) -> list[int]:
    listed = run("--config", config, "invoices", "list", "--json").data["invoices"]
    return [one["number"] for one in listed if one["handed_over"]]


@pytest.mark.parametrize("flags", [(), ("--municipality", TOWN)])
def test_what_is_taken_back_twice_is_what_was_marked_last(
    flags: tuple[str, ...], config: Path, run: Run, tmp_path: Path
) -> None:
    """As where two hosts do it, or who does not know whether it was done says it once more."""
    _hand_over_twice(config, run, tmp_path)
    undo = ("--config", config, "invoices", "export", "--undo", *flags)
    assert run(*undo).code == 0
    assert _handed_over(config, run) == [1, 2]
    again = run(*undo)
    assert (again.code, "taken back already" in again.err) == (5, True), again.said
    assert _handed_over(config, run) == [1, 2]
    assert run(*undo, "--all").code == 0
    assert _handed_over(config, run) == []


def test_what_is_handed_over_anew_is_taken_back_anew(config: Path, run: Run, tmp_path: Path) -> None:
    _hand_over_twice(config, run, tmp_path)
    export = ("--config", config, "invoices", "export")
    assert run(*export, "--undo").code == 0
    assert run(*export, "--csv", tmp_path / "3.csv", "--mark").code == 0
    assert run(*export, "--undo").code == 0
    assert _handed_over(config, run) == [1, 2]


def test_without_a_look_at_the_audit_an_earlier_one_would_be_taken_back(
    config: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    _hand_over_twice(config, run, tmp_path)
    monkeypatch.setattr(invoices, "_must_be_the_last", lambda *_: None)
    for _ in range(2):
        assert run("--config", config, "invoices", "export", "--undo").code == 0
    assert _handed_over(config, run) == []


def test_nothing_is_marked_when_the_file_cannot_be_written(config: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "there.csv"
    path.write_text("already here")
    assert run("--config", config, "invoices", "export", "--csv", path, "--mark").code == 8
    assert path.read_text() == "already here"
    (first, _) = run("--config", config, "invoices", "list", "--json").data["invoices"]
    assert first["handed_over"] is None


@pytest.mark.parametrize(
    ("text", "differences"),
    [
        ("Månad;Antal SMS\n{month};3\n", [0]),
        ("month,parts\n{month}-28,5\n", [2]),
        ("month;parts\n2020-01;7\n{month};1 003\n", [7, 1000]),
        ("month;parts\n2020-01;7\n;\n\n{month};1 003\n;\n", [7, 1000]),  # lines with nothing in them
        ("invoiceNode;Antal delar\nskola;2\nteater;1\n", [-1, 1]),
        ("month;invoice_node;parts\n{month};skola;5\n2020-01;teater;1\n", [1, 2]),
        ("month;invoice_node;parts\n{month};skola;2,0\n{month};skola;1\n", [0]),
    ],
)
def test_the_suppliers_figures_stand_beside_ours(
    text: str, differences: list[int], config: Path, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "supplier.csv"
    path.write_text(text.format(month=month(config, run)), encoding="cp1252")
    ran = run("--config", config, "invoices", "compare", path, "--json")
    assert ran.code == 0
    assert [line["difference"] for line in ran.data["lines"]] == differences
    assert ran.data["difference"] == sum(differences)
    shown = run("--config", config, "invoices", "compare", path).out
    assert ("figures and ours agree" in shown) is (not any(differences))


def test_a_period_is_compared_as_a_whole(config: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "supplier.csv"
    path.write_text("node;parts\nskola;3\n")
    argv = ("--config", config, "invoices", "compare", path, "--json")
    assert run(*argv, "--until", "2020-12").data["difference"] == 3
    assert run(*argv, "--since", "2020-12").data["difference"] == 0
    path.write_text(f"month;parts\n2020-01;7\n2020-12;9\n{month(config, run)};3\n")
    assert run(*argv, "--since", "2020-12").data["difference"] == 9
    assert run(*argv, "--since", month(config, run)).data["difference"] == 0
    assert run(*argv, "--until", "2020-12-31").data["difference"] == 16
    assert run(*argv, "--since", "2020-13").code == 2
    assert run(*argv, "--since", "2021", "--until", "2020-12").code == 2


def test_a_month_that_the_supplier_leaves_out_between_others_differs(
    config: Path, run: Run, tmp_path: Path
) -> None:
    path, sent_in = tmp_path / "supplier.csv", month(config, run)
    path.write_text(f"month;parts\n2020-01;0\n{int(sent_in[:4]) + 1}-12;0\n")
    compared = run("--config", config, "invoices", "compare", path, "--json").data
    assert [(one["month"], one["difference"]) for one in compared["lines"]] == [(sent_in, -3)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("month;price\n2026-11;3\n", "no column with parts"),
        ("parts;price\n3;1\n", "neither months nor invoice nodes"),
        ("month;parts\nNovember;3\n", "row 2: … is no month"),
        ("month;parts\n2026-11;3\n2026-13;3\n", "row 3: 2026-13 is no month"),
        ("month;parts\n2026-11;3.5\n", "row 2: 3.5 is no number of parts"),
        ("month;parts\n2026-11;\n", "is no number of parts"),
        ('month,parts\n2026-11,"1,000"\n', "row 2: 1,000 is no number of parts"),
        ("month;parts;sms\n2026-11;3;4\n", "several columns could be parts"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    text: str, told: str, config: Path, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "supplier.csv"
    path.write_text(text)
    ran = run("--config", config, "invoices", "compare", path)
    assert ran.code == 8
    assert told in ran.err


@pytest.fixture
def older(config: Path, run: Run, message: Path) -> Path:
    """A site whose invoices were handed over, and whose ledger was put back from before that."""
    ledger = config.parent / "ledger" / "ledger.db"
    kept = shutil.copy(ledger, config.parent / "kept.db")
    exported = run("--config", config, "invoices", "export", "--mark", "--csv", config.parent / "first.csv")
    assert exported.code == 0
    message.write_text("Hej igen\n", encoding="utf-8")
    sent = ("--all", "--yes", "--max-parts", 9, "--max-new-packages", 9)
    assert run("--config", config, "send", message, *sent).code == 0
    shutil.copy(kept, ledger)
    return config


def _handed_over_again(older: Path, run: Run) -> Ran:
    """As cron does it, which is quiet."""
    again = ("--mark", "--csv", older.parent / "again.csv")
    return run("--config", older, "--quiet", "invoices", "export", *again)


def test_an_export_that_was_killed_before_its_marks_is_told_by_the_next(
    config: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = config.parent

    def exported(name: str, *flags: str) -> Ran:
        return run("--config", config, "invoices", "export", *flags, "--csv", folder / name)

    def killed(*_given: object) -> None:
        raise SystemExit

    told = f"{folder / 'killed.csv'} has not come to marking its invoices"
    assert exported("none.csv").err == ""
    with monkeypatch.context() as patch:
        patch.setattr(cli_invoices, "hand_over", killed)
        assert exported("killed.csv", "--mark").code == 1
    assert exported("missing/folder.csv", "--mark").code == 8  # which nobody can have: it says nothing
    for name, flags, is_told in (
        ("quiet.csv", ("--quiet",), False),  # each night, and it hands nothing over
        ("read.csv", (), True),
        ("marked.csv", ("--quiet", "--mark"), True),
    ):
        ran = exported(name, *flags)
        assert (ran.code, told in ran.err) == (0, is_told)
        assert (folder / name).read_bytes() == (folder / "killed.csv").read_bytes()
    assert exported("later.csv").err == ""


def test_an_older_ledger_hands_nothing_over_until_a_person_accepts_it(older: Path, run: Run) -> None:
    ran = _handed_over_again(older, run)
    assert (ran.code, "would be handed over twice; nothing was written" in ran.err) == (9, True)
    assert not (older.parent / "again.csv").exists()
    assert run("--config", older, "ledger", "accept-restore", "--reason", "asked").code in {0, 4}
    assert _handed_over_again(older, run).code == 0


def test_else_it_would_hand_the_same_over_once_more_and_end_well(
    older: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(restoring, "refuse_forgotten", lambda _ledger: None)
    ran = _handed_over_again(older, run)
    assert (ran.code, "twice" in ran.said) == (0, False)
    assert (older.parent / "again.csv").read_text() == (older.parent / "first.csv").read_text()
