import re
import shlex
import subprocess
from pathlib import Path

import pytest

from smsctl.cli.operations import slot_formats as render
from smsctl.cli.operations.slot_formats import Slot, read_slot
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import UsageError

from ..conftest import HEADER, LiveGateway, MakeConfig
from ..front_door import Ran, Run, run_process
from ..workbooks import xlsx

QUIET_NIGHTS = {"quiet_hours": "21:00-07:00"}


def crontab_words(line: str) -> list[str]:
    """What cron would start by the first line: the sixth field on, as sh takes it."""
    return shlex.split(line.splitlines()[0].split(maxsplit=5)[5].replace(r"\%", "%"))


def keys(ran: Ran) -> str:
    """The key of a schedule, without the digest that keeps it apart from all others."""
    assert ran.code == 0, ran.said
    key: str = ran.data["key"]
    return re.sub(r"-[0-9a-f]{6}-", "-", key)


def test_the_crontab_line_names_everything_in_full_and_has_what_cron_needs(
    make_config: MakeConfig, run: Run, message: Path
) -> None:
    config = make_config()
    argv = f"schedule --at 7:30 --days mon-fri -- send --group guardians {message} --max-parts 90"
    ran = run("--config", config, *argv.split())
    assert ran.code == 0
    assert ran.out.startswith("30 7 * * 1-5 /")
    words = crontab_words(ran.out)
    assert Path(words[0]).is_absolute()
    wanted = f"--config {config} --quiet send --group guardians --yes --max-parts 90 --max-new-packages 0"
    *given, key, text = words[words.index("--config") :]
    assert given == [*wanted.split(), "--min-messages", "1", "--key"]
    assert re.fullmatch(r"guardians-message-recipients-0730-[0-9a-f]{6}-{date}", key)
    assert text == str(message)


