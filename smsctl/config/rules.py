"""What the keys of a config must be to each other: the rules that no single value can show."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from smsctl.config.keys import Section
from smsctl.config.settings import key_called
from smsctl.config.walk import BROKEN, Problem, Values
from smsctl.domain.sender import sender_problems
from smsctl.errors import say

T = TypeVar("T")
BUILT_IN = ("intelecom", "pswincom")  # whose keys the rules know
_BY_MAIL = "mail"  # not named as a module: use_web_service = false
_OF_ONE = ("*.py", "*/__init__.py")  # the file that opens a gateway

_SEVERAL = 2
_LONGEST_TOTAL_S = 600  # of a request where hosts share the ledger; with the answer to a mail it is longer


def check(values: Values) -> Iterator[Problem]:
    """Yield what does not fit together; a BROKEN value has been complained of already."""
    among = (_gateway, _route, _timeouts, _secrets, _municipalities, _money, _cost_centres, _retention)
    for rule in (*among, _server, _mail, _senders, _reports, _shown_senders):
        yield from rule(values)


def names_of(section: str, values: Mapping[Section, dict[str, T]]) -> dict[str, dict[str, T]]:
    """Return the sections of a collection by the name the administrator chose."""
    return {path[1]: given for path, given in values.items() if path[:-1] == (section,)}


def default_municipality(values: Values) -> str | None:
    """Return the key of the default municipality, which may be written by name, or be the only one."""
    there = names_of("municipalities", values)
    written = values[()]["default_municipality"]
    if written is None:
        return next(iter(there)) if len(there) == 1 else None
    return key_called(str(written), {key: str(given["name"]) for key, given in there.items()})


def _gateway(values: Values) -> Iterator[Problem]:
    gateway = values["gateway",]
    module = gateway["module"]
    if module is BROKEN:
        return
    if module not in BUILT_IN:
        yield from _unknown(str(module))
        return
    if gateway["extra"] != {} and gateway["extra"] is not BROKEN:
        yield Problem(("gateway", "extra"), say("must be left out: it is for a gateway added from outside"))
    for name, owner in _ONLY.items():
        if gateway[name] not in (None, False, BROKEN) and module != owner:
            yield Problem(("gateway", name), say("must be left out: it is for {owner} only", owner=owner))
    if gateway["proxy_username"] is not None and gateway["proxy"] is None:
        yield Problem(("gateway", "proxy"), say("must be given where there is a proxy_username"))
    yield from _management_path(values)


_ONLY = {
    "failover_url": "pswincom",
    "gateway_time_zone": "pswincom",
    "unique_references": "intelecom",
    "management_path": "intelecom",
}


def _management_path(values: Values) -> Iterator[Problem]:
    """Check that the path leads to the service that sends: without it the gateway stops nothing."""
    gateway = values["gateway",]
    path = gateway["management_path"]
    if not isinstance(path, str) or "{service_id}" in path or gateway["module"] != "intelecom":
        return
    own = (one["service_id"] for one in names_of("municipalities", values).values())
    services = {str(one) for one in (gateway["service_id"], *own) if one not in (None, BROKEN)}
    if len(services) > 1 or services.isdisjoint(path.split("/")):
        yield Problem(
            ("gateway", "management_path"),
            say("must hold {{service_id}}, as /mgmt/rs/service/{{service_id}}"),
        )


def _unknown(module: str) -> Iterator[Problem]:
    """Look for a gateway beside ours, a file or a folder, or in another package; its keys it knows alone."""
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    found = find_spec("smsctl.gateways")
    folders = (found and found.submodule_search_locations) or ()
    files = (file for folder in folders for kind in _OF_ONE for file in Path(folder).glob(kind))
    opening = (file for file in files if b"\ndef open_gateway(" in file.read_bytes())
    ours = {one.parent.name if one.stem == "__init__" else one.stem for one in opening} - {_BY_MAIL}
    known = sorted({*ours, *entry_points(group="smsctl.gateways").names})
    if module not in known:
        yield Problem(
            ("gateway", "module"),
            say('there is no gateway "{module}"; known are {known}', module=module, known=", ".join(known)),
        )


def _route(values: Values) -> Iterator[Problem]:
    """Check what the chosen way of sending needs."""
    gateway = values["gateway",]
    module, web = gateway["module"], gateway["use_web_service"]
    if module not in ("intelecom", BROKEN) and web is False:
        yield Problem(("gateway", "use_web_service"), say("sending by e-mail exists for intelecom only"))
    if module in BUILT_IN and web is True and gateway["username"] is None:
        yield Problem(
            ("gateway", "username"), say("must be given: the user name of the account at the gateway")
        )
    everyone_has_one = all(m["service_id"] is not None for m in names_of("municipalities", values).values())
    if module == "intelecom" and gateway["service_id"] is None and not everyone_has_one:
        yield Problem(
            ("gateway", "service_id"),
            say("must be given: the number of the service, which the supplier tells"),
        )
    if module == "intelecom" and web is False and ("smtp",) not in values:
        yield Problem(("gateway", "use_web_service"), say("sending by e-mail needs a mail server: [smtp]"))


def _timeouts(values: Values) -> Iterator[Problem]:
    gateway = values["gateway",]
    total = gateway["total_timeout"]
    for name in ("connect_timeout", "read_timeout"):
        one = gateway[name]
        if isinstance(one, float) and isinstance(total, float) and one > total:
            yield Problem(("gateway", name), say("must not be longer than total_timeout"))


def _shown_senders(values: Values) -> Iterator[Problem]:
    """Check what the phone shows by the rule that the gateway goes by when it sends."""
    module = str(values["gateway",]["module"])
    for path, given in values.items():
        shown = given.get("sender")
        if isinstance(shown, str):
            yield from (Problem((*path, "sender"), why) for why in sender_problems(shown, module))


def _secrets(values: Values) -> Iterator[Problem]:
    for path, given in values.items():
        if given.get("source") == "file" and given["path"] is None:
            yield Problem((*path, "path"), say('must be given where source = "file"'))


def _server(values: Values) -> Iterator[Problem]:
    """Check that what a ledger on a server needs is said of one alone, and what a file needs of a file."""
    ledger = values["ledger",]
    if ledger["url"] is None:
        for name in ("state", "ca_bundle"):
            if ledger[name] is not None:
                yield Problem(("ledger", name), say("goes with url: it is of a ledger on a server"))
    elif ledger["path"] is not None:
        yield Problem(("ledger", "path"), say("does not go with url: the ledger is a file, or on a server"))
    if ledger["url"] is not None:
        yield from _longest_request(values["gateway",])
        if values[()]["mode"] == "live" and not _stays_here(values["gateway",]):
            yield from _on_trial(values)


def _longest_request(gateway: Mapping[str, object]) -> Iterator[Problem]:
    """Check that each host ends a request in the time that the others count on."""
    from smsctl.domain.gateway import ANSWER_TO_A_MAIL, LONGEST_SHARED_S  # most ledgers are files

    total = gateway["total_timeout"]
    most = {"total_timeout": _LONGEST_TOTAL_S}
    if gateway["use_web_service"] is False and isinstance(total, float):
        most["read_timeout"] = int(LONGEST_SHARED_S - min(total, _LONGEST_TOTAL_S)) // ANSWER_TO_A_MAIL
    for name, n in most.items():
        given = gateway[name]
        if isinstance(given, float) and given > n:
            told = say("must not be longer than {n} seconds where hosts share the ledger", n=n)
            yield Problem(("gateway", name), told)


def _on_trial(values: Values) -> Iterator[Problem]:
    """Check that no SMS is sent in a way in which hosts that share a ledger may send twice still."""
    if values["ledger",]["standby"] == "synchronous":
        told = say('is on trial: "synchronous" goes with a simulator on this machine alone')
        yield Problem(("ledger", "standby"), told)
    if values["gateway",]["use_web_service"] is False:
        told = say("must be true where hosts share the ledger: sending by e-mail is on trial there")
        yield Problem(("gateway", "use_web_service"), told)


def _stays_here(gateway: Mapping[str, object]) -> bool:
    """Say whether no SMS can leave this machine: a url with http is a loopback one (config.kinds)."""
    ways = gateway["url"], gateway["failover_url"] or gateway["url"]
    straight = gateway["use_web_service"] is True and gateway["proxy"] is None
    return straight and all(str(one).startswith("http://") for one in ways)


def _municipalities(values: Values) -> Iterator[Problem]:
    there, default = names_of("municipalities", values), values[()]["default_municipality"]
    if not there:
        yield Problem(
            ("municipalities",),
            say("none is in this file, and one is needed: [municipalities.exempelkommun]"),
        )
    elif default not in (None, BROKEN) and default_municipality(values) is None:
        named = {"name": default, "known": ", ".join(there)}
        told = say('there is no municipality "{name}" in this file; known are {known}', **named)
        yield Problem(("default_municipality",), told)
    if len(there) < _SEVERAL:
        return
    from smsctl.domain.cells import plain  # what they are called decides which rows are whose

    owners: dict[str, str] = {}
    for key, given in there.items():
        for name in {plain(key), plain(str(given["name"]))}:
            if given["name"] is not BROKEN and owners.setdefault(name, key) != key:
                yield Problem(("municipalities", key, "name"), say("another municipality is called so"))


def _money(values: Values) -> Iterator[Problem]:
    for key, given in names_of("municipalities", values).items():
        path = ("municipalities", key)
        if given["package_size"] is None and given["package_price"] is not None:
            yield Problem((*path, "package_size"), say("must be given where there is a package_price"))
        if given["package_size"] is not None and given["package_price"] is None:
            yield Problem((*path, "package_price"), say("must be given where there is a package_size"))
        if given["package_size"] is not None and given["part_price"] is not None:
            yield Problem((*path, "part_price"), say("must be left out where there is a package_size"))
        limit = given["max_cost_per_month"] or values["limits",]["max_cost_per_month"]
        if not (given["package_size"] or given["part_price"]) and (given["budget_year"] or limit):
            told = say("must be given where there is a budget_year or max_cost_per_month: no price is known")
            yield Problem((*path, "part_price"), told)


def _cost_centres(values: Values) -> Iterator[Problem]:
    known = values[()]["cost_centres"]
    named = {(("municipalities", key), "cost_centre") for key in names_of("municipalities", values)}
    for section, key in sorted({((), "contra_cost_centre"), *named}):
        name, path = values[section][key], (*section, key)
        if name not in (None, BROKEN) and isinstance(known, dict) and name not in known:
            yield Problem(path, say("is not in this file; write a section [cost_centres.{name}]", name=name))


def _retention(values: Values) -> Iterator[Problem]:
    for path, given in values.items():
        if path[-1:] == ("retention",) and given["days"] is not None and given["decision"] is None:
            yield Problem((*path, "decision"), say("must be given: the disposal decision that allows it"))


def _mail(values: Values) -> Iterator[Problem]:
    smtp = values.get(("smtp",))
    if smtp is None:
        if values["notify",]["to"] not in (None, BROKEN):
            yield Problem(("notify", "to"), say("needs a mail server: [smtp]"))
    elif smtp["starttls"] is False and smtp["username"] is not None:
        yield Problem(("smtp", "starttls"), say("must be true where there is a login"))


def _senders(values: Values) -> Iterator[Problem]:
    keys = {key: key for key in names_of("municipalities", values)}
    for name, given in names_of("senders", values).items():
        path = ("senders", name, "municipalities")
        wanted = given["municipalities"]
        if isinstance(wanted, tuple) and any(key_called(str(one), keys) is None for one in wanted):
            yield Problem(path, say("names a municipality that is not in this file"))


def _reports(values: Values) -> Iterator[Problem]:
    reports = values["reports",]
    header, username = reports["header"], reports["username"]
    if username not in (None, BROKEN) and str(header).lower() == "authorization":
        yield Problem(
            ("reports", "username"), say("needs the same header as `header`: leave one of them out")
        )
