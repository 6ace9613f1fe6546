from datetime import timedelta
from pathlib import Path

import pytest

from smsctl.config.read import load, parse
from smsctl.config.settings import Mode
from smsctl.errors import ConfigError, ExitCode

from .conftest import PLAIN

HERE = Path("/somewhere/config.toml")


def _problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, HERE)
    assert caught.value.exit_code is ExitCode.INPUT
    return [str(problem) for problem in caught.value.problems]


def test_what_is_not_written_has_its_default() -> None:
    settings = parse(PLAIN, HERE)
    assert settings.mode is Mode.SIMULATE
    assert settings.default_municipality == "exempelkommun"
    assert settings.limits.countries == ("+46",)
    assert settings.gateway.total_timeout_s == 90.0
    assert settings.reports.wait == timedelta(hours=72)
    assert settings.require_accepted_terms
    assert settings.smtp is None


def test_paths_are_relative_to_the_file_and_may_be_absolute_or_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    text = 'recipients = "lists/all.csv"\n' + PLAIN
    text += 'recipients = "/srv/lists/all.csv"\n[log]\npath = "~/smsctl.log"\n'
    settings = parse(text, HERE)
    assert settings.recipients == Path("/somewhere/lists/all.csv")
    assert settings.municipality().recipients == Path("/srv/lists/all.csv")
    assert settings.log_path == tmp_path / "home" / "smsctl.log"


def test_the_folder_itself_is_a_path() -> None:
    """What wants a file there says so when it opens it."""
    assert parse('recipients = "."\n' + PLAIN, HERE).recipients == Path("/somewhere")


def test_a_path_is_relative_to_the_folder_however_it_is_spelled(config: Path) -> None:
    inner = config.parent / "inner"
    inner.mkdir()
    assert load(inner / ".." / "config.toml").path == config.resolve()


# Each: the text that replaces or follows the plain config's, the line, the key, and words of the sentence.
TOP = [
    ('mode = "lve"', "mode", 'must be one of "simulate", "live"'),
    ("mode = true", "mode", "must be one of"),
    ('sendr = "Kommunen"', "sendr", 'did you mean "sender"'),
    ('Sender = "Kommunen"', "Sender", 'did you mean "sender"'),
    ('default-country-code = "+46"', "default-country-code", 'did you mean "default_country_code"'),
    ('username = "demo"', "username", 'did you mean "gateway.username"'),
    ("quiet_hours = false", "quiet_hours", 'did you mean "limits.quiet_hours"'),
    ('xyzzy = "1"', "xyzzy", "there is no such key"),
    ('default_country_code = "46"', "default_country_code", "country code"),
    ("default_country_code = 46", "default_country_code", "quotation marks"),
    ('default_municipality = "nowhere"', "default_municipality", "known are exempelkommun"),
    ('recipients = ""', "recipients", "must not be empty"),
    ('recipients = "a\\u0000b"', "recipients", "cannot be shown"),
    ('recipients_max_age = "4"', "recipients_max_age", "with its unit"),
    ("recipients_max_age = 4", "recipients_max_age", "with its unit"),
    ('require_accepted_terms = "yes"', "require_accepted_terms", "true or false"),
    ('time_zone = "Europe/Stockholms"', "time_zone", "must be a time zone"),
    ('time_zone = "../etc/passwd"', "time_zone", "must be a time zone"),
    ('language = "de"', "language", 'one of "sv", "en"'),
    ("confirm_count_above = -1", "confirm_count_above", "from 0 to"),
    ("confirm_count_above = 10.5", "confirm_count_above", "whole number"),
    ("confirm_count_above = true", "confirm_count_above", "whole number"),
    ('sender = "Kommunen som skickar"', "sender", "20 characters; 11 is the most"),
    ('sender = "Åskan"', "sender", "holds Å"),
    ('gateway = "intelecom"', "gateway", "this is a section: [gateway]"),
    ('password = "canary"', "password", "does not belong in this file"),
    ('pswin_password = "canary"', "pswin_password", "does not belong in this file"),
    ("verify = false", "verify", "cannot be switched off"),
]


