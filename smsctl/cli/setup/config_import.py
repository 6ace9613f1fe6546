"""`smsctl config import FILE`: take over SuperOffice's plugin block."""

from typing import Annotated

import typer

from smsctl.cli.files import read_text_file
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.setup.recording import record_change
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import surroundings
from smsctl.config import plugin
from smsctl.credentials import resolve
from smsctl.domain.secret import Secret
from smsctl.errors import say

EXAMPLES = ("smsctl config import plugin.txt", "smsctl config import - < plugin.txt")


def run(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The plugin block; - is standard input.")],
) -> CommandResult:
    """Take over the settings of SuperOffice's plugin block: lines such as intele_serviceId = 4711.

    The password goes to where the config keeps it (the keyring unless told otherwise), never into the file.
    """
    wiring: Wiring = ctx.obj
    source, lines = wiring.settings.gateway.password, []

    def store(secret: Secret) -> None:
        place = resolve.store("gateway", source, secret, surroundings(wiring))
        lines.append(TextLine(place, Tone.GOOD))

    imported = plugin.import_plugin_block(wiring.config_path, read_text_file(wiring.output, file), store)
    lines += [TextLine(say("{key} is set.", key=key), Tone.GOOD) for key, _ in imported.settings]
    record_change(wiring, "config-import", file, ", ".join(key for key, _ in imported.settings))
    lines += [TextLine(notice, Tone.WARN) for notice in imported.notices]
    return CommandResult(
        data={"settings": dict(imported.settings), "secret_stored": imported.secret is not None}, screen=lines
    )
