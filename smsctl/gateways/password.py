"""The account's password, as the gateways put it on the wire."""

from smsctl.domain.gateway import Options
from smsctl.errors import CredentialError, say


def password_of(options: Options) -> str:
    """Return the password for the wire. Raises CredentialError."""
    if options.password is None or not options.password:
        raise CredentialError(
            say("there is no password for the gateway"),
            hint=say("store it with: smsctl credential set"),
        )
    return options.password.reveal()
