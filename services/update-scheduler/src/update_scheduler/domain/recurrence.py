"""On which days a window happens: every n weeks on weekdays, or the nth (or last) weekday of a month."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile

from bellwire_schemas.names import Weekday

_ORDER = tuple(Weekday)
_LAST = 5
_WEEK = timedelta(days=7)


def _days_from(first: date) -> Iterator[date]:
    day = first
    while day < date.max:
        yield day
        day += timedelta(days=1)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every `every`-th week, counted from the week in which the window comes into force, on `weekdays`."""

    weekdays: frozenset[Weekday]
    every: int = 1

    def __post_init__(self) -> None:
        if not self.weekdays or self.every < 1:
            raise ValueError("a weekly window names a weekday and an interval of a week or more")

    def days(self, first: date, anchor: date) -> Iterator[date]:
        """Days from `first` on, in order; `anchor` is the day that weeks are counted from."""
        wanted = {_ORDER.index(w) for w in self.weekdays}
        start = _monday(anchor)
        for day in _days_from(first):
            if day.weekday() in wanted and ((_monday(day) - start) // _WEEK) % self.every == 0:
                yield day


@dataclass(frozen=True, slots=True)
class Monthly:
    """The `nth` (1-4, 5 = last) `weekday` of each month."""

    weekday: Weekday
    nth: int

    def __post_init__(self) -> None:
        if not 1 <= self.nth <= _LAST:
            raise ValueError("a monthly window is the 1st to 4th, or 5 for the last, weekday of the month")

    def days(self, first: date, anchor: date) -> Iterator[date]:
        """Days from `first` on, none before `anchor`, in order."""
        return (d for d in _days_from(max(first, anchor)) if self._falls_on(d))

    def _falls_on(self, day: date) -> bool:
        if day.weekday() != _ORDER.index(self.weekday):
            return False
        if self.nth == _LAST:
            return (day + _WEEK).month != day.month
        return (day.day - 1) // 7 + 1 == self.nth


Recurrence = Weekly | Monthly


def days_between(recurrence: Recurrence, first: date, until: date, anchor: date) -> tuple[date, ...]:
    """The days in [`first`, `until`)."""
    return tuple(takewhile(lambda d: d < until, recurrence.days(first, anchor)))