@pytest.mark.parametrize(("line", "key", "words"), TOP)
def test_a_mistake_at_the_top_names_its_line_and_key(line: str, key: str, words: str) -> None:
    plain = PLAIN.replace('sender = "Kommunen"\n', "") if line.startswith("sender") else PLAIN
    if line.startswith("gateway"):
        plain = plain.replace("[gateway]", "[else]")
    problems = _problems(f"# a comment\n{line}\n{plain}")
    told = next(problem for problem in problems if problem.startswith("Line 2, "))
    assert told.startswith(f"Line 2, {key}: ")
    assert words in told
    assert "canary" not in told


INSIDE = [
    ("gateway", 'modul = "intelecom"', "gateway.modul", 'did you mean "gateway.module"'),
    ("gateway", 'sender = "x"', "gateway.sender", "stands at the top"),
    ("gateway", 'url = "http://smsgw.puzzel.com"', "gateway.url", "https://"),
    ("gateway", 'url = "https://demo:canary@smsgw.puzzel.com"', "gateway.url", "no user name"),
    ("gateway", 'url = "smsgw.puzzel.com"', "gateway.url", "must be an address"),
    ("gateway", 'url = "https://smsgw..puzzel.com"', "gateway.url", "must be an address"),
    ("gateway", 'url = "https://."', "gateway.url", "must be an address"),
    ("gateway", f'url = "https://{"x" * 64}.se"', "gateway.url", "must be an address"),
    ("gateway", 'url = "https://smsgw.puzzel.com:65536"', "gateway.url", "must be an address"),
    ("gateway", 'url = "https://smsgw.puzzel.com:0"', "gateway.url", "must be an address"),
    ("gateway", 'url = "https://[::::]"', "gateway.url", "must be an address"),
    ("gateway", 'proxy = "http://proxy..kommun.se:8080"', "gateway.proxy", "must be an address"),
    ("gateway", 'url = "https://smsgw.puzzel.com/gw/rs"', "gateway.url", "must be an address"),
    ("gateway", 'failover_url = "https://xml2.pswin.com"', "gateway.failover_url", "it is for pswincom only"),
    ("gateway", 'gateway_time_zone = "Etc/GMT-1"', "gateway.gateway_time_zone", "it is for pswincom only"),
    ("gateway", 'gateway_time_zone = "CEST"', "gateway.gateway_time_zone", "must be a time zone"),
    ("gateway", "priority = 4", "gateway.priority", '"low"'),
    ("gateway", 'priority = "highest"', "gateway.priority", '"low"'),
    ("gateway", "priority = true", "gateway.priority", '"low"'),
    ("gateway", "batch_size = 0", "gateway.batch_size", "from 1 to 1000"),
    ("gateway", 'connect_timeout = "2m"', "gateway.connect_timeout", "not be longer than total_timeout"),
    ("gateway", "ssl_verify = false", "gateway.ssl_verify", "cannot be switched off"),
    ("gateway", 'password = "canary"', "gateway.password", "does not belong in this file"),
    ("gateway", 'pw = "canary"', "gateway.pw", "does not belong in this file"),
    ("gateway", 'client_secret = "canary"', "gateway.client_secret", "does not belong in this file"),
    ("gateway", 'extra.password = "canary"', "gateway.extra.password", "does not belong in this file"),
    ("gateway", 'extra.region = "north"', "gateway.extra", "gateway added from outside"),
    ("gateway", 'password.source = "canary"', "gateway.password.source", "must be one of"),
    ("gateway", 'password.source = "file"', "gateway.password.path", "must be given"),
    ("gateway", 'password.name = "../gateway"', "gateway.password.name", "letters, digits"),
    ("gateway", 'mail_address = "{nr}@smsmail.intele.com"', "gateway.mail_address", "{number}"),
    ("gateway", 'mail_address = "{number}"', "gateway.mail_address", "{number}"),
    ("gateway", "use_web_service = false", "gateway.use_web_service", "[smtp]"),
    ("gateway", 'management_path = "/mgmt/rs/service"', "gateway.management_path", "must hold {service_id}"),
    ("gateway", 'management_path = "/x/47110"', "gateway.management_path", "must hold {service_id}"),
    ("gateway", 'proxy_username = "smsctl"', "gateway.proxy", "where there is a proxy_username"),
    ("gateway", 'management_path = "mgmt"', "gateway.management_path", 'start with "/"'),
    ("municipalities.exempelkommun", "package_prize = 1", "municipalities.exempelkommun.package_prize",
     'did you mean "municipalities.*.package_price"'),
    ("municipalities.exempelkommun", 'part_price = "0.49"', "municipalities.exempelkommun.part_price",
     "left out where"),
    ("municipalities.other", 'name = "Exempelkommun"', "municipalities.other.name", "called so"),
    ("municipalities.other", "package_size = 1", "municipalities.other.package_price", "must be given"),
    ("municipalities.other", 'sender = "x"', "municipalities.other.name", "must be given"),
    ("municipalities.exempelkommun", 'sender = "Åskan"', "municipalities.exempelkommun.sender", "holds Å"),
    ('municipalities."a.b"', 'name = "x"', "municipalities.a.b", "letters, digits"),
    ("municipalities", 'name = "x"', "municipalities.name", "this is a section"),
    ("limits", "countries = [46]", "limits.countries", "quotation marks"),
    ("limits", 'countries = "+46"', "limits.countries", "must be a list"),
    ("limits", "warn_share = 80", "limits.warn_share", "0.8"),
    ("limits", 'quiet_hours = "21-07"', "limits.quiet_hours", "21:00-07:00"),
    ("limits", 'quiet_hours = "24:00-07:00"', "limits.quiet_hours", "21:00-07:00"),
    ("limits", 'quiet_hours = "07:00-07:00"', "limits.quiet_hours", "21:00-07:00"),
    ("limits", "quiet_hours = true", "limits.quiet_hours", "21:00-07:00"),
    ("retention", "days = 90", "retention.decision", "must be given"),
    (
        "municipalities.exempelkommun.retention",
        "days = 90",
        "municipalities.exempelkommun.retention.decision",
        "must be given",
    ),
    (
        "municipalities.exempelkommun.retention",
        "day = 90",
        "municipalities.exempelkommun.retention.day",
        'did you mean "municipalities.*.retention.days"',
    ),
    ("notify", 'to = "drift@example.se"', "notify.to", "[smtp]"),
    ("notify", 'to = "drift"', "notify.to", "mail address"),
    ("smtp", 'host = "mail.example.se"', "smtp.from_address", "must be given"),
    ("smtp", 'username = "x"\nstarttls = false', "smtp.starttls", "must be true"),
    ("columns", 'mobile = "Mobil"', "columns.mobile", "there is no such key"),
    ("ledger", 'url = "postgresql://a:canary@b/c"', "ledger.url", "must hold no password"),
    ("ledger", 'state = "x"', "ledger.state", "goes with url"),
    ("ledger", 'path = "."', "ledger.path", "must name a file"),
    ("ledger", 'path = "/"', "ledger.path", "must name a file"),
    ("ledger", 'path = ".."', "ledger.path", "must name a file"),
    ("ledger", f'path = "{"a/" * 1500}x"', "ledger.path", "more than 500 folders"),
    ("log", f'path = "{"a/" * 1500}x"', "log.path", "more than 500 folders"),
    ("senders.x", 'municipalities = ["nowhere"]', "senders.x.municipalities", "not in this file"),
    ("reports", 'poll_url = "http://poll.pswin.com"', "reports.poll_url", "https://"),
    ("reports", "port = 70000", "reports.port", "65535"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "lines", "key", "words"), INSIDE)
