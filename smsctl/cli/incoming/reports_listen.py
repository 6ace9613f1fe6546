"""`smsctl reports listen`: takes the gateways' pushes, until it is told to stop."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from smsctl.cli import notify, options, wiring_listener
from smsctl.cli.incoming import forwarding, receiving
from smsctl.cli.incoming import reports as render
from smsctl.cli.options import flag, option
from smsctl.cli.output.blocks import Block, Fact, FactList, TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_listener import RunningListener
from smsctl.errors import ExitCode, Sentence, SmsctlError, say
from smsctl.ledger.reports import IntakeSource

EXAMPLES = ("smsctl reports listen", "smsctl reports listen --addresses")

_LAST_MAIL_S = 5  # for the mail under way when it is told to stop

_Host = Annotated[str | None, option("HOST", "Instead of the config's.")]
_Addresses = Annotated[bool, flag("--addresses", "Print the secret addresses for the supplier, and end.")]
_Port = Annotated[int | None, option("PORT", "0 takes a free one.", min=0, max=65535)]


def run(
    wiring: Wiring,
    *,
    host: _Host = None,
    port: _Port = None,
    addresses: _Addresses = False,
    forward_to: options.ForwardTo = None,
) -> CommandResult:
    """Listen for delivery reports and incoming SMS that the gateways push.

    Stands behind the site's own TLS proxy. Each push is answered when it is stored, and not before. Ends
    cleanly on Ctrl-C and SIGTERM; on SIGHUP too, with exit code 129.
    """
    if addresses:
        return _addresses(wiring)
    complaints = receiving.Complaints(wiring.output.tell_now)
    forwarder = forwarding.forwarder(wiring, forward_to, complaints.note)
    intake_rules = wiring_listener.intake_rules(wiring, IntakeSource.PUSHED, forward_to)
    intake = receiving.PushIntake(wiring, intake_rules, complaints.note)

    def turn() -> None:
        complaints.turn()
        if forwarder:
            forwarder.turn()

    ears = wiring_listener.listen(
        wiring,
        intake.store,
        host=host,
        port=port,
        on_trouble=lambda error: complaints.note(_told(error)),
        on_refused=complaints.note,
        on_turn=turn,
    )
    with _stopped_by_signals(wiring, ears) as heard:
        _open(wiring, intake, complaints)
        if not wiring.output.speaks_json:
            wiring.output.out.show([TextLine(say("Listening on {url}.", url=ears.listener.url), Tone.STRONG)])
        ears.push_queue.serve(ears.listener.closed)
        if forwarder:
            forwarder.end(_LAST_MAIL_S)
        complaints.end()
    code = ExitCode.HUNG_UP if "SIGHUP" in heard[:1] else ExitCode.OK
    return render.taken_result(intake.taken, code, simulated=wiring.simulated)


def _open(wiring: Wiring, intake: receiving.PushIntake, complaints: receiving.Complaints) -> None:
    """Open the ledger, whose owner may not be able to take the port; tell what waits in it."""
    intake.open(complaints.note)
    notify.tell_what_waits(wiring)


@contextmanager
def _stopped_by_signals(wiring: Wiring, ears: RunningListener) -> Iterator[list[str]]:
    """Yield the names of the signals that were heard."""
    heard: list[str] = []

    def stop(name: str) -> None:
        heard.append(name)
        ears.listener.stop()

    with wiring.output.stopping.ends(stop):
        try:
            yield heard
        finally:
            ears.listener.stop()


def _told(error: Exception) -> Sentence:
    if isinstance(error, SmsctlError):
        return say("a push is not stored, and the gateway is asked to try again: {why}", why=error.sentence)
    return say(
        "a push cannot be stored ({kind}), and the gateway is asked to try again", kind=type(error).__name__
    )


def _addresses(wiring: Wiring) -> CommandResult:
    passes = wiring_listener.passes(wiring)
    facts: list[Block] = [
        FactList([Fact(one.gateway, _words(one.path, one.header, one.login))]) for one in passes
    ]
    advice = say(
        "The path on the site's own address. These words are secret: tell them to the supplier only."
    )
    data = [
        {"gateway": one.gateway, "path": one.path, "header": one.header, "login": one.login} for one in passes
    ]
    return CommandResult(data={"addresses": data}, screen=[*facts, TextLine(advice)])


def _words(path: str, header: tuple[str, str] | None, login: tuple[str, str] | None) -> list[Sentence | str]:
    words: list[Sentence | str] = [path]
    if header:
        words.append(say("header {name}: {value}", name=header[0], value=header[1]))
    if login:
        words.append(say("user name {name}, password {value}", name=login[0], value=login[1]))
    return words
