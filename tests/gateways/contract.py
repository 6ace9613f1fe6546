"""The promises that every gateway keeps; its test class inherits them and says how its peer speaks."""

import logging
import re
from typing import ClassVar

import pytest

from smsctl.actions.draft import check_letter
from smsctl.domain.gateway import Gateway, MailRoute, Options
from smsctl.domain.message import Answer, Batch, Letter, Status, SubmitVerdict
from smsctl.domain.secret import Secret
from smsctl.domain.text import MessageText
from smsctl.errors import CredentialError, InputError

from .fault_server import FaultServer, Line, free_port

CANARY = 'kanarie<å>"7731'


def some_batch(count: int = 3, **letter: object) -> Batch:
    """Return a batch of fictitious numbers, all different."""
    text = MessageText(body="Skolan är stängd i dag.")
    references = [f"a1-{n:04}" for n in range(count)]
    numbers = [f"+467017406{5 + n:02}" for n in range(count)]
    kept = Letter(**{"text": text, **letter})  # type: ignore[arg-type]  # a table of cases fills it in
    return Batch(reference="smsctl-a1", letter=kept, references=references, numbers=numbers)


def some_options(port: int, **changes: object) -> Options:
    """Return options for a peer on loopback, with limits short enough for a test."""
    options = Options(
        url=f"http://127.0.0.1:{port}",
        mail=MailRoute(host="127.0.0.1", port=port, from_address="sms@exempelkommun.example"),
        service_id=4711,
        username="demo",
        password=Secret(CANARY),
        connect_timeout_s=0.4,
        read_timeout_s=0.4,
        total_timeout_s=0.8,
    )
    return options._replace(**changes)  # type: ignore[arg-type]  # a table of cases fills it in


def submit(gateway: Gateway, batch: Batch) -> Answer:
    """Submit a fresh claim."""
    return gateway.submit(batch, is_late=lambda: False)


def outcome(answer: Answer) -> tuple[SubmitVerdict, list[Status]]:
    """Return the verdict and the states, in the batch's order."""
    return answer.verdict, [receipt.status for receipt in answer.receipts]


class GatewayContract:
    """What a new gateway's tests inherit."""

    @staticmethod
    def open_gateway(options: Options) -> Gateway:
        raise NotImplementedError

    @staticmethod
    def accept_all(line: Line) -> None:
        """Take every message, as the peer does."""
        raise NotImplementedError

    @staticmethod
    def never_answer(line: Line) -> None:
        """Take the request and stay silent."""
        raise NotImplementedError

    @staticmethod
    def close_unanswered(line: Line) -> None:
        """Take the request and close."""
        raise NotImplementedError

    without_password: ClassVar[dict[str, object]] = {"password": None}

    def opened(self, port: int, **changes: object) -> Gateway:
        return self.open_gateway(some_options(port, **changes))

    def test_every_message_gets_one_receipt_in_the_order_of_the_batch(self) -> None:
        batch = some_batch(5)
        with FaultServer(self.accept_all) as peer:
            answer = submit(self.opened(peer.port), batch)
        assert [receipt.reference for receipt in answer.receipts] == [m.reference for m in batch.messages]
        assert outcome(answer) == (SubmitVerdict.ANSWERED, [Status.ACCEPTED] * 5)

    def test_each_message_carries_its_own_text(self) -> None:
        batch = some_batch(3)._replace(bodies=("Hej Kim", "Hej Bo", "Hej Alva"))
        with FaultServer(self.accept_all) as peer:
            submit(self.opened(peer.port), batch)
            sent = b"".join(peer.requests).replace(b"+", b" ").replace(b"%20", b" ")
        assert re.findall(b"Hej (?:Kim|Bo|Alva)", sent) == [one.encode() for one in batch.bodies]
        assert b"Skolan" not in sent

    def test_silence_after_the_request_is_unknown(self) -> None:
        with FaultServer(self.never_answer) as peer:
            answer = submit(self.opened(peer.port, read_timeout_s=0.2), some_batch(1))
            assert peer.connections == 1
        assert outcome(answer) == (SubmitVerdict.UNCLEAR, [Status.UNKNOWN])

    def test_a_break_after_the_request_is_unknown_and_nothing_is_sent_again(self) -> None:
        with FaultServer(self.close_unanswered) as peer:
            answer = submit(self.opened(peer.port), some_batch(1))
            assert peer.connections == 1
        assert outcome(answer) == (SubmitVerdict.UNCLEAR, [Status.UNKNOWN])

    def test_a_peer_that_is_not_there_leaves_the_batch_pending(self) -> None:
        answer = submit(self.opened(free_port()), some_batch())
        assert outcome(answer) == (SubmitVerdict.NOT_REACHED, [Status.PENDING] * 3)

    def test_a_stale_claim_is_given_back_and_nothing_leaves(self) -> None:
        with FaultServer(self.accept_all) as peer:
            answer = self.opened(peer.port).submit(some_batch(), is_late=lambda: True)
            assert peer.connections == 0
        assert outcome(answer) == (SubmitVerdict.STALE, [Status.PENDING] * 3)

    def test_the_plan_needs_no_password(self) -> None:
        gateway = self.open_gateway(Options(username="demo", service_id=4711))
        assert gateway.traits.max_parts == 6
        assert gateway.traits.max_batch <= 100
        assert gateway.check(some_batch().letter) == []

    def test_sending_without_a_password_is_told_in_words(self) -> None:
        with pytest.raises(CredentialError):
            submit(self.opened(free_port(), **self.without_password), some_batch())

    def test_batch_size_and_part_length_follow_the_options(self) -> None:
        traits = self.opened(free_port(), batch_size=7, part_length=150).traits
        assert (traits.max_batch, traits.parts.gsm7_part) == (7, 150)

    @pytest.mark.parametrize("characters", [918, 919, 2000])
    def test_a_text_too_long_says_how_much_to_remove(self, characters: int) -> None:
        gateway = self.opened(free_port())
        longest = traits_longest(gateway)
        letter = some_batch(text=MessageText(body="a" * characters)).letter
        if characters <= longest:
            check_letter(gateway, letter)
            return
        with pytest.raises(InputError) as caught:
            check_letter(gateway, letter)
        assert f"Remove {characters - longest} character" in str(caught.value.hint)

    def test_what_e_mail_or_the_wire_carries_is_never_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        for behaviour in (self.accept_all, self.close_unanswered):
            with FaultServer(behaviour) as peer:
                answer = submit(self.opened(peer.port), some_batch(1))
            assert "kanarie" not in f"{answer} {caplog.text}"
            assert "Skolan" not in caplog.text
            assert "46701740605" not in caplog.text


def traits_longest(gateway: Gateway) -> int:
    """Return the longest GSM-7 text the gateway takes."""
    return gateway.traits.max_parts * gateway.traits.parts.gsm7_part