def test_a_mistake_in_a_section_names_its_line_and_key(
    section: str, lines: str, key: str, words: str
) -> None:
    header = f"[{section}]"
    text = PLAIN if header in PLAIN else f"{PLAIN}{header}\n"
    text = text.replace(header, f"{header}\n{lines}")
    told = next(problem for problem in _problems(text) if f", {key}: " in problem)
    assert words in told
    assert "canary" not in told
    line = int(told.removeprefix("Line ").partition(",")[0])
    first = text.split("\n").index(header) + 1
    assert first <= line <= first + lines.count("\n") + 1


@pytest.mark.parametrize(
    "missing", ["module", "username", "service_id", "name", "package_size", "package_price"]
)
def test_what_is_needed_is_asked_for(missing: str) -> None:
    text = "".join(line for line in PLAIN.splitlines(keepends=True) if not line.startswith(missing))
    (told,) = _problems(text)
    assert f".{missing}: must be given" in told


SHARED = """mode = "simulate"
{plain}use_web_service = {web}
read_timeout = "{read}"
total_timeout = "{total}"
[smtp]
host = "mail.example.se"
from_address = "sms@example.se"
[ledger]
url = "postgresql://smsctl@db.example.se/smsctl"
"""


@pytest.mark.parametrize(
    ("web", "read", "total", "key", "most"),
    [
        ("true", "60s", "601s", "total_timeout", 600),
        ("true", "600s", "600s", "", 0),
        ("false", "60s", "90s", "", 0),
        ("false", "82s", "90s", "read_timeout", 81),
        ("false", "30s", "600s", "", 0),
        ("false", "31s", "600s", "read_timeout", 30),
    ],
)
def test_hosts_that_share_a_ledger_know_how_long_a_request_takes(
    web: str, read: str, total: str, key: str, most: int
) -> None:
    gateway, municipalities = PLAIN.split("[municipalities", 1)
    shared = SHARED.format(plain=gateway, web=web, read=read, total=total)
    text = f"{shared}[municipalities{municipalities}"
    if not key:
        assert parse(text, HERE)
        return
    (told,) = _problems(text)
    assert told.endswith(
        f"gateway.{key}: must not be longer than {most} seconds where hosts share the ledger"
    )


