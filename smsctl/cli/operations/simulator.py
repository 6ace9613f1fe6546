"""`smsctl simulator …`: both gateways on this machine until interrupted, and an SMS that comes in there."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from smsctl.cli import numbers, wiring_gateway
from smsctl.cli.options import argument, flag, option
from smsctl.cli.output import log
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_rows import pairs
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode, InputError, LedgerError, UsageError, say

EXAMPLES = {
    "": (
        "smsctl simulator",
        "smsctl simulator --port 8025 --journal accepted.jsonl --latency 0.05",
        "smsctl simulator --faults timeout=0.02,reset=0.01 --seed 7",
        "smsctl simulator --push-to intelecom=http://127.0.0.1:8471/intelecom/SECRET",
        "smsctl simulator --report-spread 5 --report-code 351=0.05 --report-twice 0.1",
        "smsctl simulator --as-a-gateway",
    ),
    "incoming": (
        'smsctl simulator incoming +46701740605 "KOMMUN Ja tack"',
        "smsctl simulator incoming 0701740605 STOP --url http://127.0.0.1:8025",
    ),
}

_NAP_S = 0.1

Port = Annotated[int, option("PORT", "0 takes a free one.", min=0, max=65535)]
Host = Annotated[str, option("HOST", "Loopback only, unless --allow-other-hosts.")]
OtherHosts = Annotated[bool, flag("--allow-other-hosts", "Also an address that others can reach.")]
JournalFile = Annotated[Path, option("FILE", "One JSON line for each accepted message.")]
Durable = Annotated[bool, flag("--durable", "Each line on the disk before the answer.")]
AsAGateway = Annotated[
    bool,
    flag(
        "--as-a-gateway", "Say nowhere that this is a simulator: for tests of live mode, which refuses one."
    ),
]
VendorLike = Annotated[
    bool,
    flag("--vendor-like", "As Puzzel's own clients meet it where the documents differ: gzip, other paths."),
]
Latency = Annotated[float, option("SECONDS", "Seconds before each answer.", min=0)]
Faults = Annotated[
    str, option("FAULT=SHARE", "Shares of requests: timeout=0.02,reset=0.01", "--fault", "--faults")
]
Seed = Annotated[int, option("NUMBER", "The same seed gives the same faults.")]
OnlyText = Annotated[str | None, option("TEXT", "The only one accepted; else any. For rehearsals only.")]
OnlyService = Annotated[int | None, option("NUMBER", "The only service accepted; else any.")]
BadLogin = Annotated[str, option("KIND", "401 or code2: how a bad login is told.")]
Unique = Annotated[bool, flag("--unique-references", "Refuse repeated references with code 25.")]
PushTo = Annotated[
    list[str] | None, option("GATEWAY=URL", "Where reports and incoming SMS are pushed. Repeatable.")
]
PushStyle = Annotated[str, option("STYLE", "json, xml, get (intelecom) or form (pswincom).")]
PushHeader = Annotated[list[str] | None, option("NAME=VALUE", "A header of each push. Repeatable.")]
ReportDelay = Annotated[float, option("SECONDS", "Seconds from the answer to its reports.", min=0)]
ReportSpread = Annotated[
    float, option("SECONDS", "Seconds more at random: reports overtake each other.", min=0)
]
ReportTwice = Annotated[float, option("SHARE", "Share of reports that come twice.", min=0, max=1)]
ReportCode = Annotated[
    list[str] | None, option("CODE=SHARE", "Share of reports with this code, known or not. Repeatable.")
]
SpamLimit = Annotated[int | None, option("MESSAGES", "Code 24 after so many to one number.", min=1)]


def run(
    wiring: Wiring,
    *,
    port: Port = 0,
    host: Host = "127.0.0.1",
    allow_other_hosts: OtherHosts = False,
    journal: JournalFile = Path("simulated-sms.jsonl"),
    durable: Durable = False,
    as_a_gateway: AsAGateway = False,
    vendor_like: VendorLike = False,
    latency: Latency = 0.0,
    faults: Faults = "",
    seed: Seed = 1,
    username: OnlyText = None,
    password: OnlyText = None,
    service_id: OnlyService = None,
    bad_login: BadLogin = "401",
    unique_references: Unique = False,
    spam_limit: SpamLimit = None,
    push_to: PushTo = None,
    push_style: PushStyle = "json",
    push_header: PushHeader = None,
    report_delay: ReportDelay = 1.0,
    report_spread: ReportSpread = 0.0,
    report_twice: ReportTwice = 0.0,
    report_code: ReportCode = None,
) -> CommandResult:
    """Run both gateways on this machine, for rehearsals and for testing other systems.

    Prints its address for `url` under [gateway], accepts any login, sends nothing, and serves until Ctrl-C.
    """
    kept = {"journal": journal, "durable": durable}
    answered = {"as_a_gateway": as_a_gateway, "vendor_like": vendor_like, "latency_s": latency, "seed": seed}
    login = {"username": username, "password": password, "service_id": service_id, "bad_login": bad_login}
    refused = {"unique_references": unique_references, "spam_limit": spam_limit}
    told = {"push_style": push_style, **_by_name(push_to or (), push_header or (), report_code or ())}
    times = {
        "report_delay_s": report_delay,
        "report_spread_s": report_spread,
        "report_twice_share": report_twice,
    }
    _must_be_a_journal(journal)
    switches = kept | answered | login | refused | told | times
    url = wiring_gateway.start_simulator(
        wiring, host, port, faults, switches, allow_other_hosts=allow_other_hosts
    )
    return _tell_and_wait(wiring, url, journal)


def run_incoming(
    wiring: Wiring,
    number: Annotated[str, argument("NUMBER", "Who it is from, in any usual spelling.")],
    text: Annotated[str, argument("TEXT", "The text, in quotes.")],
    *,
    url: Annotated[
        str | None, option("URL", "The simulator's; without it, [gateway] url of the config.")
    ] = None,
    gateway: Annotated[str | None, option("GATEWAY", "intelecom or pswincom; else the config's.")] = None,
    as_a_gateway: Annotated[
        bool, flag("--as-a-gateway", "The simulator was started so: do not ask it what it is.")
    ] = False,
    receiver: Annotated[str, option("NUMBER", "The number it was sent to.")] = "71234",
) -> CommandResult:
    """Let an SMS come in at a running simulator, which pushes or queues it as the gateway would."""
    sender = numbers.read(wiring, number)
    wiring_gateway.let_come_in(
        wiring,
        url or wiring.settings.gateway.url,
        {
            "gateway": gateway or wiring.settings.gateway.module,
            "sender": sender,
            "receiver": receiver,
            "text": text,
        },
        as_a_gateway=as_a_gateway,
    )
    wiring.output.mode = "simulate"
    return CommandResult(screen=[TextLine(say("The simulator has taken the SMS."), Tone.GOOD)])


def _by_name(push_to: Sequence[str], headers: Sequence[str], codes: Sequence[str]) -> dict[str, Any]:
    return {
        "push_to": pairs("--push-to", push_to),
        "push_headers": pairs("--push-header", headers),
        "report_codes": _shares("--report-code", codes),
    }


def _shares(flag: str, texts: Sequence[str]) -> dict[str, float]:
    found = {}
    for name, share in pairs(flag, texts).items():
        try:
            found[name] = float(share)
        except ValueError:
            found[name] = -1
        if not 0 <= found[name] <= 1:
            sentence = say(
                "{flag} {name}={share}: a share is a number from 0 to 1.", flag=flag, name=name, share=share
            )
            raise UsageError(sentence)
    return found


def _must_be_a_journal(path: Path) -> None:
    try:
        log.must_hold_lines(path)
    except LedgerError as error:
        raise InputError(
            say("cannot write the simulator's journal {path}: {why}", path=path, why=error.sentence)
        ) from None
    except OSError:
        pass  # it is told where it is opened


def _tell_and_wait(wiring: Wiring, url: str, journal: Path) -> CommandResult:
    wiring.output.mode = "simulate"
    heard: list[str] = []
    with wiring.output.stopping.ends(heard.append):
        wiring.output.out.show(
            [
                TextLine(say("Simulator: no SMS leaves this machine."), Tone.WARN),
                TextLine(url, Tone.STRONG),
                TextLine(
                    say("Accepted messages are appended to {journal}. Ctrl-C stops it.", journal=journal)
                ),
            ]
        )
        while not heard:
            time.sleep(_NAP_S)  # a signal alone does not end a sleep
    code = ExitCode.HUNG_UP if heard[0] == "SIGHUP" else ExitCode.OK
    return CommandResult(data={"url": url, "journal": str(journal)}, exit_code=code)
