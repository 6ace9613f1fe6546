"""Incoming SMS through the front door."""

import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from smsctl.simulator.server import Behaviour, Simulator, Sms, start

from ..conftest import MakeConfig
from ..front_door import Run
from ..gateways.fault_server import FaultServer
from ..gateways.test_mail import mail_server, say, sent
from ..workbooks import xlsx
from .conftest import wait_until
from .test_reports import listening

YES = {
    "messageid": "m1",
    "sno": "71234",
    "originator": "+46701740605",
    "content": "KOMMUN Ja tack\nhälsar Åsa",
    "command": "KOMMUN",
}
ENDPOINT: dict[str, Any] = {"gateway": {"endpoint": "KOMMUN"}}


def take_in(config: Path, run: Run, *messages: dict[str, str]) -> dict[str, Any]:
    file = config.with_name("pushed.json")
    file.write_text(json.dumps({"mo": messages}), encoding="utf-8")
    ran = run("--config", config, "reports", "import", file, "--json")
    assert ran.code == 0, ran.said
    incoming: dict[str, Any] = ran.data["incoming"]
    return incoming


@pytest.fixture
def config(make_config: MakeConfig) -> Path:
    return make_config(**ENDPOINT)


def test_an_empty_inbox_is_said(config: Path, run: Run) -> None:
    assert "Nothing has come in." in run("--config", config, "inbox", "list").out


def test_a_known_sender_is_shown_by_name_and_others_masked(config: Path, run: Run) -> None:
    stranger = YES | {"messageid": "m2", "originator": "+46701740699"}
    take_in(config, run, YES, stranger)
    out = run("--config", config, "inbox", "list").out
    assert "Åsa Öberg" in out
    assert "+46 70 *** ** 99" in out
    assert "0701740699" not in re.sub(r"\D", "", out)


def test_a_sender_is_named_by_the_sheet_that_a_mailing_is_sent_to(make_config: MakeConfig, run: Run) -> None:
    columns = {"number": "Mobil VH1", "name": "Namn"}
    config = make_config(**ENDPOINT, columns=columns, recipients="r.xlsx")
    people = [("Namn", "Mobil VH1"), ("Åsa Öberg", "0701740605")]
    xlsx(config.with_name("r.xlsx"), {"Läs mig": [("Hej",), ("x",)], "Elever": people})
    take_in(config, run, YES)
    assert "Åsa Öberg" in run("--config", config, "inbox", "list").out


def test_one_sms_is_shown_in_full(config: Path, run: Run) -> None:
    take_in(config, run, YES)
    out = run("--config", config, "inbox", "show", 1).out
    assert "Åsa Öberg, +46 70 *** ** 05" in out
    assert "│ KOMMUN Ja tack\n" in out
    assert "│ hälsar Åsa" in out
    assert "+46 70 174 06 05" in run("--config", config, "inbox", "show", 1, "--show-numbers").out
    assert run("--config", config, "audit", "--json").data["audit"][0]["action"] == "show-numbers"


@pytest.mark.parametrize("number", [0, 99999999999999999999])
def test_a_number_that_no_sms_has_is_a_mistake_of_the_caller(config: Path, run: Run, number: int) -> None:
    ran = run("--config", config, "inbox", "show", number)
    assert (ran.code, "not in the range" in ran.err) == (2, True)


def test_what_comes_twice_is_stored_once(config: Path, run: Run) -> None:
    assert take_in(config, run, YES, YES) == {"ours": 1, "repeated": 1, "dropped": 0}
    assert take_in(config, run, YES) == {"repeated": 1, "dropped": 0}


def test_other_codes_stand_apart_or_are_dropped(make_config: MakeConfig, run: Run) -> None:
    other = YES | {"messageid": "m2", "command": "TAXI", "content": "TAXI nu"}
    config = make_config(**ENDPOINT)
    take_in(config, run, YES, other)
    assert "TAXI" not in run("--config", config, "inbox", "list").out
    assert "TAXI" in run("--config", config, "inbox", "list", "--other").out
    config = make_config(**ENDPOINT, reports={"keep_other": False})
    assert take_in(config, run, other | {"messageid": "m3"})["dropped"] == 1


def test_what_may_mean_stop_without_our_code_is_kept_and_told(make_config: MakeConfig, run: Run) -> None:
    """People answer without the code; whoever looks at what is ours only would never see them."""
    doubtful = YES | {"command": "", "content": "Stopp stopp"}
    config = make_config(**ENDPOINT, reports={"keep_other": False})
    assert take_in(config, run, doubtful, YES | {"messageid": "m2"}) == {
        "ours": 1,
        "other": 1,
        "repeated": 0,
        "dropped": 0,
    }
    ran = run("--config", config, "inbox", "list")
    told = f"1 that came without our code may mean STOP: smsctl --config {config} inbox list --other"
    assert told in " ".join(ran.out.split())
    assert "STOP? Stopp stopp" in run("--config", config, "inbox", "list", "--other").out
    assert run("--config", config, "inbox", "list", "--json").data["may_mean_stop_elsewhere"] == 1


