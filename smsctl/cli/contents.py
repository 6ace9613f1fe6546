"""The table of contents: every command, in the order of the help page, with its one line.

A command stands in the folder of its noun (`FOLDERS`): as `run` in a file of its own, or as `run_list` in one
with those of the same word (`IN_ONE_FILE`). Only the chosen file is loaded, so that sixty commands cost no
more than one; the others stand in the help by their line here.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from smsctl.errors import Sentence, say

_SIMULATOR = "Run both gateways on this machine, for rehearsals and tests"

GROUPS = {
    "mailings": "What was sent, what came of it, and going on after a stop",
    "municipality": "The life of the service per municipality",
    "invoices": "One line for each package opened, for whoever pays",
    "reports": "Delivery reports: what became of each message",
    "inbox": "Incoming SMS",
    "block": "The block list: numbers never to send to",
    "recipients": "The recipients file",
    "gateway": "The gateway account",
    "credential": "The secrets, kept outside the config",
    "notify": "Whoever hears of runs that nobody watches",
    "config": "The config file",
    "ledger": "The record of what was sent: check it, copy it, put it back",
    "simulator": _SIMULATOR,  # a command too
}

COMMANDS = {
    "test": "Send one test SMS, now",
    "send": "Send a text to a group out of the recipients file",
    "usage": "Show packages, parts and cost per municipality",
    "mailings list": "List the latest mailings",
    "mailings show": "Tell the story of one mailing",
    "mailings recipients": "List everyone of a mailing: state, when, and why",
    "mailings find": "Find what went to one number, over all mailings",
    "mailings resume": "Send what is still pending of a mailing",
    "mailings approve": "Approve a mailing that waits for a second person",
    "mailings retry": "Send a mailing again, to those whom it did not reach",
    "mailings cancel": "Cancel what has not left, here and at the gateway",
    "mailings resolve": "Settle what is unknown: sent, not sent, or send again",
    "mailings skipped": "List who got no message, and why",
    "mailings failed": "List what did not arrive, of one mailing or since a day",
    "municipality list": "List who has the service, since when, and what is left",
    "municipality order": "Record an order; show its cost and what to send the supplier",
    "municipality activate": "Activate the service at once; opens the first package",
    "municipality deactivate": "End the service: nothing more is sent or invoiced",
    "invoices list": "List the invoices: one for each package opened",
    "invoices export": "Write the invoices that are not yet handed over to a file",
    "invoices postings": "Write what each cost centre pays for a month, and close it",
    "invoices compare": "Compare the supplier's bill with our figures",
    "reports listen": "Listen for delivery reports and incoming SMS that are pushed",
    "reports poll": "Fetch delivery reports and incoming SMS from queues",
    "reports import": "Take in delivery reports from a file",
    "reports unmatched": "List delivery reports that fit no message",
    "inbox list": "List incoming SMS",
    "inbox show": "Show one incoming SMS in full",
    "block add": "Put numbers on the block list: nothing is sent to them",
    "block remove": "Take a number off the block list",
    "block list": "List the block list, as far as it is known",
    "block import": "Put the numbers of a file on the block list",
    "recipients check": "Check the whole recipients file before anything is sent",
    "gateway verify-dedup": "Prove by one real double send that repeats are refused",
    "gateway probe": "Log in at the gateway without sending anything",
    "credential set": "Store a secret where the config says it is kept",
    "credential check": "Say where a secret would come from, without showing it",
    "credential delete": "Remove a secret from where it is kept",
    "config init": "Make a config file, ask by ask, up to the first SMS",
    "config check": "List everything that is wrong with the config",
    "config show": "Show the settings in force, without secrets",
    "config set": "Change one key of the config, keeping comments and order",
    "config import": "Take over SuperOffice's plugin block",
    "ledger check": "Check the ledger: the file, every sum, every rule",
    "ledger backup": "Copy the ledger to a new file while others send",
    "ledger restore": "Put a backup back in the ledger's place, with its key",
    "ledger copy": "Copy a ledger from its file to the server that the config names",
    "ledger join": "Give this host the key of a ledger that another host sends from",
    "ledger accept-restore": "Go on with a ledger that was put back from an older copy",
    "ledger accept-time-zone": "Book days by the config's time zone from now on",
    "purge": "Remove personal data under a disposal decision",
    "audit": "Show who did what, when, and from which host",
    "doctor": "Check whether a mailing would go out now, and what mends it",
    "notify test": "Send one notice to those whom [notify] names",
    "schedule": "Print what makes cron, systemd or Windows send at set times",
    "completion": "Print what the Tab key of bash, zsh or fish needs",
    "simulator": _SIMULATOR,
    "simulator incoming": "Let an SMS come in at a running simulator",
}

HELP_GROUPS = {
    say("Every day"): ("send", "test", "mailings", "usage", "recipients"),
    say("Money"): ("municipality", "invoices"),
    say("What comes back"): ("reports", "inbox", "block"),
    say("Set-up"): ("config", "credential", "gateway", "notify", "schedule", "completion"),
    say("Upkeep"): ("doctor", "ledger", "purge", "audit", "simulator"),
}
"""The first words of the commands, as the help page groups them."""


def help_groups(words: Callable[[Sentence], str], verbatim: Callable[[str], str]) -> str:
    """Return the groups of the help page, each line of them kept as it is, in the language of these."""
    lines = {**{name: line for name, line in COMMANDS.items() if " " not in name}, **GROUPS}

    def listed(name: str) -> str:
        return f"  {name:<{_WIDEST}}  {verbatim(lines[name])}"

    return "\n\n".join(
        "\n".join(["\b", f"{words(title)}:", *map(listed, those)]) for title, those in HELP_GROUPS.items()
    )


_WIDEST = 12

FOLDERS = {
    "mailings": ("test", "send", "mailings"),
    "money": ("usage", "municipality", "invoices"),
    "incoming": ("reports", "inbox", "block"),
    "setup": ("config", "credential", "notify", "completion"),
    "operations": ("doctor", "schedule", "recipients", "gateway", "ledger", "purge", "audit", "simulator"),
}
"""The folder of each command, by the first word that is typed."""

FIRST_WORDS = tuple(word for words in FOLDERS.values() for word in words)


IN_ONE_FILE = GROUPS.keys() - {"mailings", "recipients", "notify"}
"""The words whose commands are short and share what they need."""


def module_of(command: str) -> str:
    """Return the module that holds a command: of `mailings list` that is `mailings/list.py`."""
    first, _, _ = command.partition(" ")
    folder = next(name for name, words in FOLDERS.items() if first in words)
    file = first if first in IN_ONE_FILE else command.removeprefix(f"{folder} ")
    return f"smsctl.cli.{folder}.{file.replace(' ', '_').replace('-', '_')}"


class LoadedCommand(NamedTuple):
    """What a command does, and how it is typed."""

    run: Callable[..., Any]
    examples: tuple[str, ...]


def load(command: str) -> LoadedCommand:
    """Import the file that a command stands in."""
    module = import_module(module_of(command))
    first, _, word = command.partition(" ")
    if first not in IN_ONE_FILE:
        return LoadedCommand(run=module.run, examples=module.EXAMPLES)
    name = f"run_{word.replace('-', '_')}" if word else "run"
    return LoadedCommand(run=getattr(module, name), examples=module.EXAMPLES[word])


_SENDING = (
    *("test", "send", "resume", "approve", "retry", "verify-dedup", "listen", "poll", "simulator"),
    "incoming",
)
_WRITING = (
    *("cancel", "resolve", "order", "activate", "deactivate", "export", "postings", "import", "add"),
    *("remove", "set", "delete", "init", "backup", "restore", "copy", "join", "accept-restore"),
    *("accept-time-zone", "purge"),
)

WRITES = frozenset(name for name in COMMANDS if name.split()[-1] in _WRITING)
"""What may be typed again where nobody knows whether it was done: it says so then, and sends nothing."""

TELLS_ONLY = frozenset(name for name in COMMANDS if name.split()[-1] not in _SENDING + _WRITING)
"""What is run for its output alone: if that cannot be written, the command has failed.

So does one that is named nowhere here: silence with exit code 0 would say that all was told.
"""
