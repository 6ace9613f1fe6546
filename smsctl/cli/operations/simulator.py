"""`smsctl simulator`: both gateways on this machine, until interrupted."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from smsctl.cli import wiring_gateway
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_rows import pairs
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode, UsageError, say

EXAMPLES = (
    "smsctl simulator",
    "smsctl simulator --port 8025 --journal accepted.jsonl --latency 0.05",
    "smsctl simulator --faults timeout=0.02,reset=0.01 --seed 7",
    "smsctl simulator --push-to intelecom=http://127.0.0.1:8471/intelecom/SECRET",
    "smsctl simulator --report-spread 5 --report-code 351=0.05 --report-twice 0.1",
    "smsctl simulator --as-a-gateway",
)

_NAP_S = 0.1

Port = Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="0 takes a free one.")]
Host = Annotated[str, typer.Option(metavar="HOST", help="Loopback only, unless --allow-other-hosts.")]
OtherHosts = Annotated[
    bool, typer.Option("--allow-other-hosts", help="Also an address that others can reach.")
]
JournalFile = Annotated[Path, typer.Option(metavar="FILE", help="One JSON line for each accepted message.")]
Durable = Annotated[bool, typer.Option("--durable", help="Each line on the disk before the answer.")]
AsAGateway = Annotated[
    bool,
    typer.Option(
        "--as-a-gateway",
        help="Say nowhere that this is a simulator: for tests of live mode, which refuses one.",
    ),
]
VendorLike = Annotated[
    bool,
    typer.Option(
        "--vendor-like", help="As Puzzel's own clients meet it where the documents differ: gzip, other paths."
    ),
]
Latency = Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Seconds before each answer.")]
Faults = Annotated[
    str,
    typer.Option(
        "--fault", "--faults", metavar="FAULT=SHARE", help="Shares of requests: timeout=0.02,reset=0.01"
    ),
]
Seed = Annotated[int, typer.Option(metavar="NUMBER", help="The same seed gives the same faults.")]
OnlyText = Annotated[
    str | None, typer.Option(metavar="TEXT", help="The only one accepted; else any. For rehearsals only.")
]
OnlyService = Annotated[
    int | None, typer.Option(metavar="NUMBER", help="The only service accepted; else any.")
]
BadLogin = Annotated[str, typer.Option(metavar="KIND", help="401 or code2: how a bad login is told.")]
Unique = Annotated[bool, typer.Option("--unique-references", help="Refuse repeated references with code 25.")]
PushTo = Annotated[
    list[str] | None,
    typer.Option(metavar="GATEWAY=URL", help="Where reports and incoming SMS are pushed. Repeatable."),
]
PushStyle = Annotated[
    str, typer.Option(metavar="STYLE", help="json, xml, get (intelecom) or form (pswincom).")
]
PushHeader = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="A header of each push. Repeatable.")
]
ReportDelay = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="Seconds from the answer to its reports.")
]
ReportSpread = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="Seconds more at random: reports overtake each other.")
]
ReportTwice = Annotated[
    float, typer.Option(min=0, max=1, metavar="SHARE", help="Share of reports that come twice.")
]
ReportCode = Annotated[
    list[str] | None,
    typer.Option(metavar="CODE=SHARE", help="Share of reports with this code, known or not. Repeatable."),
]
SpamLimit = Annotated[
    int | None, typer.Option(min=1, metavar="MESSAGES", help="Code 24 after so many to one number.")
]


def run(
    ctx: typer.Context,
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
    switches = kept | answered | login | refused | told | times
    url = wiring_gateway.start_simulator(
        ctx.obj, host, port, faults, switches, allow_other_hosts=allow_other_hosts
    )
    return _tell_and_wait(ctx.obj, url, journal)


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
            raise UsageError(
                say(
                    "{flag} {name}={share}: a share is a number from 0 to 1.",
                    flag=flag,
                    name=name,
                    share=share,
                )
            )
    return found


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