def test_an_id_that_another_sms_has_does_not_swallow_a_stop(config: Path, run: Run) -> None:
    """As where the supplier's template says `messageid` for every SMS."""
    stop = YES | {"content": "STOP"}
    theirs = stop | {"originator": "+46701740606"}
    assert take_in(config, run, YES, theirs, stop, theirs) == {
        "ours": 1,
        "stop": 2,
        "repeated": 1,
        "dropped": 0,
    }
    blocked = run("--config", config, "block", "list", "--json").data["blocked"]
    assert {one["last_digits"] for one in blocked} == {"05", "06"}


def test_the_help_desk_gets_a_file_with_everything(config: Path, run: Run) -> None:
    take_in(config, run, YES)
    file = config.with_name("inbox.json")
    assert run("--config", config, "inbox", "list", "--export", file).code == 0
    (written,) = json.loads(file.read_text(encoding="utf-8"))
    assert (written["sender"], written["name"], written["text"]) == (
        "+46701740605",
        "Åsa Öberg",
        YES["content"],
    )
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("--config", config, "inbox", "list", "--export", file).code == 0  # it is there, byte for byte
    take_in(config, run, YES | {"messageid": "another"})
    assert run("--config", config, "inbox", "list", "--export", file).code == 8


def test_a_long_inbox_is_cut_on_the_screen_and_whole_in_the_file(config: Path, run: Run) -> None:
    take_in(config, run, *(YES | {"messageid": f"m{n}"} for n in range(53)))
    file = config.with_name("inbox.json")
    ran = run("--config", config, "inbox", "list", "--export", file)
    assert "And 3 more; all with: --export FILE" in ran.out
    assert len(json.loads(file.read_text(encoding="utf-8"))) == 53
    data = run("--config", config, "inbox", "list", "--json").data
    assert (data["total"], len(data["inbox"])) == (53, 50)
    few = config.with_name("few.json")
    assert run("--config", config, "inbox", "list", "--most", 2, "--export", few).code == 0
    assert len(json.loads(few.read_text(encoding="utf-8"))) == 2


@pytest.mark.parametrize(
    ("heading", "hidden"),
    [
        ("Sekretess", "Anna Hemlig;0701740605;ja;ja"),
        ("Sekretess", "Anna Hemlig;070-174 06 05 (2);ja;ja"),
        ("Adress", "Anna Hemlig;0701740605;ja;Skyddad adress"),
        ("Adress", "Anna Hemlig (skyddad);0701740605;ja;"),
    ],
)
def test_who_is_protected_is_not_named(heading: str, hidden: str, make_config: MakeConfig, run: Run) -> None:
    rows = [hidden, "Anna Annan;0701740605;ja;nej"]
    config = make_config(**ENDPOINT, header=f"Namn;Mobil;Villkor;{heading}", rows=rows)
    take_in(config, run, YES)
    for words in (("list",), ("show", 1)):
        assert "Anna" not in run("--config", config, "inbox", *words).out


def test_whom_one_file_protects_no_other_names(make_config: MakeConfig, run: Run) -> None:
    header, rows = "Namn;Mobil;Villkor;Sekretess", ["Anna Annan;0701740605;ja;nej", "Bo;0701740606;ja;nej"]
    config = make_config(**ENDPOINT, header=header, rows=rows)
    take_in(config, run, YES)
    assert "Anna" in run("--config", config, "inbox", "list").out
    text = config.read_text(encoding="utf-8")
    section = "[municipalities.exempelkommun]"
    assert section in text
    config.write_text(text.replace(section, f'{section}\nrecipients = "theirs.csv"'), encoding="utf-8")
    theirs = "Mobil;Villkor;Sekretess\n0701740605;ja;ja\n"
    config.with_name("theirs.csv").write_text(theirs, encoding="utf-8")
    assert "Anna" not in run("--config", config, "inbox", "list").out


def test_an_inbox_is_read_without_a_recipients_file(make_config: MakeConfig, run: Run) -> None:
    config = make_config(**ENDPOINT, header="Namn;Fel;Grupp;Kommun;Godkänt villkor")
    take_in(config, run, YES)
    ran = run("--config", config, "inbox", "list")
    assert ran.code == 0
    assert "No column with mobile numbers" in ran.err
    assert "+46 70 *** ** 05" in ran.out


