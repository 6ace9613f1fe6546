"""The doctor's round: which checks are made, in which order, and how it is made as cron would."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC
from functools import partial
from pathlib import Path

from smsctl.actions import check
from smsctl.actions.check import Check, Finding, Level, examine
from smsctl.actions.check_mailing import check_mailing
from smsctl.actions.check_server import check_server
from smsctl.actions.check_upkeep import check_approvals, check_beside, check_notify, check_retention
from smsctl.cli import checks, wiring_reach
from smsctl.cli.circumstances import circumstances
from smsctl.cli.operations import doctor_screen as render
from smsctl.cli.operations.doctor_push import way_in
from smsctl.cli.output import figures, language
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.seen import seen_by
from smsctl.cli.wiring import Wiring
from smsctl.config import places
from smsctl.config.settings import MunicipalitySettings, Settings
from smsctl.domain.secret import SecretSource
from smsctl.errors import ExitCode, say, say_n
from smsctl.ledger.sqlite import file
from smsctl.ledger.store import Ledger

AS_CRON_LIMIT_S = 10
_CRONS_PATH = "/usr/bin:/bin"
_CERTIFICATE_WARN_DAYS = 21
_DAY_S = 86_400
_NETWORK = ("dns", "tcp", "tls", "login")


def round_of(wiring: Wiring, municipality: str | None = None, *, push: bool = False) -> tuple[Finding, ...]:
    """Make every check for a mailing of the municipality, or of the default one; without a config none."""
    findings = examine("config", lambda: checks.config(wiring))
    if findings[0].level is Level.ERROR:
        return findings
    settings = wiring.settings
    secrets = examine("secret", lambda: _secrets(wiring))
    payer = _asked(settings, municipality)
    findings += secrets + _recipients(wiring, payer if municipality else None)
    findings += _ledger(wiring, settings, payer)
    findings += examine("notify", lambda: check_notify(settings, partial(wiring_reach.mail_server, wiring)))
    findings += examine("time-zone", lambda: check.time_zone(settings.time_zone))
    can_log_in = all(one.level in (Level.OK, Level.WARNING) for one in secrets)
    findings += tuple(_network(wiring, payer, can_log_in=can_log_in))
    return findings + (examine("push", lambda: way_in(wiring)) if push else ())


def _asked(settings: Settings, named: str | None) -> MunicipalitySettings | None:
    """Return whose mailing is asked about. Raises InputError where none is called so."""
    return settings.municipality(named) if named or settings.default_municipality else None


def as_cron(wiring: Wiring, municipality: str | None = None, *, push: bool = False) -> CommandResult:
    """Let another process make the round, and tell what it told: a person in lines, a program in JSON.

    Raises InputError for a municipality that is not there: of the process it would seem not to start.
    """
    if municipality:
        _asked(wiring.settings, municipality)
    try:
        done = _process_of_cron(wiring, municipality, push=push)
        code, lines = ExitCode(done.returncode), done.stdout.decode(errors="replace").splitlines()
        if wiring.output.speaks_json:
            told = json.loads(lines[-1])
            wiring.output.mode = told["mode"] or ""
            said = [
                Note(code=one["code"], level=one["level"], text=say("{text}", text=one["text"]))
                for one in told["messages"]
            ]
            return CommandResult(data=told["data"], screen=[], said=said, exit_code=code)
        if lines:
            return CommandResult(data={}, screen=render.as_told(lines), exit_code=code)
    except subprocess.TimeoutExpired:
        text = say("As cron, it did not end within {n} seconds.", n=AS_CRON_LIMIT_S)
        mend = say("Look at what waits: smsctl doctor --verbose")
        return told_of(
            [Finding(Level.ERROR, text=text, mend=mend, exit_code=ExitCode.STOPPED, check="as-cron")]
        )
    except (ValueError, KeyError, IndexError):
        pass
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    text = say("As cron, smsctl does not start: {reason}.", reason=last)
    mend = say("Install it for the whole machine, so that it needs nothing of this session.")
    return told_of([Finding(Level.ERROR, text=text, mend=mend, exit_code=ExitCode.STOPPED, check="as-cron")])


def told_of(findings: Sequence[Finding]) -> CommandResult:
    """Return what is told of findings."""
    return CommandResult(
        data=render.data(findings),
        screen=render.screen(findings),
        said=render.notes(findings),
        exit_code=check.verdict(findings),
    )


def _process_of_cron(
    wiring: Wiring, municipality: str | None, *, push: bool
) -> subprocess.CompletedProcess[bytes]:
    """Run the doctor from /, without a terminal, with the little that cron sets, and with our language.

    What it needs of this session's environment is what would be missing at 07:30.
    """
    config = str(wiring.config_path.absolute())
    words = ["--config", config, "doctor"] if wiring.flags.config else ["doctor"]
    words += ["--municipality", municipality] if municipality else []
    words += [
        word
        for word, said in (
            ("--json", wiring.output.speaks_json),
            ("--simulate", wiring.flags.simulate),
            ("--push", push),
        )
        if said
    ]
    # Windows needs the first; the language is for whoever reads this, where the config names none.
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", language.VARIABLE) if name in os.environ}
    return subprocess.run(  # noqa: S603 - this program, with words of our own
        [sys.executable, "-m", "smsctl", *words],
        env={"PATH": _CRONS_PATH, "LC_MESSAGES": language.spoken(), **kept, places.VARIABLE: config},
        cwd=Path(sys.executable).anchor,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=AS_CRON_LIMIT_S,
        start_new_session=True,
        check=False,
    )


def _secrets(wiring: Wiring) -> Iterator[Finding]:
    """Say of each secret which step answers; a rehearsal needs none, so there one may be missing."""
    for name, source in _needed(wiring.settings):
        yield checks.secret(wiring, name, source, is_needed=not wiring.simulated)


def _needed(settings: Settings) -> Iterator[tuple[str, SecretSource]]:
    if settings.gateway.use_web_service:
        yield "gateway", settings.gateway.password
    if settings.smtp and settings.smtp.username:
        yield "smtp", settings.smtp.password


def _recipients(wiring: Wiring, alone: MunicipalitySettings | None) -> tuple[Finding, ...]:
    """Look at each file that a mailing takes when its command names none, of one municipality or of all."""
    settings = wiring.settings
    payers = [alone] if alone else settings.municipalities.values()
    files = dict.fromkeys(one.recipients or settings.recipients for one in payers)
    found: tuple[Finding, ...] = ()
    for path in filter(None, files):
        found += examine("recipients", partial(_recipients_file, wiring, path))
    if found:
        return found
    text = say("The config names no recipients file; each mailing needs --recipients.")
    return (Finding(Level.SKIPPED, text, check="recipients"),)


def _recipients_file(wiring: Wiring, path: Path) -> Iterator[Finding]:
    from smsctl.actions.check_recipients import check_recipients

    yield from check_recipients(wiring.settings, path, wiring.clock.local(), figures.count)


def _ledger(wiring: Wiring, settings: Settings, payer: MunicipalitySettings | None) -> tuple[Finding, ...]:
    """Make the checks that look into the ledger; one that cannot be opened is looked at no further."""
    path, clock = settings.ledger_path, wiring.clock
    shown = partial(figures.local, zone=settings.time_zone)
    opened: list[Ledger | None] = []

    def look() -> Iterator[Finding]:
        wiring.must_lie_here()
        opened.append(wiring.ledger_as_it_is(path))
        if settings.is_on_server and settings.ledger.address:
            place, size = settings.ledger.address.shown, settings.gateway.batch_size
            yield from check_server(opened[0], place, wiring.actor, size, shown)
            return
        if opened[0] is None:
            file.must_be_safe_to_make(path, settings.ledger.group)
        network = settings.ledger.allow_network
        yield from check.ledger_file(opened[0], path, wiring.actor, allow_network=network)
        yield from check.last_host(opened[0], wiring.actor, shown)
        yield from _earlier(settings)

    findings = examine("ledger", look)
    findings += examine("beside", lambda: check_beside(path))
    findings += examine("disk", lambda: check.disk(path, figures.count))
    if findings[0].level is Level.ERROR:
        return findings
    ledger = opened[0]
    findings += examine("clock", lambda: check.clock(ledger, wiring.clock.now(), shown))
    findings += examine("time-zone", lambda: check.booking(ledger))
    if not wiring.simulated:
        findings += examine("package", lambda: _packages(wiring, ledger, payer))
    findings += examine("waiting", lambda: check.waiting(ledger))
    findings += examine("approval", lambda: check_approvals(ledger, clock.local().astimezone(UTC)))
    if not wiring.simulated:
        findings += examine("reports", lambda: check.reports(ledger, settings, clock.local().astimezone(UTC)))
    findings += examine("retention", lambda: check_retention(ledger, settings, clock.now(), clock.before))
    return findings + examine("last-run", lambda: check.keyed_runs(ledger, shown, seen_by(wiring)))


def _earlier(settings: Settings) -> Iterator[Finding]:
    """Warn of a ledger where an earlier smsctl kept this config's, beside the one that is used."""
    for found in places.earlier_ledgers(settings.path, settings.ledger.written):
        if os.path.lexists(found):
            text = say("An earlier smsctl kept this config's ledger at {found}; it is not used.", found=found)
            mend = say(
                "Look in it for what was sent, then put it away; a text that only it knows of would be sent"
                " again."
            )
            yield Finding(Level.WARNING, text=text, mend=mend)


