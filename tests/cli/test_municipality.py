import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run, run_terminal

TOWN = "exempelkommun"


def test_an_order_costs_nothing_and_says_what_to_send_to_the_supplier(
    live_gateway: LiveGateway, run: Run
) -> None:
    config = live_gateway(active=False).config
    ran = run("--config", config, "municipality", "order", TOWN)
    assert ran.code == 0
    for told in (
        "Please activate SMS for Exempelkommun.",
        "Service: 4711",
        "Package: 10 000 parts for 4 900,00 kr without VAT",
        "It can take a day",
        f"smsctl --config {config} municipality activate exempelkommun",
    ):
        assert told in ran.out
    listed = run("--config", config, "municipality", "list", "--json").data["municipalities"]
    assert [(one["municipality"], one["state"], one["package"]) for one in listed] == [
        (TOWN, "ordered", None)
    ]


def test_activation_works_without_an_order_and_opens_the_first_package(
    live_gateway: LiveGateway, run: Run
) -> None:
    config = live_gateway(active=False).config
    ran = run("--config", config, "municipality", "activate", TOWN, "--yes", "--json")
    assert (ran.code, ran.data["state"], ran.data["opened"], ran.data["left"]) == (0, "active", 1, 10_000)


def test_activation_shows_the_price_and_asks(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway(active=False).config
    argv = ["--config", config, "municipality", "activate", TOWN]
    refused = run_terminal(argv, [("Activate? [y/N]", "n")])
    assert "opens package 1: 10 000 parts, one invoice of 4 900,00 kr without VAT." in refused.seen
    assert refused.code == 5
    assert "Package 1 is open" in run_terminal(argv, [("Activate? [y/N]", "y")]).seen


def test_without_a_terminal_activation_needs_a_yes(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway(active=False).config
    ran = run("--config", config, "municipality", "activate", TOWN)
    assert ran.code == 5
    assert "one invoice of 4 900,00 kr" in ran.err
    assert "--yes" in ran.err
    (listed,) = run("--config", config, "municipality", "list", "--json").data["municipalities"]
    assert (listed["state"], listed["package"]) == (None, None)


def test_activating_twice_opens_one_package(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway().config
    ran = run("--config", config, "municipality", "activate", TOWN, "--json")
    assert (ran.code, ran.data["changed"], ran.data["package"]) == (0, False, 1)


def test_live_sending_is_refused_before_activation_with_the_command_that_helps(
    live_gateway: LiveGateway, message: object, run: Run
) -> None:
    live = live_gateway(active=False)
    ran = run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    assert ran.code == 5
    assert "The SMS service is not active for Exempelkommun." in ran.err
    assert f"smsctl --config {live.config} municipality activate exempelkommun" in ran.err
    assert not live.simulator.accepted()


def test_an_order_alone_lets_nothing_be_sent(live_gateway: LiveGateway, message: object, run: Run) -> None:
    live = live_gateway(active=False)
    run("--config", live.config, "municipality", "order", TOWN)
    assert run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9).code == 5


def test_a_test_sms_needs_no_activation_and_is_booked_outside_packages(
    live_gateway: LiveGateway, run: Run
) -> None:
    config = live_gateway(active=False).config
    assert run("--config", config, "test", "+46701740605", "hej").code == 0
    (used,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert (used["package"], used["parts"], used["parts_outside_packages"]) == (None, 1, 1)


def test_a_deactivated_municipality_sends_nothing_and_keeps_what_is_left(
    live_gateway: LiveGateway, message: object, run: Run
) -> None:
    live = live_gateway()
    ended = run("--config", live.config, "municipality", "deactivate", TOWN)
    assert ended.code == 0
    assert "10 000 parts are left of its packages." in ended.out
    ordered = run("--config", live.config, "municipality", "order", TOWN)
    assert "What is left is used first: activating opens no package, and makes no invoice." in ordered.out
    assert run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9).code == 5
    again = run("--config", live.config, "municipality", "activate", TOWN, "--json")
    assert (again.code, again.data["opened"], again.data["left"]) == (0, None, 10_000)
    assert run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0


def test_what_is_only_ordered_is_cancelled_by_a_deactivation(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway(active=False).config
    run("--config", config, "municipality", "order", TOWN)
    ended = run("--config", config, "municipality", "deactivate", TOWN)
    assert ended.code == 0
    assert "The order for Exempelkommun is cancelled; it was not activated." in ended.out
    again = run("--config", config, "municipality", "deactivate", TOWN)
    assert "Exempelkommun: deactivated since" in again.out
    assert len(run("--config", config, "audit", "--json").data["audit"]) == 2


def test_activation_again_opens_a_package_when_nothing_is_left(
    live_gateway: LiveGateway, message: object, run: Run
) -> None:
    config = live_gateway(municipalities={TOWN: {"package_size": 3}}).config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    run("--config", config, "municipality", "deactivate", TOWN)
    refused = run("--config", config, "municipality", "activate", TOWN)
    assert refused.code == 5
    ran = run("--config", config, "municipality", "activate", TOWN, "--yes", "--json")
    assert (ran.data["opened"], ran.data["left"]) == (2, 3)


@pytest.mark.parametrize("renewed", [(), ("--new-package", "--reason", "new deal")])
def test_a_ledger_that_may_have_forgotten_a_package_opens_none_before_a_person_accepts_it(
    renewed: tuple[str, ...], live_gateway: LiveGateway, run: Run, message: Path
) -> None:
    live = live_gateway()
    assert run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    (live.config.parent / "ledger" / "ledger.db").unlink()
    argv = ("--config", live.config, "municipality", "activate", TOWN, "--yes", "--quiet", *renewed)
    ran = run(*argv)
    assert (ran.code, "would be invoiced twice; nothing was activated" in ran.err) == (9, True), ran.said
    assert run("--config", live.config, "invoices", "list", "--json").data["invoices"] == []
    assert run("--config", live.config, "ledger", "accept-restore", "--reason", "it is gone").code == 0
    assert run(*argv).code == 0


def test_a_rehearsal_activates_by_itself_unless_the_service_was_ended_there(
    make_config: MakeConfig, message: object, run: Run
) -> None:
    config = make_config()
    assert run("--config", config, "send", message, "--all", "--yes").code == 0
    run("--config", config, "municipality", "deactivate", TOWN)
    assert run("--config", config, "send", message, "--all", "--yes").code == 5


@pytest.mark.parametrize("word", ["order", "activate", "deactivate"])
def test_without_packages_there_is_nothing_to_activate(word: str, make_config: MakeConfig, run: Run) -> None:
    config = make_config(municipalities={TOWN: {"package_size": None, "package_price": None}})
    ran = run("--config", config, "municipality", word, TOWN)
    assert ran.code == 8
    assert "package_size" in ran.err


@pytest.mark.parametrize("word", ["order", "activate", "deactivate"])
def test_an_unknown_municipality_is_named_with_those_that_are_known(
    word: str, make_config: MakeConfig, run: Run
) -> None:
    ran = run("--config", make_config(), "municipality", word, "Annanstans")
    assert ran.code == 8
    assert TOWN in ran.err


def test_every_step_of_the_service_stands_in_the_audit(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway(active=False).config
    for words in (["order", TOWN], ["activate", TOWN, "--yes"], ["deactivate", TOWN], ["order", TOWN]):
        assert run("--config", config, "municipality", *words).code == 0
    rows = run("--config", config, "audit", "--json").data["audit"]
    assert [row["action"] for row in rows] == ["order", "deactivate", "activate", "order"]
    assert {row["subject"] for row in rows} == {TOWN}
    assert all(row["user"] and row["host"] and row["at"] for row in rows)


def test_yes_opens_no_package_unless_a_flag_allows_it(
    live_gateway: LiveGateway, message: object, run: Run
) -> None:
    config = live_gateway(municipalities={TOWN: {"package_size": 2}}).config
    argv = ["--config", config, "send", message, "--all", "--yes", "--max-parts", "3"]
    refused = run_terminal(argv)
    assert refused.code == 5
    assert "The mailing would open 1 new package (one invoice); 0 may be opened." in refused.seen
    assert "--max-new-packages 1" in refused.seen
    assert run_terminal([*argv, "--max-new-packages", "1"]).code == 0


def test_what_was_confirmed_is_the_most_that_may_be_opened(
    live_gateway: LiveGateway, message: object, run: Run
) -> None:
    config = live_gateway(municipalities={TOWN: {"package_size": 2}}).config
    argv = ["--config", config, "send", message, "--all"]
    assert run_terminal(argv, [("Send 3 messages?", "y")]).code == 0
    with closing(sqlite3.connect(config.parent / "ledger" / "ledger.db")) as ledger:
        assert ledger.execute("SELECT max_new_packages FROM mailings").fetchall() == [(1,)]


def test_on_a_terminal_it_is_asked_before_the_service_ends(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway().config
    end = ["--config", config, "municipality", "deactivate", TOWN]
    question = "End the service for Exempelkommun? [y/N]"
    declined = run_terminal(end, [(question, "n")])
    assert (declined.code, "Not confirmed; nothing was changed." in declined.seen) == (5, True)
    assert "also of a mailing that is under way or pending" in declined.seen
    listed = run("--config", config, "municipality", "list", "--json").data["municipalities"]
    assert [one["state"] for one in listed] == ["active"]
    assert run_terminal(end, [(question, "y")]).code == 0
    nothing_to_end = run_terminal(end)
    assert (nothing_to_end.code, "[y/N]" in nothing_to_end.seen) == (0, False)
    run("--config", config, "municipality", "activate", TOWN, "--yes")
    assert run_terminal([*end, "--yes"]).code == 0


def new_supplier(config: Path, *more: str) -> list[str]:
    argv = ["--config", str(config), "municipality", "activate", TOWN, "--new-package"]
    return [*argv, "--reason", "ny leverantör", *more]


def test_a_change_of_supplier_closes_the_old_package_and_opens_one_at_the_new_price(
    live_gateway: LiveGateway, message: object, run: Run
) -> None:
    config = live_gateway().config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    config.write_text(config.read_text().replace('"4900.00"', '"5900.00"'))
    refused = run(*new_supplier(config))
    assert refused.code == 5
    for told in (
        "opens package 2: 10 000 parts, one invoice of 5 900,00 kr without VAT.",
        "Package 1 will be closed with 9 997 of 10 000 parts left: a loss of 4 898,53 kr without VAT.",
        "--yes",
    ):
        assert told in refused.err
    asked = run_terminal(new_supplier(config), [("Activate? [y/N]", "y")])
    assert asked.code == 0
    assert "Package 1 is closed with 9 997 of 10 000 parts left: a loss of 4 898,53 kr" in asked.seen
    assert (
        run(
            "--config",
            config,
            "send",
            message,
            "--all",
            "--yes",
            "--max-parts",
            9,
            "--again",
            "--reason",
            "prov",
        ).code
        == 0
    )
    (told,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert [(one["used"], one["price_ore"], one["lost_ore"]) for one in told["packages"]] == [
        (3, 490_000, 489_853),
        (3, 590_000, None),
    ]
    day = told["packages"][0]["closed"]
    lost = f"Package 1 was closed on {day} with 9 997 parts left: 4 898,53 kr without VAT is lost."
    assert lost in run("--config", config, "usage", "--municipality", TOWN).out
    page = re.sub(r"<[^>]+>", "", run("--config", config, "usage", "--html", "-").out)
    assert lost in " ".join(page.split())
    assert run("--config", config, "ledger", "check").code == 0


def test_a_change_of_supplier_waits_until_nothing_is_left_to_send(
    live_gateway: LiveGateway, message: object, run: Run
) -> None:
    live = live_gateway(Behaviour(password="another"))
    assert run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9).code == 6
    refused = run(*new_supplier(live.config, "--yes"))
    assert refused.code == 5
    assert f"smsctl --config {live.config} mailings cancel 1" in refused.err
    assert run("--config", live.config, "mailings", "cancel", "1").code == 0
    assert run(*new_supplier(live.config, "--yes", "--json")).data["closed"] == [
        {"number": 1, "left": 10_000, "lost_ore": 490_000}
    ]


@pytest.mark.parametrize("flags", [["--new-package"], ["--reason", "ny"]])
def test_a_new_package_wants_a_reason(flags: list[str], live_gateway: LiveGateway, run: Run) -> None:
    ran = run("--config", live_gateway().config, "municipality", "activate", TOWN, *flags)
    assert (ran.code, "--new-package and --reason TEXT go together." in ran.err) == (2, True)
