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
        terminal.wait_for("not shown; empty: later")
        terminal.process.kill()
    assert load(path).recipients == here
    assert "does not exist" not in terminal.seen


def test_a_question_is_folded_between_its_words(tmp_path: Path) -> None:
    path = tmp_path / "a-folder-with-a-long-name" / "config.toml"
    with Terminal("--config", path, "config", "init", "--gateway", "pswincom", columns=60) as terminal:
        for question, _ in ASKED[2:]:
            terminal.wait_for(question)
            terminal.type("")
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
        ("--country-code", "46", "default_country_code"),
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
                *ASKED,
                *KEEP_IN_FILE,
                ("Log in at the gateway now?", "y"),
                ("A test SMS can be rehearsed", ""),
                ("Send for real from now on?", "y"),
                ("A test SMS is sent for real", "070-174 06 05"),
                ("Activate? [y/N]", "y"),
            ],
        )
        accepted = simulator.accepted()
    assert ran.code == 0, ran.seen
    assert "one invoice of 4 900,00 kr without VAT" in ran.seen
    assert "Package 1 is open" in ran.seen
    assert SECRET not in ran.seen
    assert [one.recipient for one in accepted] == [NUMBER]
    assert load(path).mode is Mode.LIVE


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


def test_a_step_that_fails_does_not_end_the_wizard(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with start(Behaviour(password="another", as_a_gateway=True)) as simulator:
        ran = run_terminal(
            ["--config", path, "config", "init", "--url", simulator.url],
            [
                *ASKED,
                *KEEP_IN_FILE,
                ("Log in at the gateway now?", "y"),
                ("A test SMS can be rehearsed", "not a number"),
                ("Send for real from now on?", "n"),
            ],
        )
    assert ran.code == 0, ran.seen
    assert "refused" in ran.seen
    assert load(path).mode is Mode.SIMULATE
    assert "config set mode live" in ran.seen
