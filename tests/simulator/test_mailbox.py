"""The mail server for rehearsals of Puzzel's e-mail interface (wire/puzzel.md, "E-mail")."""

import json
import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from smsctl.errors import InputError, RuleError, UsageError
from smsctl.simulator.mailbox import Mailbox, start

from .raw import send_raw

ADDRESS = "46701740605-4711@smsmail.example"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with start() as mailbox:
        yield mailbox


@pytest.fixture
def client(mailbox: Mailbox) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(mailbox.host, mailbox.port, timeout=10) as client:
        yield client


def mail(text: str, to: str = ADDRESS) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = "sms@kommun.example", to, "<a1@kommun.example>"
    message.set_content(text)
    return message


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("Hej\n\n.punkt först\n…inte så", "ucs2", 1),
        ("Föräldramöte å ä ö", "gsm7", 1),
        ("a" * 307, "gsm7", 3),
        ("я" * 71, "ucs2", 2),
    ],
)
def test_a_mail_is_an_sms(
    mailbox: Mailbox, client: smtplib.SMTP, text: str, encoding: str, parts: int
) -> None:
    assert client.send_message(mail(text)) == {}

    (accepted,) = mailbox.accepted()
    assert (accepted.gateway, accepted.recipient, accepted.batch_reference) == ("mail", "46701740605", "4711")
    assert (accepted.content, accepted.encoding, accepted.parts) == (text, encoding, parts)
    assert accepted.reference == "<a1@kommun.example>"


def test_several_mails_and_recipients_go_through_one_connection(
    mailbox: Mailbox, client: smtplib.SMTP
) -> None:
    client.send_message(mail("ett"), to_addrs=[ADDRESS, "+46701740606-4711@smsmail.example"])
    client.send_message(mail("två"))
    assert [(m.recipient, m.content) for m in mailbox.accepted()] == [
        ("46701740605", "ett"),
        ("46701740606", "ett"),
        ("46701740605", "två"),
    ]


@pytest.mark.parametrize(
    "to", ["anna@kommun.example", "46701740605@smsmail.example", "4670-4711@smsmail.example"]
)
def test_another_address_is_refused(mailbox: Mailbox, client: smtplib.SMTP, to: str) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        client.send_message(mail("Hej"), to_addrs=[to])
    assert caught.value.recipients[to][0] == 550
    assert mailbox.accepted() == ()


def test_a_mail_without_plain_text_is_refused(mailbox: Mailbox, client: smtplib.SMTP) -> None:
    message = mail("")
    message.set_content("<p>Hej</p>", subtype="html")
    with pytest.raises(smtplib.SMTPDataError):
        client.send_message(message)
    assert mailbox.accepted() == ()


def test_a_text_that_cannot_be_decoded_is_refused(mailbox: Mailbox, client: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPDataError):
        client.sendmail(
            "sms@kommun.example", [ADDRESS], "Content-Type: text/plain; charset=martian\r\n\r\nHej"
        )
    assert client.noop()[0] == 250
    assert mailbox.accepted() == ()


def test_too_large_a_mail_is_refused_and_the_connection_lives_on(
    mailbox: Mailbox, client: smtplib.SMTP
) -> None:
    client.ehlo()
    client.esmtp_features.pop("size")
    with pytest.raises(smtplib.SMTPDataError):
        client.sendmail("sms@kommun.example", [ADDRESS], "a" * 70 + "\r\n" + ("b" * 70 + "\r\n") * 20_000)
    client.send_message(mail("Hej"))
    assert len(mailbox.accepted()) == 1


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        (["DATA"], 503),
        ([f"RCPT TO:<{ADDRESS}>"], 503),
        (["MAIL FROM:nobody"], 501),
        (["MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>", "RSET", "DATA"], 503),
        (["HELO there"], 250),
        (["VRFY anna"], 252),
        (["STARTTLS"], 502),
        (["QUIT"], 221),
    ],
)
def test_commands_are_answered_in_turn(client: smtplib.SMTP, commands: list[str], code: int) -> None:
    assert [client.docmd(command)[0] for command in commands][-1] == code


def test_a_mail_cut_off_before_its_dot_is_not_accepted(mailbox: Mailbox) -> None:
    with socket.create_connection((mailbox.host, mailbox.port)) as line, line.makefile("rb") as answers:
        line.sendall(f"MAIL FROM:<>\r\nRCPT TO:<{ADDRESS}>\r\nDATA\r\n\r\nHej\r\n".encode())
        assert [answers.readline()[:3] for _ in range(4)] == [b"220", b"250", b"250", b"354"]
        line.shutdown(socket.SHUT_WR)
        assert answers.read() == b""
    assert mailbox.accepted() == ()


def test_the_journal_is_that_of_the_simulator(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with start(journal=journal, durable=True) as mailbox, smtplib.SMTP(mailbox.host, mailbox.port) as client:
        client.send_message(mail("Hej"))
        written = json.loads(journal.read_text())
    assert (written["gateway"], written["recipient"], written["content"]) == ("mail", "46701740605", "Hej")


def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    with pytest.raises(RuleError):
        start(host="0.0.0.0")
    with start() as mailbox, pytest.raises(UsageError):
        start(port=mailbox.port)
    with pytest.raises(InputError):
        start(journal=tmp_path / "missing" / "journal")


def test_after_the_stop_nobody_answers() -> None:
    mailbox = start()
    mailbox.stop()
    mailbox.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((mailbox.host, mailbox.port))


def test_a_journal_without_room_refuses_the_mail() -> None:
    with start(journal=Path("/dev/full")) as mailbox:
        with smtplib.SMTP(mailbox.host, mailbox.port, timeout=10) as client:
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.send_message(mail("Hej"))
            assert refused.value.smtp_code == 452
        assert not mailbox.accepted()


def test_nothing_that_a_client_sends_is_answered_by_a_traceback(
    mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = f"MAIL FROM:<a@b.example>\r\nRCPT TO:<{ADDRESS}>\r\nDATA\r\n".encode()
    mails = [
        b"",
        b"\0\xff" * 500,
        b"Message-ID: <\r\n\r\nHej",
        b"Message-ID: \xff<\r\n",
        b"Message-ID: [\r\n\r\nHej",
        b"Content-Type: ;;;\r\n\r\n\xff",
    ]
    for leaves in ("ends", "resets"):
        for rubbish in (b"\x16\x03\x01\0\xc8" * 40, *(begin + one + b"\r\n.\r\nQUIT\r\n" for one in mails)):
            send_raw(mailbox.port, rubbish, leaves)
    send_raw(mailbox.port, b"QUIT\r\n", "ends")
    assert capsys.readouterr().err == ""
