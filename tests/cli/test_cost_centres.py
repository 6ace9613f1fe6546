"""Cost centres: who inside the municipality is charged, from the file to the gateway and back in usage."""

import json
import re
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway, merged
from ..front_door import Ran, Run

TOWN = "exempelkommun"
CENTRES = {"4711": {"konto": "6250", "verksamhet": 610}, "4712": {"konto": "6250"}}
HEADER = "Namn;Mobil;Grupp;Kommun;Villkor;Kst"
ROWS = (
    "Anna;070-174 06 05;Personal;Exempelkommun;ja;4712",
    "Bo;070-174 06 06;Personal;Exempelkommun;ja;4711",
    "Cia;070-174 06 07;Personal;Exempelkommun;ja;",
    "Dan;070-174 06 08;Personal;Exempelkommun;ja;4712",
    "Eva;070-174 06 09;Vikarier;Exempelkommun;ja;9999",
)


@pytest.fixture
def site(live_gateway: LiveGateway) -> Live:
    return begin(live_gateway)


def begin(live_gateway: LiveGateway, **overrides: object) -> Live:
    plain = {"cost_centres": CENTRES, "columns": {"cost_centre": "Kst"}}
    return live_gateway(Behaviour(keep_requests=9), rows=ROWS, header=HEADER, **merged(plain, overrides))


def send(run: Run, live: Live, message: Path, *more: object, to: str = "staff") -> Ran:
    chosen = ("--group", to, "--yes", "--max-parts", 9)
    return run("--config", live.config, "send", message, *chosen, *more, "--json")


def bodies(live: Live) -> list[bytes]:
    return [one.body for one in live.simulator.requests() if one.body]


def settings_sent(live: Live) -> list[tuple[str | None, str | None, int]]:
    """Of each request, what its messages have in common: nodes of one cost centre, and how many they are."""
    found = []
    for body in bodies(live):
        messages = json.loads(body)["message"]
        (told,) = {
            (one["settings"].get("invoiceNode"), one["settings"].get("differentiator")) for one in messages
        }
        found.append((*told, len(messages)))
    return found


def charged(run: Run, live: Live, *flags: object) -> list[tuple[object, ...]]:
    ran = run("--config", live.config, "usage", "--by", "cost-centre", "--json", *flags)
    (told,) = ran.data["municipalities"]
    return [(one["cost_centre"], one["parts"], one["cost_ore"]) for one in told["cost_centres"]]


def test_the_column_tells_who_is_charged_and_a_request_has_one_cost_centre(
    site: Live, message: Path, run: Run
) -> None:
    ran = send(run, site, message)
    assert ran.code == 0
    assert ran.data["cost_centres"] == [
        {"cost_centre": None, "messages": 1},
        {"cost_centre": "4711", "messages": 1},
        {"cost_centre": "4712", "messages": 2},
    ]
    assert settings_sent(site) == [(None, None, 1), ("4711", "4711", 1), ("4712", "4712", 2)]
    assert charged(run, site) == [("", 1, 49), ("4711", 1, 49), ("4712", 2, 98)]
    shown = run("--config", site.config, "mailings", "show", 1)
    assert "Cost centre" in shown.out
    assert "4712: 2 messages" in shown.out
    assert run("--config", site.config, "ledger", "check").code == 0


def test_each_gets_a_text_of_their_own_under_the_cost_centre_of_their_row(
    site: Live, tmp_path: Path, run: Run
) -> None:
    text = tmp_path / "personal.txt"
    text.write_text("Hej ((Namn))!", encoding="utf-8")
    assert send(run, site, text).code == 0
    assert [(one.recipient, one.content) for one in site.simulator.accepted()] == [
        ("+46701740607", "Hej Cia!"),
        ("+46701740606", "Hej Bo!"),
        ("+46701740605", "Hej Anna!"),
        ("+46701740608", "Hej Dan!"),
    ]
    assert charged(run, site) == [("", 1, 49), ("4711", 1, 49), ("4712", 2, 98)]
    assert run("--config", site.config, "ledger", "check").code == 0


