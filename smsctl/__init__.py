"""smsctl sends SMS from a municipality's own server, through its own gateway account."""

__version__ = "1.0.0"
