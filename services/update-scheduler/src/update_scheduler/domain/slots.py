"""When a request is to be worked on: an instant within one occurrence of a window, or a free instant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

FREE_SLOT_LENGTH = timedelta(hours=3)
"""How long a slot lasts that no window bounds (ASP updates and refreshes): as long as the cloud's window."""


class NoWindow(Enum):
    """The slot lies in no window: its hosting type and kind have none (product.md section 7)."""

    NO_WINDOW = "no_window"


class NoSlot(Enum):
    """The request holds no slot."""

    NO_SLOT = "no_slot"


NO_WINDOW = NoWindow.NO_WINDOW
NO_SLOT = NoSlot.NO_SLOT


@dataclass(frozen=True, slots=True)
class Slot:
    """`at`: the confirmed instant, within [`starts_at`, `ends_at`), the occurrence that it takes a place of.

    All aware. ValueError when a time has no offset or `at` lies outside.
    """

    at: datetime
    starts_at: datetime
    ends_at: datetime
    window: UUID | NoWindow

    def __post_init__(self) -> None:
        if any(t.tzinfo is None for t in (self.at, self.starts_at, self.ends_at)):
            raise ValueError("a slot's times carry an offset")
        if not self.starts_at <= self.at < self.ends_at:
            raise ValueError("a slot's instant lies within its occurrence")

    def over(self, now: datetime) -> bool:
        """Has the whole occurrence passed?"""
        return self.ends_at <= now


def free_slot(at: datetime) -> Slot:
    """A slot at `at` (aware) that takes no place of any window."""
    return Slot(at, at, at + FREE_SLOT_LENGTH, NO_WINDOW)
