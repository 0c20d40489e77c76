"""Which slot a request takes: the next free ones, and the one that an asked instant lies in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import takewhile
from uuid import UUID

from bellwire_schemas.names import RequestKind

from update_scheduler.domain.refusals import FieldWrong
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.slots import Slot, free_slot
from update_scheduler.domain.windows import Blackout, Occurrence, Window, blacked_out

HORIZON = timedelta(days=400)
"""How far ahead slots are offered and taken: a year and a school holiday."""

Taken = Mapping[tuple[UUID, datetime], int]
"""How many requests hold a place of (window, the occurrence's start)."""


@dataclass(frozen=True, slots=True)
class Free:
    """An occurrence with `left` places."""

    occurrence: Occurrence
    left: int


@dataclass(frozen=True, slots=True)
class Full:
    """The occurrence has not as many places left as asked for."""

    occurrence: Occurrence
    capacity: int

    @property
    def detail(self) -> str:
        """When, and how many it takes."""
        return (
            f"The window of {self.occurrence.starts_at.isoformat()} is full: it takes {self.capacity}; "
            "see /v1/windows/free for the next free ones."
        )


def serving(windows: Sequence[Window], hosting: Hosting, kind: RequestKind) -> tuple[Window, ...]:
    """The windows for a hosting type and kind of request."""
    return tuple(w for w in windows if w.serves(hosting, kind))


def in_force(windows: Sequence[Window], at: datetime) -> tuple[Window, ...]:
    """The windows that exist at an instant (aware): one that has ended, or is yet to come, binds nobody."""
    return tuple(w for w in windows if w.in_force(at))


def needs_window(windows: Sequence[Window], hosting: Hosting, kind: RequestKind) -> bool:
    """Cloud version updates always; ASP updates and refreshes only if a window exists for them.

    Which exist depends on the date: give the windows that are `in_force` then.
    """
    if hosting is Hosting.CLOUD and kind is RequestKind.VERSION_UPDATE:
        return True
    return bool(serving(windows, hosting, kind))


def free_slots(
    windows: Sequence[Window],
    blackouts: Sequence[Blackout],
    taken: Taken,
    after: datetime,
    limit: int,
    places: int = 1,
) -> tuple[Free, ...]:
    """The next `limit` occurrences that start after `after` (aware), have `places` left and no blackout."""
    horizon = after + HORIZON
    capacity = {w.id: w.capacity for w in windows}
    found: list[Free] = []
    streams = [
        takewhile(lambda o: o.starts_at <= horizon, w.occurrences(after))
        for w in windows
        if w.effective_from <= horizon.date() + timedelta(days=1)
    ]
    for occurrence in merge(*streams, key=lambda o: (o.starts_at, o.ends_at, o.window)):
        left = capacity[occurrence.window] - taken.get((occurrence.window, occurrence.starts_at), 0)
        if occurrence.starts_at > after and left >= places and not blacked_out(occurrence, blackouts):
            found.append(Free(occurrence, left))
            if len(found) == limit:
                break
    return tuple(found)


def slot_at(
    at: datetime,
    windows: Sequence[Window],
    blackouts: Sequence[Blackout],
    taken: Taken,
    *,
    window_needed: bool,
    places: int = 1,
) -> Slot | Full | FieldWrong:
    """The slot that `at` (aware) lies in, with `places` left, of `windows` (those serving the request).

    FieldWrong outside every window or in a blackout, Full beyond capacity. Without a window for its kind and
    hosting type any instant is a slot, unless a blackout touches it.
    """
    if not window_needed:
        free = free_slot(at)
        dark = any(b.starts_at < free.ends_at and free.starts_at < b.ends_at for b in blackouts)
        return FieldWrong("/at", "The date lies in a blackout: give one outside it.") if dark else free
    found = [o for w in windows if isinstance(o := w.occurrence_at(at), Occurrence)]
    if not found:
        return FieldWrong("/at", "The date lies outside the windows; see /v1/windows/free for the next ones.")
    lit = [o for o in found if not blacked_out(o, blackouts)]
    if not lit:
        return FieldWrong(
            "/at", "The date lies in a blackout; see /v1/windows/free for the next free windows."
        )
    capacity = {w.id: w.capacity for w in windows}
    for o in sorted(lit, key=lambda o: (o.starts_at, o.window)):
        if capacity[o.window] - taken.get((o.window, o.starts_at), 0) >= places:
            return Slot(at, o.starts_at, o.ends_at, o.window)
    return Full(lit[0], capacity[lit[0].window])
