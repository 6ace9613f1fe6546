"""Whether a cell says that a person's identity is protected (skyddade personuppgifter).

Only what plainly says no is no. Anything else protects: a number that gets no message costs a telephone
call, one that shows where somebody is may cost more.
"""

from typing import Final

from smsctl.domain.cells import plain

NO: Final = frozenset({"", "nej", "n", "no", "0", "false", "falskt", "ingen"})
YES: Final = frozenset({"ja", "j", "yes", "y", "1", "true", "sant", "x"})


def is_protected(cell: str) -> bool:
    """Tell whether the cell protects."""
    return plain(cell) not in NO


def is_known(cell: str) -> bool:
    """Tell whether the cell is one of the usual yes and no; any other is told, for it may be a mistake."""
    return plain(cell) in YES | NO