def test_without_a_municipality_nobody_pays() -> None:
    (told,) = _problems(PLAIN[: PLAIN.index("[municipalities")])
    assert told == "municipalities: none is in this file, and one is needed: [municipalities.exempelkommun]"


def test_a_gateway_that_is_not_installed_names_those_that_are() -> None:
    (told,) = _problems(PLAIN.replace('"intelecom"', '"intelekom"'))
    assert told.startswith('Line 4, gateway.module: there is no gateway "intelekom"; known are intelecom, ')


def test_email_exists_for_intelecom_only() -> None:
    (told,) = _problems(PLAIN.replace('"intelecom"', '"pswincom"\nuse_web_service = false'))
    assert told.startswith("Line 5, gateway.use_web_service: sending by e-mail exists for intelecom only")


def test_every_municipality_may_have_its_own_service_id() -> None:
    text = PLAIN.replace("service_id = 4711\n", "") + "service_id = 12\n"
    assert parse(text, HERE).gateway.service_id is None


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = 'sendr = "x"\nmode = "lve"\n' + PLAIN.replace("4711", '"4711"').replace('"4900.00"', "4900.00")
    assert [problem.partition(" ")[2].partition(" ")[0] for problem in _problems(text)] == [
        "1,",
        "2,",
        "7,",
        "13,",
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('sender = "a"\nsender = "b"\n', 2, "already set"),
        ("sender = 'a'\nsender = '”b”: \u200b'\n", 2, "already set"),
        ("[x]\na = '”b”' c = 1\n", 2, "more than one value"),
        ('sender = "Kommunen”\n', 1, "typographic quotation mark"),
        ("[gateway]\n[limits]\n[gateway]\n", 3, "stands above already"),
        ("sender = Kommunen\n", 1, "quotation marks"),
        ('\nsender = "Kommunen\n', 2, "closing quotation mark"),
        ('\nsender = "Komm\x07unen"\n', 2, "cannot be seen"),
        ("intele_username=demo\n", 1, "smsctl config import"),
        ('recipients = "C:\\lists\\all.csv"\n', 1, "backslash"),
        ("sender\n", 1, "lacks the ="),
        ('\n\nsändare = "x"\n', 3, "å, ä or ö"),
        ("[gateway\n", 1, "is not TOML"),
        ('a = 1 b = "canary"\n', 1, "more than one value"),
        ("a = [1,\n", 1, "not TOML"),
        ('mode = "simulate"\nsender = ”Kommunen”\n', 2, 'typographic quotation mark; write "'),
        ("sender = ‘Kommunen’\n", 1, "typographic quotation mark"),
        ('mode\u00a0= "simulate"\n', 1, "cannot be seen (U+00A0)"),
        ('\u200bmode = "simulate"\n', 1, "cannot be seen (U+200B)"),
        ('mode = "simulate"\rsender = "x"\r', 1, "cannot be seen (U+000D)"),
        ('mode = "simulate"\n\x1a', 2, "cannot be seen (U+001A)"),
        ("[gateway]\nuse_web_service = True\n", 2, "written true and false"),
        ("[gateway]\nuse_web_service = ja  # e-post\n", 2, "written true and false"),
        ("package_price = 4900,00\n", 1, "decimal comma"),
        ("package_price = 4 900,00\n", 1, "decimal comma"),
        ("service_id = 04711\n", 1, "begins with 0"),
        ("; SMS\n", 1, "a comment begins with #"),
        ('\n[municipalities.åmål]\nname = "Åmål"\n', 2, "write that part in quotation marks"),
        ('[municipalities.exempel kommun]\nname = "E"\n', 1, "write that part in quotation marks"),
        ("// SMS\n", 1, "a comment begins with #"),
        ("mode: simulate\n", 1, "has : in the place of ="),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, HERE)
    (told,) = map(str, caught.value.problems)
    assert told.startswith(f"Line {line} ")
    assert words in told
    assert "canary" not in told


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe\x00", b"sender = 'G\xf6teborg'", b"\x7fELF\x02\x01\x01\xff", b"#" * 1_000_001, b"m\0o\0"],
)
def test_what_is_no_text_is_no_config(config: Path, data: bytes) -> None:
    config.write_bytes(data)
    with pytest.raises(ConfigError, match="is no config file") as caught:
        load(config)
    assert "save it as UTF-8" in str(caught.value.hint)


