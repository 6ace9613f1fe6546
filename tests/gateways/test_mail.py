import hmac
import re
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import ClassVar

import pytest

from smsctl.domain.gateway import MailRoute, Options
from smsctl.domain.message import Receipt, Status, SubmitVerdict
from smsctl.domain.secret import Secret
from smsctl.domain.text import MessageText
from smsctl.errors import ConfigError, CredentialError, GatewayRefusedError, StoppedError
from smsctl.gateways.mail import open_gateway

from .certificates import server_context
from .contract import CANARY, GatewayContract, outcome, some_batch, some_options, submit
from .fault_server import Behaviour, FaultServer, Line, free_port
from .line import after_s

A, P, R, U = Status.ACCEPTED, Status.PENDING, Status.REJECTED, Status.UNKNOWN

Reaction = Callable[[Line], None]


def say(text: str) -> Reaction:
    return lambda line: line.send(text.encode() + b"\r\n")


def leave(line: Line) -> None:
    raise ConnectionAbortedError


def mail_server(**reactions: Reaction) -> Behaviour:
    """Speak SMTP; `reactions` replace the answer to a command, to the greeting, or to the final dot."""
    answers = {
        "greeting": say("220 mail.exempelkommun.example"),
        "ehlo": say("250 mail.exempelkommun.example"),
        "data": say("354 go ahead"),
        "dot": say("250 2.0.0 queued as 4711"),
        "quit": say("221 bye"),
        **reactions,
    }

    def behaviour(line: Line) -> None:
        answers["greeting"](line)
        while True:
            command = line.read_until(b"\r\n")
            verb = command[:4].decode().strip().lower()
            line.latest = command
            line.keep(command)
            answers.get(verb, say("250 ok"))(line)
            if verb == "data":
                line.keep(line.read_until(b"\r\n.\r\n"))
                answers["dot"](line)

    return behaviour


class TestContract(GatewayContract):
    open_gateway = staticmethod(open_gateway)

    @staticmethod
    def accept_all(line: Line) -> None:
        mail_server()(line)

    @staticmethod
    def never_answer(line: Line) -> None:
        mail_server(dot=Line.keep_silent)(line)

    @staticmethod
    def close_unanswered(line: Line) -> None:
        mail_server(dot=leave)(line)

    without_password: ClassVar[dict[str, object]] = {
        "mail": MailRoute(host="127.0.0.1", from_address="sms@exempelkommun.example", username="demo")
    }


def sent(server: FaultServer) -> list[bytes]:
    """Return the mails as the server took them."""
    return [request for request in server.requests if request.endswith(b"\r\n.\r\n")]


def test_each_mail_may_have_a_text_of_its_own() -> None:
    with FaultServer(mail_server()) as server:
        submit(
            open_gateway(some_options(server.port)), some_batch(2)._replace(bodies=("Hej Kim", "Hej Đorđe"))
        )
        mails = [message_from_bytes(mail[:-3], policy=default) for mail in sent(server)]
    assert [mail.get_content().strip() for mail in mails] == ["Hej Kim", "Hej Đorđe"]


def test_every_recipient_gets_a_mail_of_plain_text_and_a_stable_message_id() -> None:
    with FaultServer(mail_server()) as server:
        submit(open_gateway(some_options(server.port)), some_batch(2))
        mails = [message_from_bytes(mail[:-3], policy=default) for mail in sent(server)]
        commands = [request for request in server.requests if request.lower().startswith((b"mail", b"rcpt"))]
    assert server.connections == 1
    assert [mail["To"] for mail in mails] == [f"4670174060{n}-4711@smsmail.intele.com" for n in (5, 6)]
    assert [mail["Message-ID"] for mail in mails] == [f"<a1-000{n}@exempelkommun.example>" for n in (0, 1)]
    assert {mail["From"] for mail in mails} == {"sms@exempelkommun.example"}
    assert {mail.get_content_type() for mail in mails} == {"text/plain"}
    assert {mail.get_content_charset() for mail in mails} == {"utf-8"}
    assert {mail.get_content().rstrip("\r\n") for mail in mails} == {"Skolan är stängd i dag."}
    assert re.match(rb"(?i)rcpt to:<46701740605-4711@smsmail.intele.com>", commands[1])


