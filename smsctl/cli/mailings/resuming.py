"""Going on with a mailing that was begun: what is left is shown, on a terminal asked about, and sent."""

from smsctl.actions.may_send import Circumstances
from smsctl.actions.quiet_hours import must_still_be_in_time
from smsctl.actions.resume import Remainder, overruled, put_off, record
from smsctl.cli import dialogue
from smsctl.cli.mailings import pause
from smsctl.cli.mailings.confirming import ask_when
from smsctl.cli.mailings.delivery import deliver_mailing, reply
from smsctl.cli.mailings.plan import cost_sentence, letter_facts, package_sentences, remarks
from smsctl.cli.output import figures
from smsctl.cli.output import mailings as render
from smsctl.cli.output.blocks import GAP, Block, FactList, TextLine, Tone
from smsctl.cli.output.phrases import mode, quoted
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway, Traits
from smsctl.domain.terms import NOT_REQUIRED
from smsctl.errors import say, say_n


def go_on(
    wiring: Wiring, rest: Remainder, gateway: Gateway, under: Circumstances, reason: str | None
) -> CommandResult:
    """Send what is left of the mailing; on a terminal it is shown and asked about first.

    Raises RuleError where a rule says no now, NotConfirmedError where a person does.
    """
    asks, output = wiring.output.interactive and bool(rest.bill.messages), wiring.output
    output.know(render.data(rest.mailing, rest.tally))
    if asks:
        output.show(screen(rest, gateway.traits, simulated=wiring.simulated))
        if rest.verdict.is_only_quiet:
            chosen = ask_when(wiring, rest.verdict, gateway.traits, under, under.local_now)
            reason = chosen.reason
            rest = put_off(rest, chosen.send_at, under) if chosen.send_at else overruled(rest, under)
    if rest.verdict.pause and not asks:
        return pause.told(wiring, rest.verdict.pause, rest.mailing.run_key, rest.mailing)
    rest.verdict.must_hold()
    if asks:
        count = figures.count(rest.bill.messages)
        question = say_n("Send {count} message?", "Send {count} messages?", n=rest.bill.messages, count=count)
        output.show([GAP])
        question = pause.asked(rest.verdict, question)
        dialogue.confirm(output, question, otherwise=say("Not confirmed; nothing was sent."))
        now, urgent = wiring.clock.local(), rest.mailing.urgent
        must_still_be_in_time(rest.mailing.letter, under, now, urgent=urgent)
    record(rest, wiring.ledger, under, reason)
    shown = rest.bill.new_packages if asks else 0
    done = deliver_mailing(wiring, rest.mailing, gateway, rest.ceilings, packages_shown=shown)
    told = [one.sentence for one in rest.verdict.overruled if rest.verdict.is_over_day]
    return reply(wiring, done, render.data(rest.mailing, done.tally))._replace(overruled=told)


def screen(rest: Remainder, traits: Traits, *, simulated: bool) -> list[Block]:
    """Return what would be sent now."""
    mailing, bill = rest.mailing, rest.bill
    left = say_n(
        "{count} message is left of mailing {id} to {audience}, {name}, with this text:",
        "{count} messages are left of mailing {id} to {audience}, {name}, with this text:",
        n=bill.messages,
        count=figures.count(bill.messages),
        id=mailing.id,
        audience=figures.audience(mailing.audience),
        name=mailing.municipality.name,
    )
    terms, remarked = [] if mailing.terms_required else [NOT_REQUIRED], [*remarks(rest.verdict)]
    return [
        mode(simulated=simulated),
        TextLine(left, Tone.STRONG),
        *quoted(mailing.letter.text.body),
        GAP,
        FactList(letter_facts(mailing.letter, traits)),
        GAP,
        TextLine(cost_sentence(bill), Tone.STRONG),
        *map(TextLine, package_sentences(bill)),
        *(TextLine(one, Tone.WARN) for one in terms + remarked),
    ]
