"""Where a reader of an area stands: a cursor that misses no change, however transactions interleave.

Rows carry the id of the transaction that wrote them (`changed_in`). A reader remembers the oldest
transaction that was still open when it began to read: what is older was visible then, the rest is read again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

Place = tuple[int, str]
"""Transaction id and thing id of a row: the order in which pages are read."""

_START: Place = (0, "")


@dataclass(frozen=True, slots=True)
class Standing:
    """`since`: rows written by this transaction or later are wanted (0: all). `base`: the oldest transaction
    open when the first page was read, 0 before it. `after`: the last row read. `view`: what else decides
    about the rows (open schools, the day); when it changes, reading starts again.
    """

    view: str
    since: int = 0
    base: int = 0
    after: Place = _START

    @property
    def resets(self) -> bool:
        """Whether the client must drop its copy first: the first page of a full read."""
        return self.since == 0 and self.base == 0

    @property
    def full(self) -> bool:
        """Whether everything is being read, so that what is gone need not be named."""
        return self.since == 0

    def for_view(self, view: str) -> "Standing":
        """Return the same standing if the view holds still, else the start."""
        return self if view == self.view else Standing(view)

    def following(self, oldest_open: int, read: Sequence[Place], limit: int) -> "Standing":
        """Return where the reader stands after a page of `read` rows, taken when `oldest_open` was so.

        A page of `limit` rows may have more behind it; a shorter one ends the read.
        """
        base = self.base or oldest_open
        if len(read) >= limit:
            return replace(self, base=base, after=read[-1])
        return Standing(self.view, since=base)

    @property
    def more(self) -> bool:
        """Whether a page follows at once."""
        return self.base > 0

    def position(self) -> list[Any]:
        """Return the JSON position that a cursor seals."""
        return [self.view, self.since, self.base, *self.after]


def standing(position: Sequence[Any]) -> Standing:
    """Return the standing that a cursor's position says; the cursor was signed, so it is one of ours."""
    view, since, base, transaction, thing = position
    return Standing(view, since, base, (transaction, thing))