@pytest.mark.parametrize("body", [".", "a\n.\n.b\n..", "🙂 " * 100, "Rad ett\nrad två"])
def test_no_line_of_the_text_ends_the_mail(body: str) -> None:
    with FaultServer(mail_server()) as server:
        answer = submit(open_gateway(some_options(server.port)), some_batch(2, text=MessageText(body=body)))
        mails = [re.sub(rb"(?m)^\.\.", b".", mail[:-3]) for mail in sent(server)]
    assert outcome(answer) == (SubmitVerdict.ANSWERED, [A, A])
    for mail in mails:
        content = message_from_bytes(mail, policy=default).get_content()
        assert content.replace("\r\n", "\n").removesuffix("\n") == body


def test_the_address_is_a_template() -> None:
    with FaultServer(mail_server()) as server:
        options = some_options(server.port)
        assert options.mail is not None
        route = options.mail._replace(address="+{number}@{service_id}.sms.example")
        submit(open_gateway(options._replace(mail=route)), some_batch(1))
        assert b"To: +46701740605@4711.sms.example\r\n" in sent(server)[0]


def test_a_mail_handed_over_is_accepted_with_the_servers_words() -> None:
    with FaultServer(mail_server()) as server:
        answer = submit(open_gateway(some_options(server.port)), some_batch(1))
    assert list(answer.receipts) == [
        Receipt("a1-0000", A, gateway_id=None, code="250", text="2.0.0 queued as 4711")
    ]


def test_one_recipient_that_is_refused_keeps_no_other_out() -> None:
    def refuse_the_second(line: Line) -> None:
        known = b"46701740606" not in line.latest
        line.send(b"250 ok\r\n" if known else b"550 no such user here\r\n")

    with FaultServer(mail_server(rcpt=refuse_the_second)) as server:
        answer = submit(open_gateway(some_options(server.port)), some_batch(3))
        assert len(sent(server)) == 2
    assert outcome(answer) == (SubmitVerdict.ANSWERED, [A, R, A])


@pytest.mark.parametrize(
    ("words", "states"),
    [
        (b"450 mailbox busy", [A, P, A]),
        (b"450 4.2.1 mailbox busy", [A, P, A]),
        (b"451 4.1.1 not verified just now", [A, P, A]),
        (b"450 4.7.1 too many mails", [A, P, P]),
        (b"450 blocked by policy", [A, P, P]),
        (b"450 4.1.8 <sms@example.se>: Sender address rejected: Domain not found", [A, P, P]),
        (b"450 4.1.0 <sms@example.se>: Sender address rejected: unverified", [A, P, P]),
        (b"450 <sms@example.se>: Sender address rejected: Domain not found", [A, P, P]),
        (b"451 local error", [A, P, P]),
        (b"421 4.2.1 closing", [A, P, P]),
    ],
)
def test_one_recipient_that_is_put_off_keeps_no_other_out(words: bytes, states: list[Status]) -> None:
    """It stays pending, and the run waits before it asks again; what is said of us stops the mails."""

    def put_off_the_second(line: Line) -> None:
        line.send(words + b"\r\n" if b"46701740606" in line.latest else b"250 ok\r\n")

    with FaultServer(mail_server(rcpt=put_off_the_second)) as server:
        answer = submit(open_gateway(some_options(server.port)), some_batch(3))
        assert len(sent(server)) == states.count(A)
    assert outcome(answer) == (SubmitVerdict.BUSY, states)