def test_control_characters_never_reach_the_screen(config: Path, run: Run) -> None:
    take_in(config, run, YES | {"content": "KOMMUN \x1b[2J\u202eolleh [/] "})
    for words in (("list",), ("show", 1)):
        ran = run("--config", config, "inbox", *words, terminal=True)
        assert "\x1b[2J" not in ran.out
        assert "\u202e" not in ran.out


@pytest.mark.parametrize("text", ["STOP", "Kommun stopp!", "avsluta", "KOMMUN STOPP tack", "Stop, snälla!"])
def test_who_asks_to_stop_is_blocked_and_seen(config: Path, run: Run, text: str) -> None:
    assert take_in(config, run, YES | {"content": text, "command": ""}) == {
        "stop": 1,
        "repeated": 0,
        "dropped": 0,
    }
    assert "STOP: " in run("--config", config, "inbox", "list").out
    (blocked,) = run("--config", config, "block", "list", "--json").data["blocked"]
    assert (blocked["last_digits"], blocked["reason"]) == ("05", "STOP by SMS")
    assert "the number was put on the block list" in run("--config", config, "inbox", "show", 1).out


def test_between_authorities_a_stop_is_for_those_whose_account_received_it(
    make_config: MakeConfig, run: Run
) -> None:
    config = make_config(**ENDPOINT, senders={"elin": {"municipalities": ["exempelkommun"]}})
    take_in(config, run, YES | {"content": "STOP", "command": ""})
    config = make_config(**ENDPOINT)
    (blocked,) = run("--config", config, "block", "list", "--json").data["blocked"]
    assert (blocked["reason"], blocked["municipality"]) == ("STOP by SMS", "exempelkommun")


def test_who_asks_to_stop_without_a_number_is_left_to_a_person(config: Path, run: Run) -> None:
    take_in(config, run, YES | {"content": "STOP", "originator": "Skolan"})
    assert run("--config", config, "block", "list", "--json").data["blocked"] == []
    assert "but the sender is no number" in run("--config", config, "inbox", "show", 1).out


@pytest.mark.parametrize("originator", ["0701740605", "070-174 06 05", "0046701740605", "46701740605"])
def test_who_asks_to_stop_from_a_number_in_national_form_is_blocked_too(
    config: Path, run: Run, originator: str
) -> None:
    take_in(config, run, YES | {"content": "STOP", "originator": originator})
    (blocked,) = run("--config", config, "block", "list", "--json").data["blocked"]
    assert blocked["last_digits"] == "05"
    shown = run("--config", config, "inbox", "show", 1, "--json", "--show-numbers").data
    assert (shown["sender"], shown["name"]) == ("+46 70 174 06 05", "Åsa Öberg")


def test_the_account_s_country_decides_what_a_national_number_is(make_config: MakeConfig, run: Run) -> None:
    config = make_config(**ENDPOINT, default_country_code="+47")
    take_in(config, run, YES | {"content": "STOP", "originator": "0701740605"})
    assert run("--config", config, "block", "list", "--json").data["blocked"] == []


def test_what_only_begins_like_stop_is_left_to_a_person_and_seen(config: Path, run: Run) -> None:
    take_in(config, run, YES | {"content": "KOMMUN stopp med alla sms"}, YES | {"messageid": "m2"})
    assert run("--config", config, "block", "list", "--json").data["blocked"] == []
    assert "STOP? KOMMUN stopp med alla sms" in run("--config", config, "inbox", "list").out
    assert "may mean STOP" in run("--config", config, "inbox", "show", 1).out
    assert "may mean STOP" not in run("--config", config, "inbox", "show", 2).out
    listed = run("--config", config, "inbox", "list", "--json").data["inbox"]
    assert [one["may_mean_stop"] for one in listed] == [False, True]


def test_a_repeated_stop_does_not_undo_what_a_person_decided(config: Path, run: Run) -> None:
    stop = YES | {"content": "STOP"}
    take_in(config, run, stop)
    assert run("--config", config, "block", "remove", "+46701740605").code == 0
    take_in(config, run, stop)
    assert run("--config", config, "block", "list", "--json").data["blocked"] == []


@pytest.fixture
def mails() -> Iterator[FaultServer]:
    with FaultServer(mail_server()) as server:
        yield server


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with start(Behaviour(as_a_gateway=True)) as running:
        yield running


