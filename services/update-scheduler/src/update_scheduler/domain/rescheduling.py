"""Many requests moved to new dates at once: which place each takes, one after the other (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bellwire_schemas.names import RequestKind

from update_scheduler.domain.booking import Full, Taken, free_slots, in_force, needs_window, slot_at
from update_scheduler.domain.refusals import FieldWrong
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.slots import NoSlot, NoWindow, Slot
from update_scheduler.domain.windows import Blackout, Window


@dataclass(frozen=True, slots=True)
class At:
    """All to the window that holds this instant (aware)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Spread:
    """Each to the next window after `after` (aware) that has a place left, in the order given."""

    after: datetime


Goal = At | Spread


@dataclass(frozen=True, slots=True)
class Seeker:
    """A request that wants a new slot; `held` is the one that it gives up for it."""

    id: UUID
    held: Slot | NoSlot


@dataclass(frozen=True, slots=True)
class NoPlace:
    """There is no place for it, and why."""

    detail: str


@dataclass(frozen=True, slots=True)
class Times:
    """What one hosting type and kind of request can be booked in."""

    hosting: Hosting
    kind: RequestKind
    windows: Sequence[Window]
    blackouts: Sequence[Blackout]
    taken: Taken


def assign(seekers: Iterable[Seeker], goal: Goal, times: Times) -> Mapping[UUID, Slot | NoPlace]:
    """Give each seeker its place in turn. `times.taken` counts the places that seekers hold now.

    A seeker that finds no place keeps the one it has; no window ever holds more than its capacity.
    """
    taken = dict(times.taken)
    found: dict[UUID, Slot | NoPlace] = {}
    for seeker in seekers:
        _count(taken, seeker.held, -1)
        place = _place(goal, times, taken)
        _count(taken, place if isinstance(place, Slot) else seeker.held, 1)
        found[seeker.id] = place
    return found


def _place(goal: Goal, times: Times, taken: Taken) -> Slot | NoPlace:
    at = goal.at if isinstance(goal, At) else _next(goal, times, taken)
    if isinstance(at, NoPlace):
        return at
    needed = needs_window(in_force(times.windows, at), times.hosting, times.kind)
    slot = slot_at(at, times.windows, times.blackouts, taken, window_needed=needed)
    return NoPlace(slot.detail) if isinstance(slot, Full | FieldWrong) else slot


def _next(goal: Spread, times: Times, taken: Taken) -> datetime | NoPlace:
    free = free_slots(times.windows, times.blackouts, taken, goal.after, 1, 1)
    if not free:
        return NoPlace("No window is free: give a date.")
    return free[0].occurrence.starts_at


def _count(taken: dict[tuple[UUID, datetime], int], slot: Slot | NoSlot, by: int) -> None:
    if isinstance(slot, Slot) and not isinstance(slot.window, NoWindow):
        key = (slot.window, slot.starts_at)
        taken[key] = taken.get(key, 0) + by
