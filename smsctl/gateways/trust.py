"""Which certificates are trusted: one TLS context per process, with the authorities loaded once."""

import ssl
from functools import cache
from pathlib import Path


@cache
def tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Return a context that always checks certificates and host names, and speaks TLS 1.2 or later.

    `ca_bundle` is trusted instead of the public authorities. Nothing switches the checking off.
    """
    from certifi import where

    context = ssl.create_default_context(cafile=ca_bundle or where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