def _packages(wiring: Wiring, ledger: Ledger | None, asked: MunicipalitySettings | None) -> Iterator[Finding]:
    """Look at the service of each municipality; of the one that is asked about, at what stops a mailing."""
    settings = wiring.settings
    for key in settings.municipalities:
        configured, payer = wiring.municipality(key)
        is_asked = asked is not None and configured.key == asked.key
        found = list(check_mailing(payer, circumstances(wiring, ledger))) if is_asked else []
        if payer.in_packages and not any(one.exit_code for one in found):
            yield from check.service(ledger, payer, settings.limits.warn_share, figures.count)
        yield from found


def _network(wiring: Wiring, payer: MunicipalitySettings | None, *, can_log_in: bool) -> Iterator[Finding]:
    """Follow the line to the gateway as far as it reaches; nothing is sent."""
    if wiring.simulated:
        why = say("Mode is simulate: nothing leaves this machine.")
        yield from (Finding(Level.SKIPPED, why, check=name) for name in _NETWORK)
        return
    broken = False
    for name, step in _steps(wiring, payer).items():
        if broken:
            yield Finding(Level.SKIPPED, say("The step before it failed."), check=name)
            continue
        if name == "login" and not can_log_in:
            yield Finding(Level.SKIPPED, say("There is no secret to log in with."), check=name)
            continue
        findings = examine(name, step)
        broken = findings[0].level is Level.ERROR
        yield from findings


