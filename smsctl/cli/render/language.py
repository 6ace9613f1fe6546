"""Sentences in the reader's language. English stands in the code; JSON is never translated."""

from smsctl.cli.render.blocks import Text


def words(text: Text) -> str:
    """Return what a person reads; a `str` is shown as it is."""
    return str(text)


def whole(text: Text) -> str:
    """Return a clause as a whole sentence: what may stand inside another is told alone here."""
    told = opened(text)
    return told if told.endswith(_ENDS) or not told else f"{told}."


def opened(text: Text) -> str:
    """Return a clause with a capital letter; it may end in a command, which takes no full stop.

    A first word that is spelled in a special way (a path, a key, a command) stays as it is.
    """
    told = words(text).rstrip()
    first = told.split(" ", 1)[0]
    foreign = isinstance(text, str) or text.template.startswith("{")  # begins with a name or a path
    if foreign or first == "smsctl" or not (first.isalpha() and first.islower()):
        return told
    return first[0].upper() + told[1:]


_ENDS = (".", ":", "?", "!", "`")
