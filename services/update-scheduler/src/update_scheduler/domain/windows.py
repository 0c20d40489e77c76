"""When hosting work may be done: effective-dated recurrences in a zone, right over clock changes.

Local times that a clock change skips are read as the end of the gap, doubled ones as the first (the rule of
product.md section 4, "through both clock changes").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from uuid import UUID
from zoneinfo import ZoneInfo

from bellwire_schemas.names import RequestKind

from update_scheduler.domain.recurrence import Recurrence
from update_scheduler.domain.sites import Hosting

_DAY = timedelta(days=1)


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local date and time; a missing time is the gap's end, a doubled one its first."""
    local = datetime.combine(day, clock, zone)
    first = local.replace(fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None, fold=0):
        return first
    return _gap_end(local, zone)


def _gap_end(local: datetime, zone: ZoneInfo) -> datetime:
    """In a gap fold=1 reads the offset after it and fold=0 the one before: the change lies between them."""
    low = local.replace(fold=1).astimezone(UTC)
    high = local.replace(fold=0).astimezone(UTC)
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One happening of a window, as UTC instants [`starts_at`, `ends_at`)."""

    window: UUID
    starts_at: datetime
    ends_at: datetime

    def holds(self, at: datetime) -> bool:
        """Does the instant lie within?"""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class NoOccurrence:
    """The instant lies outside the window."""


NO_OCCURRENCE = NoOccurrence()


@dataclass(frozen=True, slots=True)
class Blackout:
    """No new booking in an occurrence that touches [`starts_at`, `ends_at`) (aware)."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        if self.ends_at <= self.starts_at:
            raise ValueError("a blackout ends after it starts")

    def touches(self, occurrence: Occurrence) -> bool:
        """Do they share an instant?"""
        return self.starts_at < occurrence.ends_at and occurrence.starts_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Window:
    """A rule: on these days from `opens` to `closes` local time (past midnight when not after `opens`).

    In force for local start days from `effective_from` up to, not including, `effective_until` (`date.max`
    for open end). `capacity` = requests an occurrence. ValueError when it could never hold anything.
    """

    id: UUID
    hosting: Hosting
    kinds: frozenset[RequestKind]
    zone: ZoneInfo
    recurrence: Recurrence
    opens: time
    closes: time
    capacity: int
    effective_from: date
    effective_until: date = date.max

    def __post_init__(self) -> None:
        if self.capacity < 1 or not self.kinds:
            raise ValueError("a window takes at least one request of at least one kind")
        if self.effective_until <= self.effective_from:
            raise ValueError("a window ends after the day it comes into force")

    def serves(self, hosting: Hosting, kind: RequestKind) -> bool:
        """Is it for this hosting type and kind of request?"""
        return hosting is self.hosting and kind in self.kinds

    def in_force(self, at: datetime) -> bool:
        """Does the rule hold on the local day of the instant (aware), or an occurrence that it began still run?"""
        day = at.astimezone(self.zone).date()
        held = self.effective_from <= day < self.effective_until
        return held or isinstance(self.occurrence_at(at), Occurrence)

    def occurrences(self, after: datetime) -> Iterator[Occurrence]:
        """Those that end after `after` (aware), in order, without end when the rule has none."""
        first = max(self.effective_from, after.astimezone(self.zone).date() - 2 * _DAY)
        days = takewhile(lambda d: d < self.effective_until, self.recurrence.days(first, self.effective_from))
        for day in days:
            starts = instant(day, self.opens, self.zone)
            ends = instant(day + (_DAY if self.closes <= self.opens else timedelta()), self.closes, self.zone)
            if starts < ends and ends > after:
                yield Occurrence(self.id, starts, ends)

    def occurrence_at(self, at: datetime) -> Occurrence | NoOccurrence:
        """The occurrence that holds the instant."""
        within = takewhile(lambda o: o.starts_at <= at, self.occurrences(at))
        return next((o for o in within if o.holds(at)), NO_OCCURRENCE)


def blacked_out(occurrence: Occurrence, blackouts: Sequence[Blackout]) -> bool:
    """Does any blackout touch it?"""
    return any(blackout.touches(occurrence) for blackout in blackouts)
