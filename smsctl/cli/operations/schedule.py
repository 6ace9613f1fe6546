"""`smsctl schedule --at 07:30 -- send …`: the line by which a machine starts a mailing."""

from typing import Annotated

from smsctl.actions import check
from smsctl.actions.check import Level
from smsctl.cli.operations import slot_formats as render
from smsctl.cli.operations.send_order import ScheduledCommand, order_of
from smsctl.cli.operations.slot_formats import Slot, read_slot
from smsctl.cli.options import argument, option
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import surroundings
from smsctl.config.settings import Mode, Settings
from smsctl.credentials.resolve import SECTIONS
from smsctl.domain.secret import SecretPlace
from smsctl.errors import Sentence, UsageError, say
from smsctl.host import users

EXAMPLES = (
    "smsctl schedule --at 07:30 --days fri send --all text.txt --max-parts 900",
    "smsctl schedule --at 7:30 --for systemd send --all a.txt --max-parts 900",
    "smsctl schedule --at 7:30 --for windows send --all a.txt --max-parts 900",
)

_NEVER_GIVEN = {
    "cron": (SecretPlace.KEYRING, SecretPlace.SYSTEMD, SecretPlace.AUTO),
    "systemd": (SecretPlace.KEYRING,),
    "windows": (SecretPlace.SYSTEMD, SecretPlace.AUTO),
}
"""Where a run of each cannot have a secret from; of `auto` it asks systemd alone."""


def run(
    wiring: Wiring,
    words: Annotated[list[str], argument("send ...", "The command; two dashes may stand before it.")],
    *,
    at: Annotated[str, option("TIME", "Time of day, as 07:30.")],
    days: Annotated[str, option("DAYS", "daily, mon-fri, mon,thu, or days of the month: 1,15.")] = "daily",
    system: Annotated[str, option("SYSTEM", "cron, systemd or windows.", "--for")] = "cron",
    name: Annotated[
        str | None, option("NAME", "Of the unit or task; made of the command without it.")
    ] = None,
) -> CommandResult:
    """Print the crontab line, the systemd unit and timer, or the schtasks line for a mailing.

    Nothing is installed. Paths are made absolute, and what cron needs is added: --yes, --quiet, both
    ceilings, --min-messages against a broken export, and a --key that is new in each slot, so that a slot
    that is run twice sends once. A second line asks an hour later whether it was sent. The command is tried
    as a dry run, and what could never be sent is refused.
    """
    settings = wiring.settings
    slot = read_slot(at, days)
    order = order_of(wiring, words, slot, name)
    text = _text(wiring, system, slot, order)
    zone = check.examine("time-zone", lambda: check.time_zone(settings.time_zone))
    return CommandResult(
        data={
            "for": system,
            "name": order.name,
            "key": order.key,
            "command": list(order.words),
            "expect": list(order.expect),
            "text": text,
        },
        screen=[TextLine(line, whole=True) for line in text.splitlines()],
        is_told_always=True,
        notes=[
            *(Note(code="today", level="warning", text=one) for one in order.doubts),
            *(Note(code="secret", level="warning", text=one) for one in _not_given(settings, system)),
            *(
                Note(code=one.check, level="warning", text=one.text)
                for one in zone
                if one.level is Level.WARNING and system != "systemd"
            ),
        ],
    )


def _not_given(settings: Settings, system: str) -> list[Sentence]:
    """Tell which secrets a run of this system cannot have, wherever they are kept; a rehearsal needs none."""
    if settings.mode is not Mode.LIVE:
        return []
    return [
        say(
            'What {system} starts is not given the {name} secret: source = "{source}" in [{section}]. Keep it'
            ' elsewhere, as by source = "file".',
            system=system,
            name=name,
            source=one.source,
            section=SECTIONS[name],
        )
        for name, one in settings.secrets().items()
        if name != "reports" and one.source in _NEVER_GIVEN.get(system, ())
    ]


def _text(wiring: Wiring, system: str, slot: Slot, order: ScheduledCommand) -> str:
    """Return what the system is given: the mailing, and an hour later the question whether it was sent."""
    after, asking = slot.an_hour_later(), f"{order.name}-expect"
    match system:
        case "cron":
            return f"{render.crontab(slot, order.words)}\n{render.crontab(after, order.expect)}\n"
        case "systemd":
            site = _site(wiring)
            sends = render.units(order.name, slot, order.words, site)
            return sends + render.units(asking, after, order.expect, site)
        case "windows":
            sends = render.schtasks(order.name, slot, order.words)
            return f"{sends}\n{render.schtasks(asking, after, order.expect)}\n"
    raise UsageError(
        say("--for {system}: there is no such way.", system=system),
        hint=say("It is cron, systemd or windows."),
    )


def _site(wiring: Wiring) -> render.Site:
    settings = wiring.settings
    sources = [source for name, source in settings.secrets().items() if name != "reports"]
    sender = surroundings(wiring).sender
    folders = [settings.ledger.path.parent, *([settings.log_path.parent] if settings.log_path else [])]
    return render.Site(
        user=(sender.name if sender else users.runs_as()).removeprefix("uid "),  # systemd takes a number
        writable=tuple(dict.fromkeys(folders)),
        is_shared=settings.ledger.group is not None,
        credentials=tuple(
            one.name for one in sources if one.source in (SecretPlace.SYSTEMD, SecretPlace.AUTO)
        ),
        time_zone=settings.time_zone,
    )
