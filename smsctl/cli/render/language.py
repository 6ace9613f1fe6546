"""Sentences in the reader's language. English stands in the code; JSON is never translated."""

from smsctl.cli.render.blocks import Text


def words(text: Text) -> str:
    """Return what a person reads; a `str` is shown as it is."""
    return str(text)
