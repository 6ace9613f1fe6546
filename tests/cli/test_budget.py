"""A ceiling and a budget in money, from the config to the plan, the claim and `usage`."""

import re
from pathlib import Path

import pytest

from ..conftest import LiveGateway
from ..front_door import Run, run_terminal

TOWN = "exempelkommun"


def test_the_ceiling_of_the_month_refuses_and_a_person_in_an_emergency_goes_beyond(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    own = {TOWN: {"max_cost_per_month": "1.50"}}
    live = live_gateway(limits={"max_cost_per_month": "2.00"}, municipalities=own)
    asked = ["--config", live.config, "send", message, "--all", "--max-parts", 9]
    argv = [*asked, "--yes"]
    assert run(*argv).code == 0
    refused = run(*argv, "--again", "--reason", "prov")
    assert refused.code == 5
    assert "The mailing costs 1,47 kr; of this month's 1,50 kr, 1,47 kr are used." in refused.err
    assert "raise max_cost_per_month" in refused.err
    said = run(*argv, "--again", "--urgent", "--reason", "brand")  # without a terminal
    assert said.code == 5
    urgent = run_terminal([*asked, "--again", "--urgent", "--reason", "brand"], [("Send 3 messages?", "y")])
    assert urgent.code == 0
    assert "Overruled, being urgent: The mailing costs 1,47 kr" in urgent.seen
    assert len(live.simulator.accepted()) == 6


def test_the_plan_warns_of_the_budget(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(municipalities={TOWN: {"budget_year": "1.80"}})
    told = run("--config", live.config, "send", message, "--all", "--dry-run").out
    assert "After this mailing, 81 % of this year's budget of 1,80 kr is used." in told


@pytest.mark.parametrize(
    ("own", "common"),
    [
        ({"budget_year": "10.00"}, {}),
        ({"max_cost_per_month": "10.00"}, {}),
        ({}, {"max_cost_per_month": "10.00"}),
    ],
)
def test_money_is_no_ceiling_where_no_price_is_known(
    own: dict[str, str], common: dict[str, str], live_gateway: LiveGateway, run: Run
) -> None:
    unpriced = {"package_size": None, "package_price": None}
    live = live_gateway(active=False, municipalities={TOWN: {**unpriced, **own}}, limits=common)
    ran = run("--config", live.config, "usage")
    assert (ran.code, "no price is known" in ran.err) == (8, True)


def test_usage_tells_what_is_used_of_the_years_budget_and_what_the_year_comes_to(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    config = live_gateway(municipalities={TOWN: {"budget_year": "1.80"}}).config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    told = run("--config", config, "usage").out
    assert re.search(r"Budget of \d{4}: 1,47 kr of 1,80 kr used \(81 %\), 0,33 kr left\.", told)
    assert re.search(r"At the pace of the last 90 days, \d{4} comes to ", told)
    page = run("--config", config, "usage", "--html", "-").out
    assert "1,47 kr of 1,80 kr used" in page.replace("\u00a0", " ")
    (one,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert {**one["budget"], "year": 0, "foreseen_ore": 0} == {
        "year": 0,
        "budget_ore": 180,
        "used_ore": 147,
        "foreseen_ore": 0,
        "left_ore": 33,
    }
    assert one["budget"]["foreseen_ore"] >= 147