def test_the_line_does_what_it_says_and_in_the_same_slot_only_once(
    make_config: MakeConfig, run: Run, message: Path, tmp_path: Path
) -> None:
    config = make_config()
    argv = f"schedule --at 7:30 --days mon -- send --all {message} --max-parts 90"
    printed = run("--config", config, *argv.split())
    words = crontab_words(printed.out)
    for _ in range(2):
        done = subprocess.run(
            words, cwd="/", env={"PATH": "/bin"}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    listed = run("--config", config, "mailings", "list", "--json").data["mailings"]
    assert len(listed) == 1


@pytest.mark.parametrize(
    ("days", "key", "expected"),
    [
        ("daily", None, "all-message-recipients-0730-{date}"),
        ("mon", None, "all-message-recipients-0730-{week}"),
        ("mon,thu", None, "all-message-recipients-0730-{date}"),
        ("1", None, "all-message-recipients-0730-{month}"),
        ("mon", "weekly", "weekly-{week}"),
        ("mon", "weekly-{date}", "weekly-{date}"),
    ],
)
def test_the_key_is_new_in_each_slot(
    make_config: MakeConfig, run: Run, message: Path, days: str, key: str | None, expected: str
) -> None:
    argv = ["--at", "07:30", "--days", days, "--json", "--", "send", "--all", message, "--max-parts", 9]
    ran = run("--config", make_config(), "schedule", *argv, *(["--key", key] if key else []))
    assert keys(ran) == expected


def test_the_ceilings_of_the_config_are_written_into_the_line(
    make_config: MakeConfig, run: Run, message: Path
) -> None:
    config = make_config(limits={"max_parts_per_run": 70, "max_new_packages": 2})
    ran = run("--config", config, "schedule", "--at", "07:30", "--", "send", "--all", message)
    assert "--max-parts 70 --max-new-packages 2 " in ran.out


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        ("--at 22:00 -- send --all FILE --max-parts 9", 5, "--urgent"),
        ("--at 06:59 -- send --all FILE --max-parts 9", 5, "quiet hours"),
        ("--at 12:00 -- send --all FILE --max-parts 9 --urgent", 2, "--reason"),
        ("--at 12:00 -- send --all FILE", 2, "--max-parts"),
        ("--at 12:00 -- send FILE --max-parts 9", 2, "--group"),
        ("--at 12:00 -- send --all - --max-parts 9", 2, "standard input"),
        ("--at 12:00 -- send --all nothing.txt --max-parts 9", 8, "does not exist"),
        ("--at 12:00 -- send --al FILE --max-parts 9", 2, "--al"),
        ("--at 12:00 -- send --all FILE --max-parts 9 --key {year}", 2, "{year}"),
        ("--at 12:00 -- send --all FILE --max-parts 9 --municipality Nowhere", 8, "Nowhere"),
        ("--at 12:00 -- test +46701740605 hej", 2, "Only `send`"),
        ("--at 12:00 -- send --help", 2, "whole `send`"),
        ("--at 25:00 -- send --all FILE --max-parts 9", 2, "07:30"),
        ("--at 12:00 --days funday -- send --all FILE --max-parts 9", 2, "funday"),
        ("--at 12:00 -- send --all FILE --max-parts 9 --key f-{week}", 2, "--key f-{date}"),
        ("--at 12:00 --days mon,thu -- send --all FILE --max-parts 9 --key f-{week}", 2, "f-{date}"),
        ("--at 12:00 --days mon -- send --all FILE --max-parts 9 --key {month}", 2, "--key {week}"),
        ("--at 12:00 --days 1,7 -- send --all FILE --max-parts 9 --key {week}-a", 2, "{date}-a"),
        ("--at 12:00 --days 1,15 -- send --all FILE --max-parts 9 --key {month}-{week}", 0, "{week}"),
        ("--at 12:00 --days 1 -- send --all FILE --max-parts 9 --key f-{week}", 0, "f-{week}"),
        ("--at 12:00 -- send --all FILE --max-parts 9 --key f-{hour}", 0, "f-{hour}"),
        ("--at 12:00 --for amiga -- send --all FILE --max-parts 9", 2, "windows"),
    ],
)
def test_what_would_fail_in_a_slot_is_refused_now(
    make_config: MakeConfig, run: Run, message: Path, argv: str, code: int, says: str
) -> None:
    ran = run(
        "--config", make_config(limits=QUIET_NIGHTS), "schedule", *argv.replace("FILE", str(message)).split()
    )
    assert ran.code == code
    assert says in ran.said


def test_an_urgent_mailing_with_a_reason_may_leave_at_night(
    make_config: MakeConfig, run: Run, message: Path
) -> None:
    argv = [
        "--at",
        "22:00",
        "--",
        "send",
        "--all",
        message,
        "--max-parts",
        9,
        "--urgent",
        "--reason",
        "storm",
    ]
    ran = run("--config", make_config(limits=QUIET_NIGHTS), "schedule", *argv)
    assert ran.code == 0
    assert "--urgent --reason storm" in ran.out


def test_what_is_special_to_each_system_is_escaped() -> None:
    words = ["/bin/smsctl", "--where", 'A=100% "x" $HOME \\']
    slot = Slot(read_slot("07:30", "daily").at)
    assert crontab_words(render.crontab(slot, words)) == words
    assert r"100\% " in render.crontab(slot, words)
    site = render.Site("smsctl", (), (), "Europe/Stockholm")
    assert r'ExecStart=/bin/smsctl --where "A=100%% \"x\" $$HOME \\"' in render.service("n", words, site)


@pytest.mark.parametrize(
    ("swedish", "english"),
    [
        ("fre", "fri"),
        ("mån-fre", "mon-fri"),
        ("man, tors", "mon,thu"),
        ("Onsdag,lördag", "wed,sat"),
        ("sön", "sun"),
        ("dagligen", "daily"),
    ],
)
def test_days_are_read_in_swedish_too(swedish: str, english: str) -> None:
    assert read_slot("07:30", swedish) == read_slot("07:30", english)


