"""`smsctl notify test`: one notice to those whom [notify] names, to see that they hear of it."""

from smsctl.cli import notify
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import ConfigError, say

EXAMPLES = ("smsctl notify test",)


def run(wiring: Wiring) -> CommandResult:
    """Send one notice, as after a run that did not end well: by the mail and the command of [notify].

    In simulate mode the command is run, and no mail leaves. Exit code 7 where a notice does not go, 8 where
    the config names nobody.
    """
    named = wiring.settings.notify
    if not (named.to or named.command):
        raise ConfigError(
            say("{path} names nobody under [notify].", path=wiring.settings.path),
            hint=say("Write `to` or `command` there."),
        )
    told = notify.test(wiring)
    return CommandResult(
        data={"told": [name for name, _ in told]},
        screen=[TextLine(sentence, Tone.GOOD) for _, sentence in told],
    )
