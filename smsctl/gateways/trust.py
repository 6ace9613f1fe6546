"""Which certificates are trusted: one TLS context per process, with the authorities loaded once."""

import ssl
from functools import cache
from pathlib import Path

from smsctl.errors import ConfigError, say


@cache
def tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Return a context that always checks certificates and host names, and speaks TLS 1.2 or later.

    `ca_bundle` is trusted instead of the public authorities. Nothing switches the checking off.
    """
    from certifi import where

    context = ssl.create_default_context(cafile=ca_bundle or where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def must_be_usable(ca_bundle: Path) -> None:
    """Raise ConfigError where nobody could be trusted: told before a message is marked, not at each try."""
    try:
        tls_context(ca_bundle)
    except ssl.SSLError:
        raise ConfigError(
            say("{path} holds no certificate in PEM form.", path=ca_bundle), hint=_MEND
        ) from None
    except OSError as error:
        raise ConfigError(
            say("{path} cannot be read: {reason}.", path=ca_bundle, reason=error.strerror), hint=_MEND
        ) from None


NAME_AUTHORITY = say("Where the site's firewall reads along, name its authority: `[gateway] ca_bundle`.")
_MEND = say("Name the file of your authority's certificates in `[gateway] ca_bundle`, or leave that key out.")
