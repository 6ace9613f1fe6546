"""The ways out of the machine, found by the config's module name.

A gateway is one file here: its protocol in the docstring, a class, and `open_gateway`. The file's name is
the module name; nothing is registered. Gateways from elsewhere come as entry points.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import cast

from smsctl.domain.gateway import Gateway, Options
from smsctl.errors import ConfigError, say

_ENTRY_POINTS = "smsctl.gateways"


def find(module: str) -> Callable[[Options], Gateway]:
    """Return what opens the gateway of that name; only its own file is loaded.

    Raises ConfigError, naming the gateways there are.
    """
    opener = _built_in(module) or _from_elsewhere(module)
    if opener is None:
        raise ConfigError(
            say("there is no gateway called {module}", module=module),
            hint=say("module is one of: {known}", known=", ".join(_known())),
        )
    return opener


def host_of(module: str) -> str | None:
    """Return the address that the gateway's file knows as its own, `HOST`; None where only it knows one."""
    return cast("str | None", getattr(_file_of(module), "HOST", None))


def _file_of(module: str) -> ModuleType | None:
    is_there = module.isidentifier() and find_spec(f"{__name__}.{module}")
    return import_module(f"{__name__}.{module}") if is_there else None


def _built_in(module: str) -> Callable[[Options], Gateway] | None:
    opener = getattr(_file_of(module), "open_gateway", None)
    return cast("Callable[[Options], Gateway] | None", opener)


def _from_elsewhere(module: str) -> Callable[[Options], Gateway] | None:
    from importlib.metadata import entry_points

    for point in entry_points(group=_ENTRY_POINTS, name=module):
        return cast("Callable[[Options], Gateway]", point.load())
    return None


def _known() -> list[str]:
    from importlib.metadata import entry_points
    from pkgutil import iter_modules

    built_in = [found.name for found in iter_modules(__path__) if _built_in(found.name)]
    return sorted({*built_in, *(point.name for point in entry_points(group=_ENTRY_POINTS))})