def test_a_person_lets_an_sms_come_in_and_it_is_mailed_on(
    make_config: MakeConfig,
    simulator: Simulator,
    run: Run,
    mails: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "canary")
    gateway = {"module": "pswincom", "service_id": None, "endpoint": "KOMMUN", "url": simulator.url}
    smtp = {"host": "127.0.0.1", "port": mails.port, "starttls": False, "from_address": "sms@example.se"}
    reports = {"poll": True, "poll_url": simulator.url}
    config = make_config(mode="live", gateway=gateway, reports=reports, smtp=smtp)
    for text in ("KOMMUN på väg", "TAXI"):
        incoming = ("simulator", "incoming", "070-1740605", text, "--as-a-gateway")
        assert run("--config", config, *incoming).code == 0
    assert simulator.wait_until_told(30)
    ran = run("--config", config, "reports", "poll", "--forward-to", "kund@example.se")
    assert ran.code == 0, ran.said
    (raw,) = sent(mails)
    mail = message_from_bytes(raw, policy=default)
    assert mail["To"] == "kund@example.se"
    assert mail["Subject"] == "SMS from Åsa Öberg, +46701740605"
    assert mail.get_content().startswith("KOMMUN på väg")
    run("--config", config, "reports", "poll", "--forward-to", "kund@example.se")
    assert len(sent(mails)) == 1


def test_what_a_mail_server_says_of_an_sms_that_it_refuses_holds_no_number(
    make_config: MakeConfig, simulator: Simulator, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "canary")
    simulator.incoming("pswincom", Sms("+46701740605", "KOMMUN hej"))
    assert simulator.wait_until_told(30)
    refusing = mail_server(dot=say("554 5.7.1 no mail of +46 70 174 06 17"))
    with FaultServer(refusing) as server:
        smtp = {"host": "127.0.0.1", "port": server.port, "starttls": False, "from_address": "sms@example.se"}
        gateway = {"module": "pswincom", "service_id": None, "url": simulator.url}
        reports = {"poll": True, "poll_url": simulator.url}
        config = make_config(mode="live", gateway=gateway, reports=reports, smtp=smtp)
        ran = run("--config", config, "reports", "poll", "--forward-to", "kund@example.se")
    assert "could not be mailed on: 554 5.7.1 no mail of" in ran.err
    assert "174 06" not in ran.said


def test_the_ids_of_a_gateway_are_no_way_around_the_veil(config: Path, run: Run) -> None:
    take_in(config, run, YES | {"messageid": "46701740617", "sno": "+46701740618"})
    for line in ("inbox list --json", "inbox show 1 --json", "inbox show 1"):
        said = run("--config", config, *line.split()).said
        assert "70174061" not in said
    assert "46701740617" in run("--show-numbers", "--config", config, "inbox", "list", "--json").out


def test_what_is_pushed_is_mailed_on_after_it_is_stored(
    make_config: MakeConfig, mails: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary")
    smtp = {"host": "127.0.0.1", "port": mails.port, "starttls": False, "from_address": "sms@example.se"}
    secret = {"secret": {"source": "env"}}
    config = make_config(mode="live", **ENDPOINT, reports=secret, smtp=smtp)
    with listening(config, "--forward-to", "kund@example.se") as ears:
        assert ears.push(json.dumps({"mo": [YES, YES]}).encode()) == 200
        wait_until(lambda: sent(mails))
    (raw,) = sent(mails)
    assert message_from_bytes(raw, policy=default)["To"] == "kund@example.se"


def test_a_wrong_mail_address_gets_a_sentence(config: Path, run: Run) -> None:
    ran = run("--config", config, "reports", "listen", "--port", 0, "--forward-to", "kund")
    assert (ran.code, "--forward-to kund must be a mail address" in ran.err) == (2, True)


def test_without_a_simulator_nothing_comes_in(config: Path, run: Run) -> None:
    ran = run("--config", config, "simulator", "incoming", "070-1740605", "hej")
    assert (ran.code, "Where does the simulator run?" in ran.err) == (2, True)
    assert " simulator. Then add the address that it prints: --url URL\n" in ran.err
    ran = run(
        "--config", config, "simulator", "incoming", "070-1740605", "hej", "--url", "http://127.0.0.1:9"
    )
    assert (ran.code, "cannot be reached" in ran.err) == (7, True)


def test_who_has_no_mail_server_is_told_to_name_one_and_nothing_else(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "hemligt")
    config = make_config(reports={"secret": {"source": "env"}})
    ran = run("--config", config, "reports", "listen", "--port", 0, "--forward-to", "kund@example.se")
    assert (ran.code, "[smtp]" in ran.err, "use_web_service" in ran.err) == (8, True, False)


def test_the_block_list_tells_in_swedish_who_asked_for_it(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(**ENDPOINT)
    take_in(config, run, YES | {"content": "KOMMUN,STOPP tack", "originator": "0701740605"})
    monkeypatch.setenv("SMSCTL_LANGUAGE", "sv")
    shown = run("--config", config, "block", "list")
    assert re.search(r"STOPP med SMS +mottagaren +05$", shown.out, re.MULTILINE)
