"""Writes docs/reference/, docs/pictures/, the man page and schema.sql: `python docs/generate.py`.

With `--check` nothing is written; the exit code is 1 where a page differs from the program. The commands
come from `cli/contents.py` and their help, the keys from `config/keys.py`, the codes and states from the
enums, with the words of `meanings.py` beside them; the JSON is what a rehearsal really answers.
"""

import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from commands import Command, read
from manual import manual
from meanings import EXIT_CODES, FLAGS, OUTSIDE, SKIP_REASONS, STATES
from pictures import pictures

from smsctl.cli import app, contents
from smsctl.cli.output import figures, language
from smsctl.cli.output.envelope import of as envelope_of
from smsctl.config.keys import KEYS, Key
from smsctl.domain.audience import Outside
from smsctl.domain.message import COSTS, FINAL, Status
from smsctl.domain.recipients import SkipReason
from smsctl.errors import ExitCode, worst
from smsctl.ledger.sqlite import schema

ROOT = Path(__file__).parents[1]
_MADE = "<!-- Made by docs/generate.py. Change the program or docs/meanings.py, not this page. -->"
_SAMPLES = (
    ("send", "examples/message.txt", "--group", "guardians", "--yes"),
    ("test", "+46701740605", "Hej!"),
    ("usage",),
    ("mailings", "list"),
    ("mailings", "show", "1"),
    ("municipality", "list"),
    ("invoices", "list"),
)
_CHOSEN_BY_DATA = {"skipped": "REASON", "outcome": "STATE", "states": "STATE"}
_WORDS_FOR = {str: "text", int: "number", float: "number", bool: "true or false", type(None): "null"}


def pages() -> dict[Path, str]:
    """Return every generated file with its text."""
    commands = tuple(read(name) for name in contents.COMMANDS)
    reference = ROOT / "docs" / "reference"
    return {
        reference / "commands.md": _commands_page(commands),
        reference / "config.md": _config_page(),
        reference / "exit-codes.md": _exit_codes_page(),
        reference / "json.md": _json_page(),
        reference / "states.md": _states_page(),
        ROOT / "man" / "smsctl.1": manual(commands),
        ROOT / "smsctl" / "ledger" / "sqlite" / "schema.sql": schema.whole(),
        **pictures(),
    }


def _commands_page(commands: Sequence[Command]) -> str:
    listed = [(f"[`{one.name}`](#{_anchor(one.name)})", one.line) for one in commands]
    return _page(
        "Commands",
        "What `smsctl --help` and `smsctl COMMAND --help` say. What comes back: [exit codes](exit-codes.md)"
        " and [JSON](json.md).",
        _table(("command", "does"), listed),
        "## With every command",
        _table(("flag", "does"), [(f"`{flag}`", does) for flag, does in FLAGS.items()]),
        *(block for one in commands for block in _command_blocks(one)),
    )


def _command_blocks(command: Command) -> Iterator[str]:
    yield f"## {command.name}"
    yield _fenced([command.usage])
    yield command.text
    if command.flags:
        yield _table(("flag", "meaning"), [(f"`{flag.spelled}`", flag.help) for flag in command.flags])
    yield _fenced(command.examples)


def _config_page() -> str:
    sections: dict[str, list[Key]] = {}
    for key in KEYS:
        sections.setdefault(".".join(key.section), []).append(key)
    blocks = []
    for section, keys in sections.items():
        blocks.append(f"## [{section}]" if section else "## At the top")
        blocks.append(_table(("key", "value", "default", "meaning"), [_key_row(key) for key in keys]))
    return _page(
        "The config file",
        "Every key that may stand in the config (TOML). `config.example.toml` shows each in its place;"
        " `smsctl config check` lists everything that is wrong, and `smsctl config show` what is in force.",
        "`*` stands for a name that you choose: `[municipalities.exempelkommun]`. Paths are relative to the"
        " config file. No password ever stands here: a `source` says where it is kept.",
        *blocks,
    )


def _key_row(key: Key) -> tuple[str, ...]:
    default = "required" if key.required else "" if key.default is None else f"`{json.dumps(key.default)}`"
    return f"`{key.name}`", key.kind.words, default, str(key.help)


def _exit_codes_page() -> str:
    return _page(
        "Exit codes",
        "What cron, systemd and monitoring see. A run with code 0 needs nobody.",
        _table(
            ("code", "means", "what to do"),
            [(str(int(code)), EXIT_CODES[code].says, EXIT_CODES[code].then) for code in ExitCode],
        ),
        f"Where several hold, the first of these is given: {', '.join(_worst_first())}.",
    )


def _worst_first() -> Iterator[str]:
    left = set(ExitCode) - {ExitCode.OK}
    while left:
        left.remove(code := worst(left))
        yield str(int(code))