@pytest.mark.parametrize("step", ["data", "dot"])
def test_one_recipient_that_is_refused_late_keeps_no_other_out(step: str) -> None:
    """A filter before the mail server takes every recipient, and tells later that there is no such one."""
    replies = [b"354 go ahead\r\n"] * 3 if step == "data" else [b"250 ok\r\n"] * 3
    replies[1] = b"550 5.1.1 no such user here\r\n"

    def refuse_the_second(line: Line) -> None:
        line.send(replies.pop(0))
        if line.latest.lower().startswith(b"data") and len(replies) == 1 and step == "data":
            line.read_until(b"\r\n")  # RSET
            line.send(b"250 ok\r\n")
            raise ConnectionAbortedError

    with FaultServer(mail_server(**{step: refuse_the_second})) as server:
        answer = submit(open_gateway(some_options(server.port)), some_batch(3))
    late = P if step == "data" else A
    assert [receipt.status for receipt in answer.receipts] == [A, R, late]


@pytest.mark.parametrize("words", [b"550 no", b"550 5.7.1 spam", b"451 5.1.1 later"])
def test_what_is_refused_late_for_another_reason_stops_the_mails(words: bytes) -> None:
    with FaultServer(mail_server(dot=lambda line: line.send(words + b"\r\n"))) as server:
        answer = submit(open_gateway(some_options(server.port)), some_batch(3))
    assert [receipt.status for receipt in answer.receipts] == [P, P, P]


@pytest.mark.parametrize(
    ("reactions", "words"),
    [
        ({"greeting": say("535 5.7.8 wrong login")}, "store its password anew"),
        ({"dot": say("552 5.3.4 too large")}, "no room for the mail, or finds it too large"),
        ({"dot": say("552 storage exceeded")}, "no room for the mail, or finds it too large"),
        ({"dot": say("554 spam")}, "own rules refuse these mails, as spam"),
        ({"dot": say("550 5.7.1 message rejected")}, "own rules refuse these mails, as spam"),
        ({"rcpt": say("550 relaying denied")}, "own rules refuse these mails, as spam"),
        ({"mail": say("501 bad sender")}, "ask who runs the mail server"),
    ],
)
def test_a_refusal_is_mended_by_its_cause(reactions: dict[str, Reaction], words: str) -> None:
    with FaultServer(mail_server(**reactions)) as server:
        answer = submit(open_gateway(some_options(server.port)), some_batch(2))
    assert answer.verdict is SubmitVerdict.REFUSED
    assert answer.mend
    assert words in str(answer.mend)
    assert ("password" in str(answer.mend)) == ("password" in words)