@pytest.mark.parametrize("days", ["fr", "fredagen", "sön-mån", "m-f", ""])
def test_what_names_no_days_is_refused(days: str) -> None:
    with pytest.raises(UsageError):
        read_slot("07:30", days)


@pytest.mark.parametrize(
    ("days", "cron", "calendar", "task"),
    [
        ("daily", "30 7 * * *", "OnCalendar=*-*-* 07:30:00 Europe/Stockholm", "/SC DAILY /ST 07:30"),
        (
            "mon-fri",
            "30 7 * * 1-5",
            "OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 07:30:00 Europe/Stockholm",
            "/SC WEEKLY /D MON,TUE,WED,THU,FRI /ST 07:30",
        ),
        (
            "sun,mon,tue",
            "30 7 * * 1-2,7",
            "OnCalendar=Mon,Tue,Sun *-*-* 07:30:00 Europe/Stockholm",
            "/SC WEEKLY /D MON,TUE,SUN /ST 07:30",
        ),
        ("1", "30 7 1 * *", "OnCalendar=*-*-01 07:30:00 Europe/Stockholm", "/SC MONTHLY /D 1 /ST 07:30"),
    ],
)
def test_each_system_writes_the_days_its_own_way(days: str, cron: str, calendar: str, task: str) -> None:
    slot, site = read_slot("07:30", days), render.Site("smsctl", (), (), "Europe/Stockholm")
    assert render.crontab(slot, ["x"]) == f"{cron} x"
    assert calendar in render.timer("n", slot, site).splitlines()
    assert task in render.schtasks("n", slot, ["x"])


def test_a_task_of_windows_that_is_too_long_is_refused() -> None:
    with pytest.raises(UsageError, match="261 characters"):
        render.schtasks("n", read_slot("07:30", "daily"), ["x" * 300])


@pytest.mark.parametrize("name", ["a b", "a/b", "å", "50%", "", "x" * 300])
def test_a_name_that_no_unit_can_have_is_refused(name: str) -> None:
    site = render.Site("smsctl", (), (), "Europe/Stockholm")
    with pytest.raises(UsageError, match="--name"):
        render.units(name, read_slot("07:30", "daily"), ["x"], site)


@pytest.mark.parametrize("words", [["x", "--where", "Rabatt=100%"], ["x", "--where", "A=%PATH%"]])
def test_a_percent_sign_that_no_prompt_of_windows_can_be_given_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError, match="%") as refused:
        render.schtasks("n", read_slot("07:30", "daily"), words)
    assert words[-1].replace("%", "%%") in str(refused.value.hint)


def test_quotes_within_quotes_of_windows_are_read_as_they_were_meant() -> None:
    words = ["C:\\Skola & fritid\\smsctl.exe", "--where", 'Klass=5 "A" <B>', "--where", "F&S=1", "C:\\a b\\"]
    line = render.schtasks("n", read_slot("07:30", "daily"), words)
    typed = words_of_windows(seen_by_cmd(line))
    assert typed[typed.index("/TN") + 1] == "smsctl n"
    assert words_of_windows(typed[typed.index("/TR") + 1]) == words


def seen_by_cmd(line: str) -> str:
    """What cmd.exe hands on: a caret outside quotes goes, and nothing special may stand there without."""
    out, is_quoted, place = "", False, 0
    while place < len(line):
        char = line[place]
        if char == '"':
            is_quoted = not is_quoted
        elif not is_quoted and char == "^":
            place += 1
            char = line[place]
        else:
            assert is_quoted or char not in "&|<>", f"cmd.exe stops at {line[place:]}"
        out, place = out + char, place + 1
    return out


