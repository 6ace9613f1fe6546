"""The table of contents: every command, in the order of the help page, with its one line.

A command is one file in `commands/`, called as the command with `_` for the space. Only the chosen file
is loaded, so that sixty commands cost no more than one; the others stand in the help by their line here.
"""

GROUPS = {
    "mailings": "What was sent, what came of it, and going on after a stop",
    "municipality": "The life of the service per municipality",
    "recipients": "The recipients file",
    "gateway": "The gateway account",
    "credential": "The secrets, kept outside the config",
    "config": "The config file",
    "ledger": "The record of what was sent: check it, copy it, put it back",
}

COMMANDS = {
    "test": "Send one test SMS, now",
    "send": "Send a text to a group out of the recipients file",
    "usage": "Show packages, parts and cost per municipality",
    "mailings list": "List the latest mailings",
    "mailings show": "Tell the story of one mailing",
    "mailings resume": "Send what is still pending of a mailing",
    "mailings cancel": "Cancel what has not left, here and at the gateway",
    "mailings resolve": "Settle what is unknown: sent, not sent, or send again",
    "mailings skipped": "List who got no message, and why",
    "municipality list": "List who has the service, since when, and what is left",
    "municipality order": "Record an order; show what it costs and what to send to the supplier",
    "municipality activate": "Activate the service at once; opens the first package",
    "municipality deactivate": "End the service: nothing more is sent or invoiced",
    "recipients check": "Check the whole recipients file before anything is sent",
    "gateway verify-dedup": "Prove with one real double send that the gateway refuses repeats",
    "gateway probe": "Log in at the gateway without sending anything",
    "credential set": "Store a secret in the keyring",
    "credential check": "Say where a secret would come from, without showing it",
    "credential delete": "Remove a secret from the keyring",
    "config check": "List everything that is wrong with the config",
    "config show": "Show the settings in force, without secrets",
    "config set": "Change one key of the config, keeping comments and order",
    "config import": "Take over SuperOffice's plugin block",
    "ledger check": "Check the ledger against itself: the file, every sum, every rule",
    "ledger backup": "Copy the ledger to a new file while others send",
    "ledger accept-restore": "Go on with a ledger that was put back from an older copy",
    "audit": "Show who did what, when, and from which host",
    "simulator": "Run both gateways on this machine, for rehearsals and tests",
}
