"""Intelecom by e-mail, through the site's own mail server (wire/puzzel.md, "E-mail").

One mail for each recipient. The gateway knows us by our server's address alone and answers nothing: all
that is ever learnt is that the mail server took the mail.
"""

from typing import Final

from smsctl.domain.gateway import CHECK_MAIL_SERVER, IsLate, MailRoute, Options, Traits
from smsctl.domain.message import (
    Answer,
    Batch,
    Letter,
    Receipt,
    Status,
    SubmitVerdict,
    same_for_all,
)
from smsctl.domain.remark import Event, Remark, Words
from smsctl.domain.text import INTELECOM_PARTS, with_part_length
from smsctl.errors import ConfigError, CredentialError, GatewayRefusedError, Sentence, StoppedError, say

_MAX_PARTS = 6
_MAX_BATCH = 20  # what becomes unknown when the power goes between the mails of a batch
_PLAIN_LOGIN_ALLOWED = {"localhost", "127.0.0.1", "::1"}


def open_gateway(options: Options) -> "MailGateway":
    """Make the gateway ready. Nothing is contacted."""
    return MailGateway(options)


class MailGateway:
    """The e-mail interface of one service."""

    def __init__(self, options: Options) -> None:
        """Keep the options; the traits follow from them."""
        self._options = options
        self.traits: Final = Traits(
            name="mail",
            title="Intelecom by e-mail",
            parts=with_part_length(INTELECOM_PARTS, options.part_length),
            max_parts=min(options.max_parts or _MAX_PARTS, _MAX_PARTS),
            max_batch=min(options.batch_size, _MAX_BATCH),
            priority=False,
            sender=False,
            reports=False,
            answers=False,
            patience_s=options.after_a_mail_s,
        )

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        """Hand the mails over one by one, on one connection; stop at the first trouble.

        Whom the server puts off alone stays pending, and keeps nobody behind from the SMS.
        """
        from smsctl.gateways.mail_line import open_line
        from smsctl.gateways.mail_refusals import MailOutcome

        route = self._route()
        if is_late():
            return same_for_all(batch, Status.PENDING, SubmitVerdict.STALE, Remark(Event.STALE))
        line = open_line(self._options, route)
        if isinstance(line, MailOutcome):
            return same_for_all(batch, Status.PENDING, line.verdict, line.text)._replace(mend=line.mend)
        receipts: list[Receipt] = []
        verdict, mend = SubmitVerdict.ANSWERED, None
        text: Words = ""
        with line:
            common = line.content(batch.letter.text.body)
            # Without plus, as no source says (wire/puzzel.md, "E-mail").
            service = route.address.replace("{service_id}", str(self._options.service_id))
            for message, body in zip(batch.messages, batch.texts, strict=True):
                content = line.content(body) if batch.bodies else common
                if is_late():
                    verdict, text = SubmitVerdict.STALE, Remark(Event.STALE_MAIL)
                    break
                address = service.replace("{number}", message.number[1:])
                handed = line.hand_over(address, message.reference, content)
                told = Receipt(
                    message.reference, handed.status, gateway_id=None, code=handed.code, text=handed.text
                )
                receipts.append(told)
                if handed.verdict is not SubmitVerdict.ANSWERED:
                    verdict, text, mend = handed.verdict, handed.text, handed.mend
                    if not handed.puts_off_one:
                        break
        receipts += [Receipt(one, Status.PENDING) for one in batch.references[len(receipts) :]]
        return Answer(verdict=verdict, receipts=receipts, text=text, mend=mend)

    def probe(self) -> Sentence:
        """Log in at the mail server; whether the gateway takes its mail cannot be asked."""
        from smsctl.gateways.mail_line import open_line
        from smsctl.gateways.mail_refusals import MailOutcome

        line = open_line(self._options, self._route())
        if not isinstance(line, MailOutcome):
            with line:
                return say("the mail server is there; whether the gateway takes its mail cannot be asked")
        if line.verdict is SubmitVerdict.REFUSED:
            raise GatewayRefusedError(
                say("the mail server refused us: {text}", text=line.text), hint=line.mend or CHECK_MAIL_SERVER
            )
        raise StoppedError(say("the mail server was not reached: {text}", text=line.text))

    def check(self, letter: Letter) -> list[Sentence]:  # noqa: ARG002
        """Return nothing: what e-mail cannot carry stands in the traits."""
        return []

    def _route(self) -> MailRoute:
        """Return the way to the mail server, or say what is wrong with it."""
        route = self._options.mail
        if route is None:
            raise ConfigError(say("sending by e-mail needs a mail server in the config"))
        if route.username is not None:
            if not route.password:
                raise CredentialError(
                    say("there is no password for the mail server"),
                    hint=say("store it with: smsctl credential set smtp"),
                )
            if not route.starttls and route.host not in _PLAIN_LOGIN_ALLOWED:
                raise ConfigError(
                    say("the mail server's password would travel in clear text"),
                    hint=say("set starttls = true"),
                )
        return route
