"""A clause told alone becomes a sentence: what may stand inside another text has neither capital nor stop."""

_ENDS = (".", ":", "?", "!", "`")


def opened(told: str, template: str) -> str:
    """Return it with a capital letter; it may end in a command, which takes no full stop.

    A first word that is spelled in a special way stays as it is: a path, a key, a command, or whatever the
    template has a place for.
    """
    told = told.rstrip()
    first = told.split(" ", 1)[0].rstrip(",:")
    if template.startswith("{") or first == "smsctl" or not (first.isalpha() and first.islower()):
        return told
    return first[0].upper() + told[1:]


def whole(told: str, template: str) -> str:
    """Return it with a capital letter and a full stop, unless it ends with what mends it."""
    sentence = opened(told, template)
    ended = sentence.endswith(_ENDS) or template.endswith("{mend}")
    return sentence if ended or not sentence else f"{sentence}."