def test_a_number_without_an_end_is_told() -> None:
    assert _problems(f"port = {'9' * 5000}\n{PLAIN}") == ["A number in it has too many digits."]


def test_a_missing_config_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no config file") as caught:
        load(tmp_path / "config.toml")
    assert "smsctl config init" in str(caught.value.hint)


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_config_saved_by_notepad_is_read(config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode())
    assert load(config).sender == "Kommunen"


def test_plain_http_is_for_this_machine_only() -> None:
    text = PLAIN.replace("[gateway]", '[gateway]\nurl = "http://127.0.0.1:8080/"')
    assert parse(text, HERE).gateway.url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("path", ["/mgmt/rs/service/{service_id}", "/mgmt/rs/service/4711", "/x/4711/y/"])
def test_a_management_path_leads_to_the_service(config: Path, path: str) -> None:
    config.write_text(PLAIN.replace("[gateway]", f'[gateway]\nmanagement_path = "{path}"'), encoding="utf-8")
    assert load(config).gateway.management_path == path


def test_two_services_need_the_place_of_the_service_in_the_path(config: Path) -> None:
    two = PLAIN.replace("[gateway]", '[gateway]\nmanagement_path = "/mgmt/4711"') + "service_id = 4712\n"
    config.write_text(two, encoding="utf-8")
    with pytest.raises(ConfigError):
        load(config)
