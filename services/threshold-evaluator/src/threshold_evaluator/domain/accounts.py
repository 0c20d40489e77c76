"""What is counted per user while alerts are timed: pushes of the day, windows, `unseen`, the rising `seq`."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from bellwire_schemas.ids import slot_id
from bellwire_schemas.names import Group
from bellwire_schemas.source import Source

from threshold_evaluator.domain.due import NEVER
from threshold_evaluator.domain.effective import Effective
from threshold_evaluator.domain.things import ThingKey
from threshold_evaluator.domain.timing import Pushes
from threshold_evaluator.domain.walls import local_day

NO_SLOT = UUID(int=0)


@dataclass(slots=True)
class Window:
    """The window that the last push of a user, student and group opened, and the slot it shows in."""

    opened_at: datetime = NEVER
    slot: UUID = NO_SLOT
    touched: bool = False


@dataclass(slots=True)
class Account:
    """One user's counters, locked while a batch works in them."""

    user_id: str
    seq: int = 0
    unseen: int = 0
    day: date = date.min
    count: int = 0
    windows: dict[tuple[str, Group], Window] = field(default_factory=dict)
    touched: bool = False

    def window(self, key: ThingKey) -> Window:
        """Return the window of a student and group."""
        return self.windows.setdefault((key.student_id, key.group), Window())

    def pushes(self, key: ThingKey) -> Pushes:
        """Return what `due_time` needs to know of what was pushed."""
        return Pushes(self.window(key).opened_at, self.day, self.count)

    def enter_inbox(self) -> None:
        """Count one more unseen item."""
        self.unseen += 1
        self.touched = True

    def next_seq(self) -> int:
        """Take the next number of this user's alerts."""
        self.seq += 1
        self.touched = True
        return self.seq

    def count_push(self, settings: Effective, now: datetime) -> None:
        """Count one push of the day that it is in the user's zone; digests and what is mandatory are not counted."""
        self.touched = True
        today = local_day(now, settings.timezone)
        self.count = self.count + 1 if self.day == today else 1
        self.day = today

    def show(
        self, key: ThingKey, source: Source, now: datetime, *, opens: bool, follows_up: bool = False
    ) -> UUID:
        """Return the slot of a push that goes now: the window's, for a follow-up, else the thing's.

        A follow-up is what a window held: it replaces the first on the screen. A push `opens` a window unless it
        is a digest.
        """
        slot = slot_id(source, self.user_id, f"{key.group.value}/{key.student_id}/{key.thing_id}")
        if not opens:
            return slot
        window = self.window(key)
        if follows_up and window.slot != NO_SLOT:
            slot = window.slot
        window.opened_at, window.slot, window.touched = now, slot, True
        self.touched = True
        return slot
