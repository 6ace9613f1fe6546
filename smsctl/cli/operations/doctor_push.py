"""`smsctl doctor --push`: whether a push from outside would reach the listener."""

from collections.abc import Iterator
from http import HTTPStatus

from smsctl.actions.check import Finding, Level
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode, Sentence, StoppedError, say


def way_in(wiring: Wiring) -> Iterator[Finding]:
    """Push to the site's own address, and say how far it came."""
    reports = wiring.settings.reports
    if wiring.simulated:
        yield Finding(Level.SKIPPED, say("Mode is simulate: nothing leaves this machine."))
    elif reports.public_url is None:
        yield Finding(
            Level.SKIPPED,
            say("The config names no public_url under [reports]."),
            mend=say("Set it to the address that the supplier pushes to, without its path."),
        )
    else:
        yield _tried(wiring, reports.public_url)


def _tried(wiring: Wiring, url: str) -> Finding:
    from smsctl.cli.wiring_listener import push_to_itself

    reports = wiring.settings.reports
    trial = push_to_itself(wiring, url)
    size = reports.largest_push_mib
    if trial.is_proved:
        told = say("{url} leads to the listener, which took {n} MiB.", url=url, n=size)
        return Finding(Level.OK, told)
    if trial.status is None and (untrusted := _untrusted(wiring, url)):
        return untrusted
    if trial.status is None:
        return Finding(
            Level.WARNING,
            say("{url} cannot be reached from here: {why}.", url=url, why=trial.why or "-"),
            mend=say("There may be no way back from inside. Try it from outside: curl -i {url}", url=url),
        )
    if trial.status == HTTPStatus.FORBIDDEN and reports.allow:
        told = say("{url} is reached; `allow` does not name this machine, and it was refused.", url=url)
        return Finding(Level.OK, told)
    told = say("{url} answers {status} to a push.", url=url, status=trial.status)
    return Finding(Level.ERROR, told, mend=_mend(trial.status, size), exit_code=ExitCode.STOPPED)


def _untrusted(wiring: Wiring, url: str) -> Finding | None:
    """Return what is wrong with the certificate of a web server that is reached; None: it is not reached.

    The supplier would meet the same.
    """
    from smsctl.cli.wiring_reach import web_server

    server = web_server(wiring, url)
    try:
        server.connect()
    except StoppedError:
        return None
    try:
        if server.speaks_tls:
            server.certificate_ends_s()
    except StoppedError as error:
        mend = say(
            "Let the web server show a whole chain of certificates, for this name, that has not ended."
        )
        return Finding(Level.ERROR, error.sentence, mend=mend, exit_code=ExitCode.STOPPED)
    return None


def _mend(status: int, size: int) -> Sentence:
    match status:
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return say("Let the web server before the listener take {n} MiB: client_max_body_size.", n=size)
        case HTTPStatus.UNAUTHORIZED:
            return say("Let the web server before the listener pass the header and the login on.")
        case HTTPStatus.NOT_FOUND:
            return say(
                "Does the web server pass the path on, and was the listener started anew since the secret was"
                " made?"
            )
        case HTTPStatus.BAD_GATEWAY | HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.GATEWAY_TIMEOUT:
            return say("Does the listener run? systemctl status smsctl-listen")
    return say("Something else answers there: look in the log of the web server.")
