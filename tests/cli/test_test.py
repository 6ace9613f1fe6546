import re
from base64 import b64encode
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import SECRET, LiveGateway, MakeConfig
from ..front_door import Run, run_terminal
from ..gateways.fault_server import FaultServer, answering, free_port, no_simulator


def test_a_test_tells_the_masked_number_the_parts_and_the_answer(make_config: MakeConfig) -> None:
    ran = run_terminal(["--config", make_config(), "test", "070-174 06 05", "hej"])
    assert ran.code == 0
    assert "+46 70 *** ** 05" in ran.seen
    assert re.search(r"The gateway answered +Message enqueued for sending", ran.seen)
    assert re.search(r"Parts +1\b", ran.seen)
    assert "1  accepted by the gateway" in ran.seen
    assert "no SMS leaves this machine" in ran.seen
    assert "174" not in ran.seen


def test_the_whole_number_is_shown_when_asked_for(make_config: MakeConfig) -> None:
    ran = run_terminal(["--config", make_config(), "test", "0701740605", "hej", "--show-numbers"])
    assert "+46 70 174 06 05" in ran.seen


@pytest.mark.parametrize(
    "number",
    ["0701740605", "070-174 06 05", "+46701740605", "+46 (0)70 174 06 05", "0046701740605", "701740605"],
)
def test_a_number_may_be_written_in_any_usual_way(number: str, live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway()
    assert run("--config", live.config, "test", number, "hej").code == 0
    assert [one.recipient for one in live.simulator.accepted()] == ["+46701740605"]


def test_a_test_goes_out_as_it_was_asked_for(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway()
    ran = run(
        *("--config", live.config, "test", "+46701740605", "Hej från kommunen"),
        *("--sender", "Skolan", "--priority", "high", "--validity", "4h"),
    )
    assert ran.code == 0
    (one,) = live.simulator.accepted()
    assert (one.content, one.originator, one.priority) == ("Hej från kommunen", "Skolan", 3)


def test_a_test_is_recorded_and_counted_and_opens_no_package(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway(active=False).config
    assert run("--config", config, "test", "+46701740605", "å" * 200).code == 0
    (used,) = run("--config", config, "usage", "--json").data["municipalities"]
    assert (used["package"], used["parts"], used["messages"]) == (None, 2, 1)
    (mailing,) = run("--config", config, "mailings", "list", "--json").data["mailings"]
    assert (mailing["kind"], mailing["states"]) == ("test", {"accepted": 1})


def test_a_test_that_the_gateway_holds_is_told(live_gateway: LiveGateway, run: Run) -> None:
    test = ("--config", live_gateway(Behaviour(spam_limit=1)).config, "test", "+46701740605", "hej", "--json")
    assert run(*test).data["outcome"] == {"accepted": 1}
    held = run(*test)
    assert (held.code, held.data["outcome"]) == (4, {"held": 1})


def test_a_refused_login_is_told_and_the_secret_is_not(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway(Behaviour(password="another")).config
    ran = run("--config", config, "test", "+46701740605", "hej")
    assert ran.code == 6
    refused, _, *steps = ran.err.splitlines()
    assert refused.startswith("Stopped: the gateway refused the login (HTTP 401")
    assert [step.endswith(f"smsctl --config {config} credential set") for step in steps] == [True]
    assert SECRET not in ran.said


@pytest.mark.parametrize(
    ("behaviour", "code", "told"),
    [
        (Behaviour(password="another"), 6, "refused the login"),
        # asked again and again, without a pause
        (Behaviour(faults={"error429": 1.0}, retry_after_s=0), 7, "is busy and has taken nothing: HTTP 429"),
    ],
    ids=["refused", "never ready"],
)
def test_a_test_that_did_not_leave_leaves_nothing_pending(
    live_gateway: LiveGateway, run: Run, behaviour: Behaviour, code: int, told: str
) -> None:
    live = live_gateway(behaviour)
    ran = run("--config", live.config, "test", "+46701740605", "hej", "--json")
    assert told in ran.json["messages"][0]["text"]
    assert (ran.code, ran.data["outcome"]) == (code, {"cancelled": 1})
    (mailing,) = run("--config", live.config, "mailings", "list", "--json").data["mailings"]
    assert mailing["states"] == {"cancelled": 1}
    assert run("--config", live.config, "purge", "--written", "--json").data["written"] == []  # by a person
    live.config.write_text('language = "sv"\n' + live.config.read_text("utf-8"), encoding="utf-8")
    assert "ett test som inte gick iväg" in run("--config", live.config, "audit").out


def test_a_rehearsed_login_is_told_to_be_one(
    make_config: MakeConfig, live_gateway: LiveGateway, run: Run
) -> None:
    took = "The gateway took the login.\n"
    rehearsed = run("--config", make_config(), "gateway", "probe")
    assert rehearsed.out == f"{took}Simulation: it was the simulator that answered.\n"
    assert run("--config", live_gateway().config, "gateway", "probe").out == took


@pytest.mark.parametrize("module", ["intelecom", "pswincom"])
def test_a_gateway_that_is_not_there_is_told_so(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    nowhere = {"module": module, "url": f"http://127.0.0.1:{free_port()}"}
    config = make_config(mode="live", gateway=nowhere)
    ran = run("--config", config, "gateway", "probe")
    assert ran.code == 7, ran.said
    assert "he gateway cannot be reached: " in ran.err
    assert "Check url under [gateway] in the config" in ran.err


@pytest.mark.parametrize("module", ["intelecom", "pswincom"])
def test_a_refused_login_is_told_alike_whether_something_is_sent_or_not(
    live_gateway: LiveGateway, run: Run, module: str
) -> None:
    config = live_gateway(Behaviour(password="another"), gateway={"module": module}).config
    told = [
        run("--config", config, *argv, "--json").json["messages"]
        for argv in (("test", "+46701740605", "hej"), ("gateway", "probe"))
    ]
    for notes in told:
        assert "he gateway refused the login" in notes[0]["text"]
        assert notes[1]["code"] == "hint"
    assert told[0][1] == told[1][1]


@pytest.mark.parametrize("module", ["intelecom", "pswincom"])
@pytest.mark.parametrize(
    ("status", "ended"),
    [
        (401, (6, "he gateway refused the login (HTTP 401)", "Check the account under [gateway]")),
        (403, (6, "he gateway refused the login (HTTP 403)", "Check the account under [gateway]")),
        (200, (7, "gave no clear answer: HTTP 200", "in the config")),
        (404, (7, "gave no clear answer: HTTP 404", "in the config")),
        (429, (7, "gave no clear answer: HTTP 429", "Try again")),
        (500, (7, "gave no clear answer: HTTP 500", "Try again")),
    ],
)
def test_a_web_page_takes_no_login(
    make_config: MakeConfig,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    status: int,
    ended: tuple[int, str, str],
) -> None:
    """As a site's proxy answers, or any web server under a wrong address."""
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    with FaultServer(no_simulator(answering(status, b"<html>Logga in</html>"))) as page:
        account = {"module": module, "url": f"http://127.0.0.1:{page.port}"}
        config = make_config(mode="live", gateway=account)
        ran = run("--config", config, "gateway", "probe")
    code, told, mend = ended
    assert (ran.code, told in ran.err, mend in ran.err) == (code, True, True), ran.said


def test_secret_number_and_text_stay_out_of_the_line_for_a_log(live_gateway: LiveGateway, run: Run) -> None:
    ran = run("--config", live_gateway().config, "test", "+46701740605", "hemligheten")
    assert ran.out == (
        "Mailing 1 for Exempelkommun: 1 accepted; 1 part."
        " The gateway answered: Message enqueued for sending\n"
    )
    assert SECRET not in ran.said


def test_the_ledger_of_a_test_is_for_its_owner_only(
    make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    run("--config", make_config(), "test", "+46701740605", "hej")
    assert (tmp_path / "ledger").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "ledger" / "ledger.simulate.db").stat().st_mode & 0o777 == 0o600


def test_the_envelope_of_a_test_holds_the_masked_number_and_the_answer(
    make_config: MakeConfig, run: Run
) -> None:
    data = run("--config", make_config(), "test", "+46701740605", "hej", "--json").data
    assert (data["number"], data["answer"]) == ("+46 70 *** ** 05", "Message enqueued for sending")


@pytest.mark.parametrize("module", ["intelecom", "pswincom"])
def test_a_priority_that_the_gateway_does_not_know_is_told_as_in_a_plan(
    make_config: MakeConfig, run: Run, module: str
) -> None:
    config = make_config(gateway={"module": module, "service_id": 4711 if module == "intelecom" else None})
    ran = run("--config", config, "test", "+46701740605", "hej", "--priority", "high", "--json")
    notes = [note["text"] for note in ran.json["messages"]]
    told = "PSWinCom (LINK Mobility) knows no priority; the setting has no effect."
    assert (ran.code, told in notes) == (0, module == "pswincom")


def test_a_proxy_that_asks_for_a_login_gets_the_secret_that_is_kept_for_it(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    monkeypatch.setenv("SMSCTL_PROXY_SECRET", "kanarie")
    with FaultServer(answering(407)) as proxy:
        account = {
            "url": "https://localhost:4711",
            "proxy": f"http://127.0.0.1:{proxy.port}",
            "proxy_username": "anna",
            "proxy_password": {"source": "env"},
        }
        config = make_config(mode="live", gateway=account)
        ran = run("--config", config, "gateway", "probe")
        tunnels = [one for one in proxy.requests if one.startswith(b"CONNECT localhost:4711 ")]
    assert ran.code == 7
    assert "the proxy refused the login (407)" in ran.err
    assert tunnels
    assert all(b"Proxy-Authorization: Basic " + b64encode(b"anna:kanarie") in one for one in tunnels)
    assert SECRET not in ran.said
    assert "kanarie" not in ran.said
    assert run("--config", config, "credential", "check", "proxy").code == 0
