"""Counts per minute, for a project's quota and for one device (providers.md sections 1 and 2)."""

from collections import Counter


class MinuteWindow:
    """Counts in whole minutes of real time: a new minute starts from nothing."""

    def __init__(self) -> None:
        self._minute = -1
        self._counts: Counter[str] = Counter()

    def count(self, key: str, now: float) -> None:
        """Add one for `key` at `now` (epoch seconds)."""
        self._turn(now)
        self._counts[key] += 1

    def full(self, key: str, limit: int, now: float) -> bool:
        """Whether `key` has used up `limit` in this minute; a limit of 0 is none."""
        if limit == 0:
            return False
        self._turn(now)
        return self._counts[key] >= limit

    def seconds_left(self, now: float) -> int:
        """Whole seconds until the next minute, at least 1."""
        return max(1, 60 - int(now) % 60)

    def _turn(self, now: float) -> None:
        minute = int(now) // 60
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
