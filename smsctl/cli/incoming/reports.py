"""`smsctl reports …`: what gateways tell later, listened for, fetched from queues, or taken from a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from smsctl.actions.poll import poll
from smsctl.actions.stop_signal import BY_SIGNAL, CODES, StopSignal
from smsctl.cli import notify, numbers, options, seen, wiring_listener
from smsctl.cli.incoming import forwarding, receiving
from smsctl.cli.incoming import reports_screen as render
from smsctl.cli.options import argument, flag, option
from smsctl.cli.output.blocks import Block, Fact, FactList, TextLine, Tone
from smsctl.cli.output.export import write_json
from smsctl.cli.output.fields import data_of, facts_of
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_times import read_duration
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode, Sentence, SmsctlError, say, say_n
from smsctl.ledger import reports, undelivered
from smsctl.ledger.reports import IntakeSource
from smsctl.ledger.seam.sentences import OutOfDateError

EXAMPLES = {
    "listen": ("smsctl reports listen", "smsctl reports listen --addresses"),
    "poll": ("smsctl reports poll", "smsctl reports poll --for 50s --quiet"),
    "import": ("smsctl reports import reports.json",),
    "unmatched": ("smsctl reports unmatched", "smsctl reports unmatched --export reports.json"),
}

_LAST_MAIL_S = 5  # for the mail under way when it is told to stop

_Host = Annotated[str | None, option("HOST", "Instead of the config's.")]
_Addresses = Annotated[bool, flag("--addresses", "Print the secret addresses for the supplier, and end.")]
_Port = Annotated[int | None, option("PORT", "0 takes a free one.", min=0, max=65535)]


def run_listen(
    wiring: Wiring,
    *,
    host: _Host = None,
    port: _Port = None,
    addresses: _Addresses = False,
    forward_to: options.ForwardTo = None,
) -> CommandResult:
    """Listen for delivery reports and incoming SMS that the gateways push.

    Stands behind the site's own TLS proxy. Each push is answered when it is stored, and not before. Ends
    cleanly on Ctrl-C and SIGTERM; on SIGHUP too, with exit code 129. With 9 where the ledger is another one
    since it began, was copied away, books by another time zone, takes another password, or a newer smsctl has
    changed it: it must be started anew, as the unit does.
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

    trouble = _Trouble(complaints)
    listener, push_queue = wiring_listener.listen(
        wiring,
        lambda push_batches: intake.store(*push_batches),
        host=host,
        port=port,
        on_trouble=trouble.note,
        on_refused=complaints.note,
        on_turn=turn,
    )
    trouble.stop = listener.stop
    with _stopped_by_signals(wiring, listener.stop) as heard:
        intake.open(complaints.note)  # only now: its owner may not be able to take the port
        notify.tell_what_waits(wiring)
        if not wiring.output.speaks_json:
            wiring.output.out.show([TextLine(say("Listening on {url}.", url=listener.url), Tone.STRONG)])
        push_queue.serve(listener.closed)
        if forwarder:
            forwarder.end(_LAST_MAIL_S)
        trouble.end()
    code = ExitCode.HUNG_UP if "SIGHUP" in heard[:1] else ExitCode.OK
    return render.taken_result(intake.taken, code)


@dataclass(slots=True)
class _Trouble:
    """What keeps pushes from being stored. What will keep all that come from it ends the listener."""

    complaints: receiving.Complaints
    stop: Callable[[], None] = lambda: None
    _last: OutOfDateError | None = None

    def note(self, error: Exception) -> None:
        self.complaints.note(_told(error))
        if isinstance(error, OutOfDateError):
            self._last = error
            self.stop()

    def end(self) -> None:
        """Tell the rest; raise what has ended the listener."""
        self.complaints.end()
        if self._last:  # 9, whatever it is: with the config of now one that is started anew perhaps can
            raise OutOfDateError(self._last.sentence, hint=self._last.hint)


@contextmanager
def _stopped_by_signals(wiring: Wiring, stop: Callable[[], None]) -> Iterator[list[str]]:
    """Yield the names of the signals that were heard."""
    heard: list[str] = []

    def hear(name: str) -> None:
        heard.append(name)
        stop()

    with wiring.output.stopping.ends(hear):
        try:
            yield heard
        finally:
            stop()


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
    advice = (
        say("These are the rehearsal's, and no secret: the supplier's are told in live mode.")
        if wiring.simulated
        else say(
            "The path on the site's own address. These words are secret: tell them to the supplier only."
        )
    )
    data = [facts_of(one, "gateway", "path", "header", "login") for one in passes]
    return CommandResult(data={"addresses": data}, screen=[*facts, TextLine(advice)])