@pytest.mark.parametrize(
    ("reactions", "verdict", "states"),
    [
        ({"greeting": leave}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"greeting": Line.keep_silent}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"greeting": say("421 busy")}, SubmitVerdict.BUSY, [P, P]),
        ({"greeting": say("554 not you")}, SubmitVerdict.REFUSED, [P, P]),
        ({"ehlo": leave, "helo": leave}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"mail": say("451 later")}, SubmitVerdict.BUSY, [P, P]),
        ({"mail": say("550 5.7.1 not you")}, SubmitVerdict.REFUSED, [P, P]),
        ({"mail": leave}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"rcpt": say("450 later")}, SubmitVerdict.BUSY, [P, P]),
        ({"rcpt": say("554 5.7.1 relay access denied")}, SubmitVerdict.REFUSED, [P, P]),
        ({"rcpt": say("550 5.1.1 no such user")}, SubmitVerdict.ANSWERED, [R, R]),
        ({"rcpt": say("550 no such user here")}, SubmitVerdict.ANSWERED, [R, R]),
        ({"rcpt": say("553 mailbox name not allowed")}, SubmitVerdict.ANSWERED, [R, R]),
        ({"rcpt": say("550 5.2.1 disabled")}, SubmitVerdict.ANSWERED, [R, R]),
        ({"rcpt": say("550 relaying denied")}, SubmitVerdict.REFUSED, [P, P]),
        ({"rcpt": say("550 blocked using a block list")}, SubmitVerdict.REFUSED, [P, P]),
        ({"rcpt": say("550 5.7.1 unable to relay")}, SubmitVerdict.REFUSED, [P, P]),
        ({"rcpt": say("550 5.1.8 domain not found")}, SubmitVerdict.REFUSED, [P, P]),
        ({"rcpt": say("550 5.1.0 Sender address rejected: unknown")}, SubmitVerdict.REFUSED, [P, P]),
        ({"rcpt": say("550 Sender verify failed")}, SubmitVerdict.REFUSED, [P, P]),
        ({"dot": say("550 5.1.8 bad outbound sender")}, SubmitVerdict.REFUSED, [P, P]),
        ({"dot": say("554 5.1.0 Sender Denied")}, SubmitVerdict.REFUSED, [P, P]),
        ({"rcpt": say("554 5.1.0 Sender denied")}, SubmitVerdict.REFUSED, [P, P]),
        ({"rcpt": say("550 5.1.1 unknown, back to sender")}, SubmitVerdict.ANSWERED, [R, R]),
        ({"rcpt": say("554 no")}, SubmitVerdict.REFUSED, [P, P]),
        ({"rcpt": leave}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"rcpt": say("550 5.1.1 no such user"), "rset": leave}, SubmitVerdict.NOT_REACHED, [R, P]),
        ({"rcpt": say("550 no such user"), "rset": Line.keep_silent}, SubmitVerdict.NOT_REACHED, [R, P]),
        ({"data": say("550 5.1.1 no such user"), "rset": leave}, SubmitVerdict.NOT_REACHED, [R, P]),
        ({"data": say("451 later")}, SubmitVerdict.BUSY, [P, P]),
        ({"data": leave}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"data": Line.keep_silent}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"dot": say("452 full")}, SubmitVerdict.BUSY, [P, P]),
        ({"dot": say("554 spam")}, SubmitVerdict.REFUSED, [P, P]),
        ({"dot": leave}, SubmitVerdict.UNCLEAR, [U, P]),
        ({"dot": Line.reset}, SubmitVerdict.UNCLEAR, [U, P]),
        ({"dot": Line.keep_silent}, SubmitVerdict.UNCLEAR, [U, P]),
        ({"dot": say("what?")}, SubmitVerdict.UNCLEAR, [U, P]),
        ({"quit": leave}, SubmitVerdict.ANSWERED, [A, A]),
    ],
)
def test_only_trouble_after_the_final_dot_is_unknown(
    reactions: dict[str, Reaction], verdict: SubmitVerdict, states: list[Status]
) -> None:
    with FaultServer(mail_server(**reactions)) as server:
        options = some_options(server.port, read_timeout_s=0.1)
        answer = submit(open_gateway(options), some_batch(2))
        assert server.connections == 1
    assert outcome(answer) == (verdict, states)


def test_what_was_handed_over_before_the_trouble_stays_accepted() -> None:
    dots = iter([say("250 ok"), leave])

    def accept_one(line: Line) -> None:
        next(dots)(line)

    with FaultServer(mail_server(dot=accept_one)) as server:
        answer = submit(open_gateway(some_options(server.port)), some_batch(4))
    assert outcome(answer) == (SubmitVerdict.UNCLEAR, [A, U, P, P])


def test_a_claim_that_grows_stale_between_two_mails_is_given_back() -> None:
    def slowly(line: Line) -> None:
        time.sleep(0.2)
        line.send(b"250 ok\r\n")

    with FaultServer(mail_server(dot=slowly)) as server:
        gateway = open_gateway(some_options(server.port))
        answer = gateway.submit(some_batch(), is_late=after_s(0.15))
    assert outcome(answer) == (SubmitVerdict.STALE, [A, P, P])


