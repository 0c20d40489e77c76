"""A bulk file is the whole set: when so much is no longer listed, somebody must confirm it (product.md 2)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """Of the records that were live before a bulk: how many there were, and how many it no longer lists."""

    live_before: int
    unlisted: int

    def __post_init__(self) -> None:
        """Refuse a part that is larger than the whole."""
        if not 0 <= self.unlisted <= self.live_before:
            raise ValueError("what is unlisted was live before")

    @property
    def must_be_confirmed(self) -> bool:
        """True when more than 10 % would end."""
        return self.unlisted * 10 > self.live_before