def _words(path: str, header: tuple[str, str] | None, login: tuple[str, str] | None) -> list[Sentence | str]:
    words: list[Sentence | str] = [path]
    if header:
        words.append(say("header {name}: {value}", name=header[0], value=header[1]))
    if login:
        words.append(say("user name {name}, password {value}", name=login[0], value=login[1]))
    return words


_MAILING_S = 30  # what is not mailed on by then is mailed on the next time


def run_poll(
    wiring: Wiring,
    *,
    for_time: Annotated[str | None, option("TIME", "Look again for so long: 50s from cron.", "--for")] = None,
    forward_to: options.ForwardTo = None,
) -> CommandResult:
    """Fetch delivery reports and incoming SMS from the gateway's queues (PSWinCom).

    Each is stored before it is acknowledged, and needs no opening in the firewall. What is fetched is gone
    from the queue for everybody else: it must be allowed with poll = true under [reports] in the config.
    """
    for_s = read_duration("--for", for_time).total_seconds() if for_time else None
    queues = wiring_listener.queues(wiring)
    output = wiring.output
    forwarder = forwarding.forwarder(wiring, forward_to, output.insist)
    intake_rules = wiring_listener.intake_rules(wiring, IntakeSource.POLLED, forward_to)
    intake = receiving.PushIntake(wiring, intake_rules, output.insist)
    stop_signal = StopSignal()
    intake.open(output.warn)
    try:
        with output.stopping.ends(lambda name: stop_signal.ask(BY_SIGNAL[name])), stop_signal.armed():
            taken = poll(queues, intake.store, for_s, stop_signal=stop_signal)
    finally:  # what was stored is mailed on also when the gateway fails
        if forwarder:
            forwarder.work(_MAILING_S)
    code = CODES[stop_signal.asked] if stop_signal.asked else ExitCode.OK
    return render.taken_result(taken, code)


def run_import(
    wiring: Wiring, file: Annotated[Path, argument("FILE", "JSON or XML, as the gateway pushes it.")]
) -> CommandResult:
    """Take in delivery reports and incoming SMS from a file; a second time changes nothing."""
    intake_rules = wiring_listener.intake_rules(wiring, IntakeSource.IMPORTED)
    intake, unread = receiving.PushIntake(wiring, intake_rules, wiring.output.insist), 0
    with wiring.output.working(say("Reading")) as tell:
        for push_batch in wiring_listener.read_report_file(file, tell):
            intake.store(push_batch)
            unread += push_batch.unread
            wiring.ledger.give_way()
    if unread:
        sentence = say_n(
            "{n} entry cannot be read. It is kept: smsctl reports unmatched",
            "{n} entries cannot be read. They are kept: smsctl reports unmatched",
            n=unread,
        )
        wiring.output.insist(sentence)
    return render.taken_result(intake.taken)


_SHOWN = 50


def run_unmatched(
    wiring: Wiring,
    export: Annotated[
        Path | None,
        option("FILE", "Write all as JSON, with full numbers (mode 0600); not for reports import."),
    ] = None,
    *,
    replace: options.Replace = False,
) -> CommandResult:
    """List delivery reports that fit no message of this ledger, or contradict a final state.

    Those of other programs on the same account are among them: SuperOffice's, for one. Under [senders], only
    those on messages of the municipalities that a rule gives the user. The file of --export is for people:
    this ledger keeps what it holds, and reports import reads what a gateway has written.
    """
    wiring.names(write=(export,), replace=replace)
    of = seen.seen_by(wiring)
    total = sum(reports.kept_counts(wiring.ledger).values())
    fields = render.kept_fields(wiring.settings.time_zone)
    found, page = reports.kept(wiring.ledger, most=total if export or of is not None else _SHOWN, of=of), None
    if export:
        page = write_json(export, [data_of(fields, one) for one in found], replace=replace)
    total = total if of is None else len(found)
    rows = [one._replace(report=numbers.shown_report(wiring, one.report)) for one in found[:_SHOWN]]
    have_come = undelivered.have_come(wiring.ledger)
    return CommandResult(
        data={"total": total, "reports": [data_of(fields, one) for one in rows]},
        page=page,
        screen=[*seen.limits(wiring, of), *render.kept(fields, rows, total, have_come=have_come)],
        is_of_the_ledger=True,
    )