def _steps(wiring: Wiring, payer: MunicipalitySettings | None) -> dict[str, Check]:
    """Return the steps on the way to the gateway; of one from elsewhere only the login is known."""
    steps: dict[str, Check] = {"login": lambda: [checks.login(wiring, payer)]}
    endpoint = wiring_reach.first_endpoint(wiring)
    if endpoint is None:
        return steps
    host = endpoint.host

    def dns() -> list[Finding]:
        n = endpoint.look_up()
        return [
            Finding(Level.OK, say_n("{host} has {n} address.", "{host} has {n} addresses.", host=host, n=n))
        ]

    def tcp() -> list[Finding]:
        endpoint.connect()
        return [Finding(Level.OK, say("{host} takes connections.", host=host))]

    def tls() -> list[Finding]:
        if endpoint.speaks_tls:
            return [_certificate(host, endpoint.certificate_ends_s())]
        return [Finding(Level.SKIPPED, say("{host} does not begin with TLS; the login tells.", host=host))]

    return {"dns": dns, "tcp": tcp, "tls": tls, **steps}


def _certificate(host: str, ends_s: float) -> Finding:
    days = int((ends_s - time.time()) // _DAY_S)
    text = say_n(
        "The certificate of {host} is trusted for {n} more day.",
        "The certificate of {host} is trusted for {n} more days.",
        n=days,
        host=host,
    )
    mend = say("Ask the supplier when it is renewed.")
    return check.graded(text, mend, warns=days < _CERTIFICATE_WARN_DAYS)