def test_a_flag_goes_before_the_column_and_the_column_before_the_municipality(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = begin(live_gateway, municipalities={TOWN: {"cost_centre": "4711", "invoice_node": "skola"}})
    assert send(run, live, message).code == 0
    assert send(run, live, message, "--cost-centre", "4712", "--again", "--reason", "prov").code == 0
    assert run("--config", live.config, "test", "+46701740699", "hej").code == 0
    assert settings_sent(live) == [
        ("4711", "4711", 2),
        ("4712", "4712", 2),
        ("4712", "4712", 4),
        ("4711", "4711", 1),
    ]
    assert charged(run, live) == [("4711", 3, 147), ("4712", 6, 294)]


def test_without_a_cost_centre_the_municipality_is_invoiced_as_before(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = begin(
        live_gateway, municipalities={TOWN: {"invoice_node": "skola"}}, columns={"cost_centre": None}
    )
    assert send(run, live, message).code == 0
    assert settings_sent(live) == [("skola", None, 4)]


def test_pswincom_gets_it_for_the_whole_request(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = begin(live_gateway, gateway={"module": "pswincom", "service_id": None})
    assert send(run, live, message).code == 0
    tags = [re.search(rb"<SD>(.*?)</SD>", one) for one in bodies(live)]
    assert [one and one[1].decode() for one in tags][1:] == ["4711", "4712"]


def test_a_cost_centre_that_the_config_does_not_have_stops_the_mailing(
    site: Live, message: Path, run: Run
) -> None:
    ran = run("--config", site.config, "send", message, "--all", "--yes", "--max-parts", 9, "--skip-invalid")
    assert ran.code == 8
    assert "1 row has a cost centre that is not in the config." in ran.err
    assert 'Row 6: "9999" is no cost centre of the config.' in ran.err
    checked = run("--config", site.config, "recipients", "check")
    assert checked.code == 8
    assert 'Row 6: "9999" is no cost centre of the config.' in checked.out
    typed = run(
        "--config", site.config, "send", message, "--all", "--yes", "--cost-centre", "12", "--dry-run"
    )
    assert typed.code == 8
    assert 'There is no cost centre "12"' in typed.err
    assert "4711, 4712" in typed.err
    assert not site.simulator.accepted()


def test_the_file_has_a_line_for_each_month_and_cost_centre(
    site: Live, message: Path, run: Run, tmp_path: Path
) -> None:
    send(run, site, message)
    path = tmp_path / "kst.csv"
    argv = ("--config", site.config, "usage", "--by", "cost-centre")
    assert run(*argv, "--csv", path).code == 0
    header, *lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert header == "Key;Municipality;Month;Cost centre;Parts;Cost without VAT"
    assert [line.split(";")[3:] for line in lines] == [
        ["", "1", "0,49"],
        ["4711", "1", "0,49"],
        ["4712", "2", "0,98"],
    ]
    assert "0,98 kr" in run(*argv).out
    assert run(*argv[:-1], "school").code == 2


@pytest.mark.parametrize(
    ("file", "key", "told"),
    [
        (
            "Differentiator;Antal SMS\n4711;1\n4712;3\n;1\n",
            "cost_centre",
            [("", 0), ("4711", 0), ("4712", 1)],
        ),
        ("Kostnadsställe;Delar\n4711;1\n4712;2\n", "cost_centre", [("", -1), ("4711", 0), ("4712", 0)]),
        (
            "invoiceNode;Differentiator;Delar\n4711;4711;1\n4712;4712;2\nskola;;1\n",
            "invoice_node",
            [("4711", 0), ("4712", 0), ("skola", 0)],
        ),
    ],
)
def test_the_suppliers_file_is_compared_by_cost_centre(
    file: str,
    key: str,
    told: list[tuple[str, int]],
    live_gateway: LiveGateway,
    message: Path,
    run: Run,
    tmp_path: Path,
) -> None:
    live = begin(live_gateway, municipalities={TOWN: {"invoice_node": "skola"}})
    assert send(run, live, message).code == 0
    path = tmp_path / "supplier.csv"
    path.write_text(file, encoding="utf-8")
    ran = run("--config", live.config, "invoices", "compare", path, "--json")
    assert [(one[key], one["difference"]) for one in ran.data["lines"]] == told


def test_pswincoms_report_has_the_batch_where_there_is_no_cost_centre(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    live = begin(live_gateway, gateway={"module": "pswincom", "service_id": None})
    assert send(run, live, message).code == 0
    batches = run("--config", live.config, "mailings", "show", 1, "--json").data["batches"]
    path = tmp_path / "supplier.csv"
    path.write_text(f"SD;Delar\n{batches[0]['reference']};1\n4711;1\n4712;2\n", encoding="utf-8")
    ran = run("--config", live.config, "invoices", "compare", path, "--json")
    assert [(one["cost_centre"], one["difference"]) for one in ran.data["lines"]] == [
        ("", 0),
        ("4711", 0),
        ("4712", 0),
    ]


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"municipalities": {TOWN: {"cost_centre": "1"}}}, "write a section [cost_centres.1]"),
        ({"cost_centres": {"4711": {"month": "x"}}}, '"month" cannot be a column of the posting file'),
        ({"cost_centres": {"47 11": {}}}, "may hold 50 letters, digits"),
        ({"cost_centres": {"4711": "x"}}, "one section for each cost centre"),
    ],
)
def test_a_config_that_names_no_cost_centre_is_told_of(
    overrides: dict[str, object], told: str, live_gateway: LiveGateway, run: Run
) -> None:
    ran = run("--config", begin(live_gateway, **overrides).config, "config", "check")
    assert (ran.code, told in ran.err) == (8, True)


def test_by_e_mail_the_plan_says_that_it_is_not_carried(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    smtp = {"host": "127.0.0.1", "from_address": "sms@example.se"}
    live = begin(live_gateway, gateway={"use_web_service": False}, smtp=smtp)
    ran = run("--config", live.config, "send", message, "--group", "staff", "--dry-run")
    assert "does not carry a cost centre; smsctl alone counts by it." in ran.out


def test_the_settings_in_force_are_shown_as_a_config_has_them(site: Live, run: Run) -> None:
    shown = run("--config", site.config, "config", "show").out
    assert 'cost_centres = {4711 = {konto = "6250", verksamhet = 610}, 4712 = {konto = "6250"}}' in shown
