"""Product time: due times, quiet hours, dates, retention. Leases, tokens and rate limits keep real time."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Where product time comes from; the domain gets values, never a clock."""

    def now(self) -> datetime:
        """Return the present product time, aware, in UTC."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that a test moves."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time it was last set to."""
        return self._now

    def move(self, by: timedelta) -> None:
        """Move by a span; backwards too, since real clocks jump."""
        self._now += by

    def set(self, to: datetime) -> None:
        """Set to a moment."""
        self._now = to.astimezone(UTC)


class OffsetFileClock:
    """The machine's time plus the seconds that a file holds (architecture.md section 7, `make clock`).

    The file is looked at every time, and read when it is another: what follows a move never has the time before it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = timedelta()
        self._stamp = (-1, -1)

    def now(self) -> datetime:
        """Return the machine's time plus the offset, aware, in UTC."""
        self._refresh()
        return datetime.now(UTC) + self._offset

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return
        stamp = (found.st_ino, found.st_mtime_ns)
        if stamp != self._stamp:
            text = self._path.read_text().strip()
            self._offset = timedelta(seconds=float(text or "0"))
            self._stamp = stamp


def clock_from_environment() -> Clock:
    """Return an `OffsetFileClock` where BELLWIRE_CLOCK_FILE names a file, else the machine's clock."""
    path = os.environ.get("BELLWIRE_CLOCK_FILE", "")
    return OffsetFileClock(Path(path)) if path else SystemClock()
