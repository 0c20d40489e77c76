"""Moving the local stack's time: a file with an offset in seconds, forward only (architecture.md section 7)."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bellwire_local.errors import ClockRefused
from bellwire_local.paths import disk, make, write_atomically


def read_offset(path: Path) -> float:
    """Seconds that the file adds to real time; 0 where there is none yet."""
    try:
        return float(path.read_text().strip() or "0")
    except FileNotFoundError:
        return 0.0
    except ValueError as error:
        raise ClockRefused(
            f"{path} does not hold a number of seconds: delete it to start from real time."
        ) from error


def move_by(path: Path, seconds: float) -> datetime:
    """Move forward by seconds and answer the new product time, UTC. Raises `ClockRefused` backwards."""
    if not 0 <= seconds < 100 * 366 * 86400:
        raise ClockRefused(
            f"The local clock moves forward only, and not past a century: {seconds:g} s cannot be added."
        )
    with _locked(path):
        offset = read_offset(path) + seconds
        write_atomically(path, repr(offset))
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() + offset, UTC)


def move_to(path: Path, moment: str) -> datetime:
    """Move forward to an RFC 3339 time and answer it, UTC. Raises `ClockRefused` for one that is past."""
    try:
        wanted = datetime.fromisoformat(moment)
    except ValueError as error:
        raise ClockRefused(
            f"{moment!r} is no RFC 3339 time: give one such as 2027-03-01T06:00:00Z."
        ) from error
    if wanted.tzinfo is None:
        raise ClockRefused(f"{moment!r} has no offset: append Z or one such as -06:00.")
    with _locked(path):
        real = datetime.now(UTC)
        offset = (wanted - real).total_seconds()
        present = read_offset(path)
        if offset < present:
            shown = datetime.fromtimestamp(real.timestamp() + present, UTC).isoformat(timespec="seconds")
            raise ClockRefused(f"The local clock moves forward only and shows {shown}: give a later time.")
        write_atomically(path, repr(offset))
    return wanted.astimezone(UTC)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    make(path.parent)
    with disk(path), path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
