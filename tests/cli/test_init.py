import stat
from pathlib import Path

import pytest

from smsctl.config.read import load
from smsctl.config.settings import Mode
from smsctl.domain.secret import SecretPlace
from smsctl.simulator.server import Behaviour, start

from ..conftest import SECRET, MakeConfig
from ..front_door import SMSCTL, Run, Terminal, run_process, run_terminal

ASKED = [
    ("Gateway [intelecom]", ""),
    ("Service ID [4711]", ""),
    ("User name [demo]", ""),
    ("Sender [Kommunen]", ""),
    ("Country code [+46]", ""),
    ("Municipality [Exempelkommun]", ""),
    ("Parts in a package [10000]", ""),
    ("Price of a package [4900.00]", ""),
    ("Recipients file [-]", ""),
]
EXAMPLES = "These are the example's, and do for rehearsals only:"
OWN = [
    ("Gateway [intelecom]", ""),
    ("Service ID [4711]", "4712"),
    ("User name [demo]", "kommunen-sms"),
    ("Sender [Kommunen]", ""),
    ("Country code [+46]", ""),
    ("Municipality [Exempelkommun]", "Åmåls kommun"),
    ("Parts in a package [10000]", ""),
    ("Price of a package [4900.00]", "4900.00"),  # typed: it is the price there
    ("Recipients file [-]", ""),
]
KEEP_IN_FILE = [("not shown; empty: later", SECRET), ("[y/N]", "y")]
NUMBER = "+46701740605"