def _states_page() -> str:
    language.speak("sv", {})
    swedish = {state: str(language.words(figures.state(state))) for state in Status}
    language.speak("en", {})
    states = [
        (
            f"`{state}`",
            swedish[state],
            STATES[state].says,
            "yes" if state in COSTS else "no",
            "final" if state in FINAL else STATES[state].leaves_by,
        )
        for state in Status
    ]
    return _page(
        "States and skip reasons",
        "Every row of the file is in the audience or outside for one reason, and every number of the audience"
        " becomes a message (meddelande) in one state, or is skipped for one reason. The sums agree:"
        " file_rows = audience_rows + outside; rows = messages + skipped. With one column of numbers, rows"
        " and audience_rows are the same.",
        "## States of a message",
        _table(("state", "svenska", "means", "costs", "leaves by"), states),
        "A final state is left by a person's correction only. Sending reserves its parts: see"
        " [what a part costs](../explanation/what-a-part-costs.md).",
        "## Skip reasons",
        "Judged per row, in this order; the first that holds counts.",
        _table(("reason", "means"), [(f"`{reason}`", SKIP_REASONS[reason]) for reason in SkipReason]),
        "## Reasons to be outside the audience",
        "Judged in this order too; a row of another group is not asked for its municipality.",
        _table(("reason", "means"), [(f"`{reason}`", OUTSIDE[reason]) for reason in Outside]),
    )


def _json_page() -> str:
    usage_error = _answers([("send",)])[0]
    blocks = []
    for words, answer in zip(_SAMPLES, _answers(_SAMPLES), strict=True):
        blocks.append(f"## {' '.join(words[: 1 + (words[0] in contents.GROUPS)])}")
        blocks.append(_table(("key in `data`", "value"), list(_shape(answer["data"], ""))))
    return _page(
        "JSON",
        "With `--json` every command answers with one envelope on standard output, in failure too, and asks"
        " nothing. Keys, codes and states are never translated; the texts may be.",
        _fenced([envelope_of("usage", "live", {}, (), ExitCode.OK)], "json"),
        _table(
            ("key", "value"),
            [
                ("`command`", "the command; empty where none was named"),
                ("`mode`", "`simulate` or `live`; null where the config was not read"),
                ("`ok`", "true for exit code 0"),
                ("`exit_code`", "[the exit code](exit-codes.md)"),
                ("`data`", "what the command found; after a failure, what it knew by then"),
                (
                    "`messages`",
                    "list of `code`, `level` (`info`, `warning`, `error`) and `text`; go by the code",
                ),
            ],
        ),
        "A failure:",
        _fenced([json.dumps(usage_error, ensure_ascii=False)], "json"),
        "Below are the keys that a rehearsal of these commands answers with. `null` stands where the"
        " rehearsal had nothing to tell; `[]` is a list; a key that a condition brings may stand beside"
        " them. Money is in öre, times are UTC. STATE and REASON are [those of a message](states.md).",
        *blocks,
    )


def _answers(samples: Iterable[Sequence[str]]) -> list[Mapping[str, Any]]:
    """Return the envelope of each command, run in simulate mode in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "examples", Path(folder, "examples"))
        text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
        config = Path(folder, "config.toml")
        # In quiet hours a rehearsal says so in its answer; the page must not depend on the hour.
        config.write_text(text.replace('quiet_hours = "21:00-07:00"', "quiet_hours = false"), "utf-8")
        return [_answer(config, words) for words in samples]


def _answer(config: Path, words: Sequence[str]) -> Mapping[str, Any]:
    out = io.StringIO()
    placed = [str(config.parent / word) if word.startswith("examples/") else word for word in words]
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        app.main(["--config", str(config), "--json", *placed])
    found: Mapping[str, Any] = json.loads(out.getvalue().replace(str(config), config.name))
    return found


def _shape(value: object, place: str) -> Iterator[tuple[str, str]]:
    last = place.rpartition(".")[2]
    if isinstance(value, dict) and last in _CHOSEN_BY_DATA:
        yield f"`{place}.{_CHOSEN_BY_DATA[last]}`", "number"
    elif isinstance(value, dict) and value:
        for name, below in value.items():
            yield from _shape(below, f"{place}.{name}" if place else name)
    elif isinstance(value, dict):
        yield f"`{place}`", "object"
    elif isinstance(value, list) and value:
        yield from _shape(value[0], f"{place}[]")
    elif isinstance(value, list):
        yield f"`{place}`", "list"
    else:
        yield f"`{place}`", _WORDS_FOR[type(value)]


def _page(title: str, *blocks: str) -> str:
    return "\n\n".join((f"# {title}", _MADE, *blocks)) + "\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _fenced(lines: Iterable[str], language: str = "console") -> str:
    return "\n".join((f"```{language}", *lines, "```"))


def _anchor(title: str) -> str:
    return title.replace(" ", "-")


def main(argv: Sequence[str]) -> int:
    """Write the pages, or with --check name those that differ; return the exit code."""
    os.environ["LANGUAGE"] = os.environ["LC_ALL"] = "C"  # the pages are in English, wherever they are made
    made = pages()
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text("utf-8") != text]
    for path in stale:
        print(f"{'differs' if '--check' in argv else 'written'}: {path.relative_to(ROOT)}")
        if "--check" not in argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path], encoding="utf-8")
    return 1 if stale and "--check" in argv else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