def test_the_password_goes_nowhere_in_clear_text() -> None:
    route = MailRoute(
        host="mail.example.com", from_address="sms@example.com", username="demo", password=Secret(CANARY)
    )
    with pytest.raises(ConfigError):
        submit(open_gateway(Options(mail=route, service_id=4711)), some_batch())


def test_starttls_that_the_server_does_not_offer_stops_the_run() -> None:
    with FaultServer(mail_server()) as server:
        options = some_options(server.port)
        assert options.mail is not None
        gateway = open_gateway(options._replace(mail=options.mail._replace(starttls=True)))
        assert outcome(submit(gateway, some_batch(1))) == (SubmitVerdict.REFUSED, [P])
        assert sent(server) == []


def offer_starttls(tls: ssl.SSLContext) -> Behaviour:
    def begin(line: Line) -> None:
        line.send(b"220 go ahead\r\n")
        line.secured(tls)

    return mail_server(ehlo=say("250-here\r\n250 STARTTLS"), star=begin)


@pytest.mark.parametrize(
    ("made_for", "is_trusted", "expected"),
    [
        ("localhost", True, (SubmitVerdict.ANSWERED, [A])),
        ("localhost", False, (SubmitVerdict.REFUSED, [P])),
        ("elsewhere.example", True, (SubmitVerdict.REFUSED, [P])),
    ],
)
def test_starttls_where_it_is_offered_checks_who_the_server_is(
    made_for: str, *, is_trusted: bool, expected: tuple[SubmitVerdict, list[Status]], tmp_path: Path
) -> None:
    tls, bundle = server_context(tmp_path, made_for)
    with FaultServer(offer_starttls(tls)) as server:
        options = some_options(server.port)
        assert options.mail is not None
        route = options.mail._replace(host="localhost", starttls=True)
        options = options._replace(mail=route, ca_bundle=bundle if is_trusted else None)
        answer = submit(open_gateway(options), some_batch(1))
        assert outcome(answer) == expected
        assert len(sent(server)) == (expected[0] is SubmitVerdict.ANSWERED)
        refused = expected[0] is SubmitVerdict.REFUSED
        assert str(answer.text).startswith("the certificate is not trusted: ") is refused


def drip(text: str) -> Reaction:
    return lambda line: line.drip(text.encode() + b"." * 200 + b"\r\n")


@pytest.mark.parametrize(
    ("reactions", "verdict", "states"),
    [
        ({"greeting": drip("220 hello")}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"ehlo": drip("250 hello")}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"rcpt": drip("250 ok")}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"data": drip("354 go ahead")}, SubmitVerdict.NOT_REACHED, [P, P]),
        ({"dot": drip("250 ok")}, SubmitVerdict.UNCLEAR, [U, P]),
        ({"quit": drip("221 bye")}, SubmitVerdict.ANSWERED, [A, A]),
    ],
)
def test_a_server_that_drips_is_not_listened_to_for_ever(
    reactions: dict[str, Reaction], verdict: SubmitVerdict, states: list[Status]
) -> None:
    with FaultServer(mail_server(**reactions)) as server:
        options = some_options(server.port, read_timeout_s=0.1, total_timeout_s=0.5)
        answer = submit(open_gateway(options), some_batch(2))
    assert outcome(answer) == (verdict, states)
    assert verdict is SubmitVerdict.ANSWERED or str(answer.text) == "timed out"


def login(password: str) -> Options:
    options = some_options(free_port())
    assert options.mail is not None
    return options._replace(mail=options.mail._replace(username="demo", password=Secret(password)))


@pytest.mark.parametrize("words", ["535 5.7.8 wrong: {password}", "454 4.7.0 later: {password}"])
def test_a_refused_login_never_shows_the_password(words: str) -> None:
    reactions = {
        "ehlo": say("250-here\r\n250 AUTH PLAIN"),
        "auth": say(words.format(password="canary")),
    }
    with FaultServer(mail_server(**reactions)) as server:
        options = login("canary")
        assert options.mail is not None
        gateway = open_gateway(options._replace(mail=options.mail._replace(port=server.port)))
        answer = submit(gateway, some_batch(1))
    assert [receipt.status for receipt in answer.receipts] == [P]
    assert "wrong: ***" in str(answer.text) or "later: ***" in str(answer.text)
    assert "canary" not in str(answer)