def words_of_windows(line: str) -> list[str]:
    """A command line as a program of Windows takes it apart: backslashes are special before a quote only."""
    words, word, is_quoted = [], "", False
    for slashes, char in re.findall(r"(\\*)(.|$)", line):
        word += slashes if char != '"' else slashes[: len(slashes) // 2]
        if char == '"' and len(slashes) % 2 == 0:
            is_quoted = not is_quoted
        elif char in ("", " ") and not is_quoted:
            words.append(word)
            word = ""
        else:
            word += char
    return [one for one in words if one]


def test_the_unit_may_write_the_ledger_and_is_given_the_credential(
    make_config: MakeConfig, run: Run, message: Path
) -> None:
    secret, login = {"source": "systemd", "name": "puzzel"}, {"source": "systemd", "name": "way-out"}
    proxy = {"proxy": "http://127.0.0.1:9", "proxy_username": "smsctl", "proxy_password": login}
    config = make_config(gateway={"password": secret, **proxy})
    argv = ["--at", "07:30", "--for", "systemd", "--", "send", "--all", message, "--max-parts", 9]
    out = run("--config", config, "schedule", *argv).out
    assert "LoadCredentialEncrypted=puzzel:/etc/credstore.encrypted/puzzel\n" in out
    assert "LoadCredentialEncrypted=way-out:/etc/credstore.encrypted/way-out\n" in out
    assert f"ReadWritePaths=-{config.parent}/ledger\n" in out
    assert "UMask=0077\n" in out


def test_the_unit_of_a_shared_ledger_closes_nothing_to_the_others(
    make_config: MakeConfig, run: Run, message: Path
) -> None:
    config = make_config(ledger={"path": "/var/lib/smsctl/of-a-test.db", "group": "daemon"})
    argv = ["--at", "07:30", "--for", "systemd", "--", "send", "--all", message, "--max-parts", 9]
    out = run("--config", config, "schedule", *argv).out
    assert out.count("ReadWritePaths=-/var/lib/smsctl\n") == out.count("UMask=0007\n") == 2
    assert "StateDirectory" not in out


@pytest.mark.parametrize(
    ("system", "told"),
    [
        ("cron", {"keyring", "systemd", "auto"}),
        ("systemd", {"keyring"}),
        ("windows", {"systemd", "auto"}),
    ],
)
def test_a_secret_that_the_run_would_not_be_given_is_told(
    make_config: MakeConfig,
    run: Run,
    message: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    told: set[str],
) -> None:
    monkeypatch.setattr(render, "_LONGEST_TASK", 999)  # the folders of a test are long
    argv = ["--at", "07:30", "--for", system, "--", "send", "--all", message, "--max-parts", 9]
    warned = set()
    for source in ("keyring", "systemd", "auto", "env", "file"):
        config = make_config(mode="live", gateway={"password": {"source": source, "path": "gateway.secret"}})
        ran = run("--config", config, "schedule", *argv)
        assert ran.code == 0, ran.said
        if f'is not given the gateway secret: source = "{source}" in [gateway.password]' in ran.err:
            warned.add(source)
    assert warned == told
    rehearsed = make_config(gateway={"password": {"source": "keyring"}})
    assert "secret" not in run("--config", rehearsed, "schedule", *argv).err


@pytest.mark.parametrize("system", ["cron", "systemd"])
def test_of_the_gateways_secret_nothing_is_said_where_sms_go_by_mail(
    make_config: MakeConfig, run: Run, message: Path, system: str
) -> None:
    smtp = {"host": "127.0.0.1", "from_address": "sms@example.se"}
    gateway = {"use_web_service": False, "password": {"source": "auto"}}
    config = make_config(mode="live", gateway=gateway, smtp=smtp)
    argv = ["--at", "07:30", "--for", system, "--", "send", "--all", message, "--max-parts", 9]
    ran = run("--config", config, "schedule", *argv)
    assert (ran.code, "secret" in ran.err, "Credential" in ran.out) == (0, False, False), ran.said


def test_where_cron_has_another_clock_it_is_warned_of(make_config: MakeConfig, message: Path) -> None:
    argv = ["schedule", "--at", "07:30", "--", "send", "--all", message, "--max-parts", 9]
    ran = run_process("--config", make_config(), *argv)
    assert ran.code == 0
    assert "Europe/Stockholm" in ran.err


def test_no_key_reads_as_a_phone(make_config: MakeConfig, run: Run, message: Path) -> None:
    config = make_config()
    for minutes in range(300, 500):
        at = f"{minutes // 60:02}:{minutes % 60:02}"
        argv = ("--at", at, "--json", "--", "send", "--all", message, "--max-parts", 9)
        key = run("--config", config, "schedule", *argv).data["key"]
        assert veil_numbers(key) == key


def test_no_two_schedules_share_a_key(
    make_config: MakeConfig, run: Run, message: Path, tmp_path: Path
) -> None:
    header = "Namn;Mobil VH1;Mobil VH2;Grupp;Kommun;Godkänt villkor"
    row = "Anna;0701740605;0701740606;vårdnadshavare;Exempelkommun;ja"
    config = make_config(header=header, rows=[row, row])
    for school in ("a", "b"):
        (tmp_path / school).mkdir()
        (tmp_path / school / "r.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    vh1, vh2 = ("--column", "number=Mobil VH1"), ("--column", "number=Mobil VH2")
    a, b = ("--recipients", tmp_path / "a" / "r.csv"), ("--recipients", tmp_path / "b" / "r.csv")
    everyone = ("--all",)
    schedules = [
        ("07:30", "daily", *everyone, *vh1),
        ("07:30", "daily", *everyone, *vh2),
        ("15:30", "daily", *everyone, *vh1),
        ("07:30", "mon", *everyone, *vh1),
        ("07:30", "tue", *everyone, *vh1),
        ("07:30", "daily", *everyone, *vh1, *a),
        ("07:30", "daily", *everyone, *vh1, *b),
        ("07:30", "daily", "--group", "guardians", *vh1),
        ("07:30", "daily", "--where", "Grupp=vårdnadshavare", *vh1),
    ]
    found = set()
    for at, days, *send in schedules:
        argv = ["--at", at, "--days", days, "--json", "--", "send", *send, message, "--max-parts", 9]
        ran = run("--config", config, "schedule", *argv)
        assert ran.code == 0, ran.said
        found |= {ran.data["key"], ran.data["name"]}
    assert len(found) == 2 * len(schedules)


def test_a_sheet_has_a_key_of_its_own(
    make_config: MakeConfig, run: Run, message: Path, tmp_path: Path
) -> None:
    rows = (HEADER.split(";"), ["Anna", "0701740605", "VH", "Exempelkommun", "ja"])
    book, found = xlsx(tmp_path / "schools.xlsx", {"Norra": rows, "Södra": rows}), set()
    for sheet in ("Norra", "Södra"):
        send = ("send", "--all", message, "--recipients", book, "--sheet", sheet, "--max-parts", 9)
        ran = run("--config", make_config(), "schedule", "--at", "07:30", "--json", "--", *send)
        assert ran.code == 0, ran.said
        found |= {ran.data["key"], ran.data["name"]}
    assert len(found) == 4


@pytest.mark.parametrize(
    ("send", "code", "says"),
    [
        ("--group nobodys FILE", 8, "Nobody in the file is in the group nobodys."),
        ("--all FILE --recipients nothing.csv", 8, "nothing.csv"),
        ("--all nothing.txt", 8, "nothing.txt"),
        ("--where Klass=7B FILE", 8, "Klass"),
    ],
)
def test_what_could_never_be_sent_is_refused_by_trying_it(
    send: str, code: int, says: str, make_config: MakeConfig, run: Run, message: Path
) -> None:
    words = send.replace("FILE", str(message)).split()
    ran = run("--config", make_config(), "schedule", "--at", "07:30", "--", "send", *words, "--max-parts", 9)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


def test_what_is_refused_only_today_is_scheduled_and_warned_of(
    live_gateway: LiveGateway, run: Run, message: Path
) -> None:
    live = live_gateway(active=False)
    argv = ["schedule", "--at", "07:30", "--", "send", "--all", message, "--max-parts", 9]
    ran = run("--config", live.config, *argv)
    assert ran.code == 0
    assert "Today it would be refused: The SMS service is not active for Exempelkommun." in ran.err
    assert live.simulator.requests() == ()


@pytest.mark.parametrize(
    ("at", "days", "first", "second"),
    [
        ("07:30", "mon-fri", "30 7 * * 1-5 ", "30 8 * * 1-5 "),
        ("23:30", "daily", "30 23 * * * ", "30 0 * * * "),
        ("23:30", "fri,sun", "30 23 * * 5,7 ", "30 0 * * 1,6 "),
        ("23:30", "1,28", "30 23 1,28 * * ", "30 0 2,29 * * "),
    ],
)
def test_a_second_line_asks_an_hour_later_whether_it_was_sent(
    at: str, days: str, first: str, second: str, make_config: MakeConfig, run: Run, message: Path
) -> None:
    config = make_config()
    argv = ["schedule", "--at", at, "--days", days, "--", "send", "--all", message, "--max-parts", 9]
    sends, asks = run("--config", config, *argv).out.splitlines()
    assert sends.startswith(first)
    assert asks.startswith(second)
    words = crontab_words(asks)
    key = crontab_words(sends)[-2]
    assert words[1:] == ["--config", str(config), "--quiet", "doctor", "--expect", key, "--ago", "1h"]


def test_systemd_asks_an_hour_later_too(make_config: MakeConfig, run: Run, message: Path) -> None:
    argv = ["--name", "week", "--", "send", "--all", message, "--max-parts", 9, "--key", "w"]
    config = make_config()
    units = run("--config", config, "schedule", "--at", "07:30", "--for", "systemd", *argv).out
    assert "# /etc/systemd/system/smsctl-week-expect.timer" in units
    assert "OnCalendar=*-*-* 08:30:00 Europe/Stockholm" in units


def test_a_text_in_the_command_is_scheduled_as_it_stands(make_config: MakeConfig, run: Run) -> None:
    argv = ["schedule", "--at", "07:30", "--json", "--", "send", "--all", "--max-parts", 9, "--text"]
    config = make_config()
    one, other = (
        run("--config", config, *argv, text) for text in ("Mötet är i dag.", "Mötet är 100 % inställt.")
    )
    assert (one.code, other.code) == (0, 0)
    assert one.data["key"] != other.data["key"]
    assert "Mötet är 100 % inställt." in crontab_words(other.data["text"])
    assert run("--config", config, *argv, "Två\nrader").code == 2


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        ("--max-parts 9 --dry-run", 2, "With --dry-run nothing would ever be sent."),
        ("--max-parts 9 --at 2030-12-01T08:00", 2, "comes once, and a slot comes again and again"),
        ("--max-parts 0", 2, "With --max-parts 0 nothing could ever be sent; it must be 1 or more."),
        (
            "--max-parts 9 --min-messages 10",
            2,
            "nothing could ever be sent; it must be 10 or more.",
        ),
        ("--max-parts 9 --at 22:30", 5, "22:30 is within the quiet hours, 21:00 to 07:00"),
    ],
)
def test_what_could_never_leave_in_any_slot_is_refused(
    make_config: MakeConfig, run: Run, message: Path, flags: str, code: int, says: str
) -> None:
    config = make_config(limits=QUIET_NIGHTS)
    ran = run("--config", config, *f"schedule --at 07:30 -- send --all {message} {flags}".split())
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


def test_what_the_gateway_holds_until_the_morning_may_be_handed_over_at_night(
    make_config: MakeConfig, run: Run, message: Path
) -> None:
    config = make_config(limits=QUIET_NIGHTS)
    argv = f"schedule --at 22:30 -- send --all {message} --max-parts 9 --at 8:00"
    ran = run("--config", config, *argv.split())
    assert ran.code == 0, ran.said
