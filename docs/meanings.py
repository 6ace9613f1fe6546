"""What the codes and states mean, in the one wording that the reference pages and the man page share."""

from typing import NamedTuple

from smsctl.domain.audience import Outside
from smsctl.domain.message import Status
from smsctl.domain.recipients import SkipReason
from smsctl.errors import ExitCode


class Meaning(NamedTuple):
    """What a code or a state says, and what a person does about it."""

    says: str
    then: str


class State(NamedTuple):
    """A message's state: what it says, and how it is left."""

    says: str
    leaves_by: str


EXIT_CODES = {
    ExitCode.OK: Meaning("All accepted, or nothing to do; also: already done under this key.", "Nothing."),
    ExitCode.BUG: Meaning("A bug in smsctl.", "Run again with `--verbose`, and report what it prints."),
    ExitCode.USAGE: Meaning("The command line does not fit the command.", "Look at `--help`."),
    ExitCode.REJECTED: Meaning(
        "Some messages were rejected by the gateway, in this run of the mailing or an earlier one.",
        "`smsctl mailings show ID`",
    ),
    ExitCode.UNSETTLED: Meaning(
        "Some messages of the mailing are unknown or held, whoever left them so. Every command that acts on"
        " it ends with this until they are settled; one that only reads warns, and ends with 0.",
        "[Settle them](../how-to/settle-unknowns.md).",
    ),
    ExitCode.REFUSED: Meaning(
        "Refused by a rule; nothing was sent: not activated, a ceiling, quiet hours, everyone already sent,"
        " nobody to send to, not confirmed, or made and waiting for a second person. Where a ceiling is met"
        " under way, the rest is pending.",
        "The sentence names the rule and what mends it.",
    ),
    ExitCode.GATEWAY: Meaning(
        "The gateway refused us: the login or the service. The rest is pending.",
        "Mend it, then `smsctl mailings resume ID`.",
    ),
    ExitCode.STOPPED: Meaning(
        "Stopped before the end, or the gateway could not be reached. The rest is pending.",
        "`smsctl mailings resume ID`",
    ),
    ExitCode.INPUT: Meaning(
        "The config, a secret or an input file is wrong.", "The sentence names file, line and key."
    ),
    ExitCode.LEDGER: Meaning(
        "The ledger is busy, newer than this smsctl, damaged, or cannot be written. Nothing was sent that is"
        " not recorded. Or: what a command was run for, a list or a report, cannot be written to standard"
        " output.",
        "Try again when the other run is done; else `smsctl ledger check`.",
    ),
    ExitCode.INTERRUPTED: Meaning(
        "Stopped with Ctrl-C: after the batch in flight; pressed twice, at once, and that batch is unknown.",
        "`smsctl mailings resume ID`",
    ),
    ExitCode.TERMINATED: Meaning("Stopped by SIGTERM, in the same way.", "`smsctl mailings resume ID`"),
    ExitCode.HUNG_UP: Meaning(
        "Stopped because the terminal hung up (SIGHUP), with a dropped ssh session: after the batch in"
        " flight, however often that is told.",
        "`smsctl mailings resume ID`",
    ),
}

STATES = {
    Status.PENDING: State(
        "Never handed to the network, or proved not accepted.",
        "`mailings resume`, `mailings cancel`",
    ),
    Status.SENDING: State(
        "Marked on disk; may be on its way to the gateway.",
        "the gateway's answer; if the run dies, it becomes unknown",
    ),
    Status.ACCEPTED: State("The gateway took it. The phone may not have it yet.", "a delivery report"),
    Status.DELIVERED: State("A delivery report says that the phone has it.", "final"),
    Status.EXPIRED: State("The validity ran out before the phone could be reached.", "final"),
    Status.FAILED: State("A delivery report says that it cannot be delivered.", "final"),
    Status.REJECTED: State("The gateway refused this message.", "final"),
    Status.HELD: State(
        "Queued at the gateway, waiting for a person there. Never sent again.",
        "a delivery report",
    ),
    Status.UNKNOWN: State(
        "Nobody can tell whether the gateway accepted it. Never sent again by itself.",
        "a delivery report, the gateway's own proof, or `mailings resolve`",
    ),
    Status.CANCELLED: State("Taken back by a person before it left.", "final"),
}

SKIP_REASONS = {
    SkipReason.INVALID: "The row cannot be read. Only with `--skip-invalid`; without it, the mailing stops.",
    SkipReason.NO_NUMBER: "The row has no number.",
    SkipReason.NOT_MOBILE: "The number is not a mobile number.",
    SkipReason.COUNTRY: "The number is of a country that `limits.countries` does not allow.",
    SkipReason.PROTECTED: "The identity is protected: no row with this number gets a message. Named on a"
    " screen only, by its row; everywhere else it is counted with the blocked.",
    SkipReason.BLOCKED: "The number is on the block list (spärrlista).",
    SkipReason.TERMS: "The person has not accepted the terms (godkända villkor).",
    SkipReason.DUPLICATE: "Another row of the audience has the same number, and gets the message.",
    SkipReason.ALREADY_SENT: "The number has had the same text within 20 hours, or the gateway holds it for"
    " later (`--at`); `--again` overrules.",
    "not-in-use": "The number will never work, as the report of the mailing says that is sent again.",
}

FLAGS = {
    "--config PATH": "the config file; else `$SMSCTL_CONFIG`, the user's config folder,"
    " `/etc/smsctl/config.toml`; stands before the command",
    "--json": "one JSON envelope instead of a screen; never asks",
    "--quiet": "says nothing when all is well",
    "--verbose": "says more, and shows where a bug is",
    "--simulate": "rehearses: nothing leaves this machine, whatever `mode` says",
    "--show-numbers": "shows whole numbers; written in the audit",
    "--version": "prints the version; stands in the place of a command",
}

OUTSIDE = {
    Outside.OTHER_GROUP: "The row is in none of the groups that were asked for.",
    Outside.OTHER_MUNICIPALITY: "The row belongs to another municipality, which is counted by name.",
    Outside.NO_MUNICIPALITY: "The row names no municipality, so nobody knows who pays.",
    Outside.HIDDEN: "The workbook hides or filters the row away, and such rows are to be left out.",
    Outside.WHERE: "A cell is not what --where or --where-empty asks for.",
}