def challenge(line: Line) -> None:
    """Ask for the rest of a login, and take whatever comes."""
    line.send(b"334 " + b64encode(b"<1@mail>") + b"\r\n")
    line.keep(line.read_until(b"\r\n"))
    line.send(b"235 welcome\r\n")


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        ("PLAIN", [b"\0v\xc3\xa4xel\0hemlig\xc3\x85"]),
        ("LOGIN", [b"v\xc3\xa4xel", b"hemlig\xc3\x85"]),
        (
            "CRAM-MD5",
            [b"v\xc3\xa4xel " + hmac.new("hemligÅ".encode(), b"<1@mail>", "md5").hexdigest().encode()],
        ),
    ],
)
def test_a_login_with_swedish_letters_travels_as_utf_8(mechanism: str, expected: list[bytes]) -> None:
    reactions = {
        "ehlo": say(f"250-here\r\n250 AUTH {mechanism}"),
        "auth": say("235 welcome") if mechanism == "PLAIN" else challenge,
    }
    with FaultServer(mail_server(**reactions)) as server:
        options = some_options(server.port)
        assert options.mail is not None
        route = options.mail._replace(username="växel", password=Secret("hemligÅ"))
        answer = submit(open_gateway(options._replace(mail=route)), some_batch(1))
        begun = next(n for n, kept in enumerate(server.requests) if kept.startswith(b"AUTH "))
        words = [*server.requests[begun].split()[2:], server.requests[begun + 1]]
    assert outcome(answer) == (SubmitVerdict.ANSWERED, [A])
    assert [b64decode(word) for word in words[: len(expected)]] == expected


def test_a_server_that_says_nothing_is_told_from_one_that_hangs_up() -> None:
    for ehlo, text in ((Line.keep_silent, "timed out"), (leave, "the mail server closed the connection")):
        with FaultServer(mail_server(ehlo=ehlo)) as server:
            options = some_options(server.port, read_timeout_s=0.2)
            answer = submit(open_gateway(options), some_batch(1))
        assert (answer.verdict, str(answer.text)) == (SubmitVerdict.NOT_REACHED, text)


def test_a_web_server_where_the_mail_server_should_be_is_told_in_words() -> None:
    """It was told as «-1 l>», which is what smtplib leaves of such a line."""
    with FaultServer(mail_server(greeting=say("<html>"))) as server:
        answer = submit(open_gateway(some_options(server.port)), some_batch(1))
    text = "what answers there is no mail server"
    assert (answer.verdict, str(answer.text)) == (SubmitVerdict.REFUSED, text)


def test_without_a_mail_server_or_its_password_it_is_told_in_words() -> None:
    with pytest.raises(ConfigError):
        submit(open_gateway(Options(service_id=4711)), some_batch())
    with pytest.raises(CredentialError):
        submit(open_gateway(login("")), some_batch())


def test_the_probe_tells_what_can_be_known() -> None:
    with FaultServer(mail_server()) as server:
        assert "cannot be asked" in str(open_gateway(some_options(server.port)).probe())
        assert sent(server) == []
    with FaultServer(mail_server(greeting=say("554 not you"))) as server, pytest.raises(GatewayRefusedError):
        open_gateway(some_options(server.port)).probe()
    with pytest.raises(StoppedError):
        open_gateway(some_options(free_port())).probe()


def test_traits_say_what_e_mail_cannot_carry() -> None:
    traits = open_gateway(some_options(1)).traits
    abilities = (traits.priority, traits.sender, traits.reports, traits.answers, traits.cancelling)
    assert not any(abilities)
    assert traits.schedule_ahead is None