def test_with_yes_the_example_is_written_in_simulate_mode_and_works(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "config.toml"
    made = run("--config", path, "config", "init", "--yes", "--json")
    assert (made.code, made.json["mode"], made.data["municipality"]) == (0, "simulate", "exempelkommun")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run("--config", path, "config", "check").code == 0
    assert run("--config", path, "test", NUMBER, "hej").code == 0


def test_flags_answer_the_questions(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "config.toml"
    argv = "--yes --gateway pswincom --username u --sender - --country-code +47 --package-size -"
    made = run("--config", path, "config", "init", *argv.split(), "--municipality", "Åmåls kommun")
    assert made.code == 0
    settings = load(path)
    assert (settings.gateway.module, settings.gateway.service_id) == ("pswincom", None)
    assert (settings.sender, settings.default_country_code) == (None, "+47")
    municipality = settings.municipality("amals-kommun")
    assert (municipality.name, municipality.package_size) == ("Åmåls kommun", None)


def test_figures_may_be_typed_as_they_are_written_in_sweden(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "config.toml"
    argv = ["--package-size", "20 000", "--package-price", "9\u00a0800,50 kr", "--service-id", "4 711"]
    assert run("--config", path, "config", "init", "--yes", *argv).code == 0
    settings = load(path)
    municipality = settings.municipality()
    assert (municipality.package_size, municipality.package_price_ore) == (20_000, 980_050)
    assert settings.gateway.service_id == 4711


def test_a_recipients_file_that_is_missing_is_told_at_once(tmp_path: Path, run: Run) -> None:
    made = run("--config", tmp_path / "config.toml", "config", "init", "--yes", "--recipients", "peple.csv")
    assert made.code == 0
    missing = Path("peple.csv").absolute()
    assert f"The recipients file {missing} does not exist yet." in made.err


def test_a_path_is_typed_from_where_the_person_stands(tmp_path: Path) -> None:
    path, here = tmp_path / "etc" / "config.toml", tmp_path / "people.csv"
    here.write_text("Mobil\n", encoding="utf-8")
    argv = ["--config", path, "config", "init", "--gateway", "pswincom"]
    with Terminal(*argv, program=["env", "-C", str(tmp_path), *SMSCTL]) as terminal:
        for question, _ in ASKED[2:-1]:
            terminal.wait_for(question)
            terminal.type("")
        terminal.wait_for("Recipients file [-]")
        terminal.type("people.csv")
        terminal.wait_for("Type your own now? [y/N]")
        terminal.type("")
        terminal.wait_for("A test SMS can be rehearsed")
        terminal.process.kill()
    assert load(path).recipients == here
    assert "does not exist" not in terminal.seen


def test_a_question_is_folded_between_its_words(tmp_path: Path) -> None:
    path = tmp_path / "a-folder-with-a-long-name" / "config.toml"
    with Terminal("--config", path, "config", "init", "--gateway", "pswincom", columns=60) as terminal:
        for question, answer in OWN[2:]:
            terminal.wait_for(question)
            terminal.type(answer)
        terminal.wait_for("not shown; empty: later")
        terminal.type(SECRET)
        terminal.wait_for("[y/N] ")
        terminal.process.kill()
    asked = terminal.seen[terminal.seen.index("Keep it in") :]
    kept = path.with_name("gateway.secret")
    assert " ".join(asked.split()) == f"Keep it in {kept} instead, which only this user can read? [y/N]"
    assert all(len(line) < 60 for line in asked.splitlines() if str(path.parent) not in line)


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        ("--gateway", "carrier-pigeon", "gateway.module"),
        ("--service-id", "many", "gateway.service_id"),
        ("--country-code", "Sweden", "default_country_code"),
        ("--package-price", "gratis", "package_price"),
        ("--sender", "Åskan", "sender: the sender Åskan holds Å"),
    ],
)
def test_an_answer_that_does_not_fit_writes_nothing(
    tmp_path: Path, run: Run, flag: str, value: str, says: str
) -> None:
    path = tmp_path / "config.toml"
    ran = run("--config", path, "config", "init", "--yes", flag, value)
    assert ran.code == 8
    assert says in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_wizard_asks_again_for_a_sender_that_no_phone_shows(tmp_path: Path) -> None:
    argv = ["--config", tmp_path / "config.toml", "config", "init", "--gateway", "intelecom"]
    with Terminal(*argv) as terminal:
        for question in ("Service ID [4711]: ", "User name [demo]: "):
            terminal.wait_for(question)
            terminal.type("")
        terminal.wait_for("Sender [Kommunen]: ")
        terminal.type("Åskan")
        terminal.wait_for("The sender Åskan holds Å")
        terminal.wait_for("Sender [Kommunen]: ")


def test_a_file_that_is_there_is_never_overwritten(make_config: MakeConfig, run: Run) -> None:
    path = make_config()
    before = path.read_bytes()
    ran = run("--config", path, "config", "init", "--yes")
    assert ran.code == 8
    assert "is there already" in ran.err
    assert path.read_bytes() == before


def test_without_a_terminal_and_without_yes_nothing_is_written(tmp_path: Path, run: Run) -> None:
    ran = run("--config", tmp_path / "config.toml", "config", "init")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_it_goes_where_smsctl_looks_for_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMSCTL_CONFIG")
    path = Path(run("config", "init", "--yes", "--json").data["path"])
    assert path.name == "config.toml"
    assert run("config", "check").code == 0


def test_a_config_that_is_found_before_the_systems_says_so(
    make_config: MakeConfig, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMSCTL_CONFIG")
    monkeypatch.setattr("smsctl.config.places.SYSTEM_CONFIG", system := make_config())
    told = f"This user's commands read it from now on, and no longer {system}."
    assert told not in run("--config", tmp_path / "other.toml", "config", "init", "--yes").said
    assert told in run("config", "init", "--yes").err


def test_the_password_and_the_push_secret_go_to_the_keyring(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "config.toml"
    made = run("--config", path, "config", "init", "--yes", "--password-stdin", stdin=f"{SECRET}\n")
    assert (made.code, made.err) == (0, "")
    assert SECRET not in made.out + path.read_text(encoding="utf-8")
    assert "the keyring" in run("--config", path, "credential", "check").out
    assert [file.name for file in tmp_path.iterdir()] == ["config.toml"]


def test_the_push_secret_that_the_supplier_knows_stays(tmp_path: Path, run: Run) -> None:
    from keyring import get_keyring

    path = tmp_path / "config.toml"
    kept = []
    for _ in range(2):
        path.unlink(missing_ok=True)
        assert run("--config", path, "config", "init", "--yes").code == 0
        kept.append(get_keyring().get_password(f"smsctl:{path}", "reports"))
    assert kept[0] == kept[1]
    assert len(kept[0] or "") >= 40


def test_without_a_keyring_a_scripted_set_up_says_so_and_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    ran = run_process("--config", path, "config", "init", "--yes", "--password-stdin", stdin=f"{SECRET}\n")
    assert ran.code == 8
    assert "no keyring can be reached" in ran.err
    assert 'source = "file"' in ran.err


def test_a_scripted_set_up_keeps_the_secrets_in_files_of_their_owner(tmp_path: Path) -> None:
    path, secret = tmp_path / "config.toml", tmp_path / "gateway.secret"
    ran = run_process(
        *("--config", path, "config", "init", "--yes", "--password-stdin", "--password-file", secret),
        stdin=f"{SECRET}\n",
    )
    assert (ran.code, ran.err) == (0, "")
    settings = load(path)
    assert settings.gateway.password.source is SecretPlace.FILE
    assert secret.read_text(encoding="utf-8").strip() == SECRET
    for file in (secret, tmp_path / "reports.secret"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_wizard_leads_from_nothing_to_the_first_live_sms(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with start(Behaviour(password=SECRET, as_a_gateway=True)) as simulator:
        ran = run_terminal(
            ["--config", path, "config", "init", "--url", simulator.url],
            [
                *OWN,
                *KEEP_IN_FILE,
                ("Log in at the gateway now?", "y"),
                ("A test SMS is sent for real", "070-174 06 05"),
                ("Send for real from now on?", "y"),
                ("Activate? [y/N]", "y"),
            ],
        )
        accepted = simulator.accepted()
    assert ran.code == 0, ran.seen
    assert "one invoice of 4 900,00 kr without VAT" in ran.seen
    assert "Package 1 is open" in ran.seen
    assert SECRET not in ran.seen
    assert [one.recipient for one in accepted] == [NUMBER]
    settings = load(path)
    assert (settings.mode, settings.default_municipality) == (Mode.LIVE, "amals-kommun")


def packages_of(path: Path, run: Run) -> list[object]:
    """The state of each municipality's service, and the mailings, in the live ledger."""
    run("--config", path, "config", "set", "mode", "live")
    services = run("--config", path, "municipality", "list", "--json").data["municipalities"]
    mailings = run("--config", path, "mailings", "list", "--json").data["mailings"]
    return [*(one["state"] for one in services), *(one["states"] for one in mailings)]


def test_a_test_before_the_activation_costs_outside_any_package(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "config.toml"
    with start(Behaviour(password=SECRET, as_a_gateway=True)) as simulator:
        ran = run_terminal(
            ["--config", path, "config", "init", "--url", simulator.url],
            [
                *OWN,
                *KEEP_IN_FILE,
                ("Log in at the gateway now?", "y"),
                ("A test SMS is sent for real", NUMBER),
                ("Send for real from now on?", "y"),
                ("Activate? [y/N]", "n"),
            ],
        )
    assert "Not confirmed; nothing was activated." in ran.seen
    assert packages_of(path, run) == [None, {"accepted": 1}]
    (used,) = run("--config", path, "usage", "--json").data["municipalities"]
    assert (used["package"], used["parts"]) == (None, 1)


def test_with_the_examples_answers_there_is_only_a_rehearsal(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    ran = run_terminal(
        ["--config", path, "config", "init"],
        [*ASKED, (EXAMPLES, ""), ("A test SMS can be rehearsed", NUMBER)],
    )
    assert ran.code == 0, ran.seen
    titles = "Service ID, User name, Municipality, Price of a package."
    assert f"{EXAMPLES} {titles}" in " ".join(ran.seen.split())
    assert "accepted by the gateway" in ran.seen
    for never in ("Password", "Log in", "for real from now on", "Activate"):
        assert never not in ran.seen
    assert load(path).mode is Mode.SIMULATE


def test_what_is_the_examples_is_asked_once_more_for_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with Terminal("--config", path, "config", "init") as terminal:
        for question, answer in [
            *ASKED,
            ("Type your own now? [y/N]", "y"),
            ("Service ID: ", "4712"),
            ("User name: ", "kommunen"),
            ("Municipality: ", "Åmåls kommun"),
            ("Price of a package: ", "4 900"),
        ]:
            terminal.wait_for(question)
            terminal.type(answer)
        terminal.wait_for("Password of the account")
        terminal.process.kill()
    settings = load(path)
    assert (settings.gateway.service_id, settings.gateway.username) == (4712, "kommunen")
    assert settings.municipality().name == "Åmåls kommun"


def test_without_a_password_nothing_live_is_offered(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    ran = run_terminal(
        ["--config", path, "config", "init"],
        [*OWN, ("not shown; empty: later", ""), ("A test SMS can be rehearsed", "-")],
    )
    assert ran.code == 0, ran.seen
    assert "Log in at the gateway" not in ran.seen
    assert "for real from now on" not in ran.seen
    assert f"smsctl --config {path} credential set" in " ".join(ran.seen.split())


@pytest.mark.parametrize("refused", ["the login", "the test"])
def test_after_a_refusal_nothing_goes_live_and_nothing_is_left(
    tmp_path: Path, run: Run, refused: str
) -> None:
    path = tmp_path / "config.toml"
    behaviour = Behaviour(password="another", as_a_gateway=True)
    steps = [("Log in at the gateway now?", "y")]
    if refused == "the test":
        behaviour = Behaviour(password=SECRET, as_a_gateway=True, internal_error_share=1.0)
        steps.append(("A test SMS is sent for real", NUMBER))
    with start(behaviour) as simulator:
        ran = run_terminal(
            ["--config", path, "config", "init", "--url", simulator.url], [*OWN, *KEEP_IN_FILE, *steps]
        )
    assert ran.code == 0, ran.seen
    assert "The config stays in simulate mode" in ran.seen
    assert "for real from now on" not in ran.seen
    assert load(path).mode is Mode.SIMULATE
    _, *mailings = packages_of(path, run)
    assert [states for states in mailings if "pending" in str(states)] == []
    assert len(mailings) == (refused == "the test")


def test_a_live_config_is_told_of_what_is_the_examples_still(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "config.toml"
    assert run("--config", path, "config", "init", "--yes", "--username", "own").code == 0
    ran = run("--config", path, "config", "set", "mode", "live")
    left = "gateway.service_id, municipalities.exempelkommun.name, municipalities.exempelkommun.package_price"
    assert f"Still the example's, and nobody's account: {left}." in ran.err


@pytest.mark.parametrize(
    ("typed", "module"), [("puzzel", "intelecom"), ("Link", "pswincom"), ("i", "intelecom"), ("p", None)]
)
def test_a_gateway_goes_by_its_new_name_too(tmp_path: Path, run: Run, typed: str, module: str | None) -> None:
    path = tmp_path / "config.toml"
    with Terminal("--config", path, "config", "init") as terminal:
        terminal.wait_for("Gateway [intelecom]")
        terminal.type(typed)
        asked = {"intelecom": "Service ID [4711]", "pswincom": "User name [demo]"}
        terminal.wait_for(asked.get(module or "", "It is one of: intelecom, pswincom"))
        terminal.process.kill()
    argv = ("config", "init", "--yes", "--gateway", typed, "--country-code", "46")
    if module and len(typed) > 1:
        assert run("--config", path, *argv).code == 0
        settings = load(path)
        assert (settings.gateway.module, settings.default_country_code) == (module, "+46")


def test_the_config_speaks_the_language_of_whoever_answered(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    english, swedish = tmp_path / "en.toml", tmp_path / "sv.toml"
    assert run("--config", english, "config", "init", "--yes").code == 0
    monkeypatch.setenv("LC_ALL", "sv_SE.UTF-8")
    assert run("--config", swedish, "config", "init", "--yes").code == 0
    assert (load(english).language, load(swedish).language) == (None, "sv")


def test_the_wizard_explains_and_asks_again_where_an_answer_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with Terminal("--config", path, "config", "init") as terminal:
        terminal.wait_for("Gateway [intelecom]")
        terminal.type("pigeon")
        terminal.wait_for("It is one of: intelecom, pswincom")
        terminal.type("intelecom")
        terminal.wait_for("Service ID [4711]")
        terminal.type("abc")
        terminal.wait_for("Service ID: must be a whole number.")
        terminal.process.kill()
    assert not path.exists()


def test_the_end_of_input_is_no_answer(tmp_path: Path) -> None:
    """Ctrl-D takes nobody's default: it leaves, as Ctrl-C does, and nothing is written."""
    path = tmp_path / "config.toml"
    ran = run_terminal(["--config", path, "config", "init"], [("[intelecom]: ", ""), ("[4711]: ", "\x04")])
    assert (ran.code, path.exists()) == (130, False), ran.seen
    assert "Interrupted; nothing was sent." in ran.seen
