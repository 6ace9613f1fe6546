"""smsctl sends SMS from a municipality's own server, through its own gateway account."""

__version__ = "0.1.0"
