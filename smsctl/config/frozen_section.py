"""What one section of the config says: fields that are all given, and never changed."""

from typing import NoReturn, Self, dataclass_transform


@dataclass_transform(kw_only_default=True, frozen_default=True)
class FrozenSection:
    """What one section says, by keyword and for good; no NamedTuple: slow to make (decision 0003)."""

    def __init__(self, **given: object) -> None:
        """Take every field that the class declares, and no other."""
        if given.keys() != type(self).__annotations__.keys():
            raise TypeError(sorted(given.keys() ^ type(self).__annotations__.keys()))
        vars(self).update(given)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: what the file says does not change while smsctl runs."""
        raise AttributeError(name)

    def __eq__(self, other: object) -> bool:
        """Compare what is said."""
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Show what is said."""
        return f"{type(self).__name__}({vars(self)})"

    def _replace(self, **changes: object) -> Self:
        """Return the same with other values for some fields."""
        return type(self)(**vars(self) | changes)
