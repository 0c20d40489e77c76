"""When to send again, and when to give up (providers.md section 2: give up at 60 minutes)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Again:
    """Send once more at `at` (real time)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The hour since the first attempt is over, or the next attempt would fall after it."""


def delay(attempts: int, least: timedelta, jitter: float) -> timedelta:
    """Exponential from one second, doubled per attempt, at most ten minutes, spread by half upwards.

    `attempts` counts those made (1 or more), `jitter` is in [0, 1). `least` (Retry-After, FCM's ten seconds)
    is a floor, never undercut: jitter only adds to it.
    """
    if attempts < 1 or not 0 <= jitter < 1:
        raise ValueError("attempts counts from 1 and jitter is in [0, 1)")
    step: timedelta = min(FIRST * (1 << min(attempts - 1, 20)), LONGEST)
    return max(step, least) * (1 + jitter / 2)


def next_attempt(
    *, attempts: int, first_attempt: datetime, now: datetime, least: timedelta, jitter: float
) -> Again | GiveUp:
    """Decide after a failed attempt; all times are real, not product time (architecture.md section 7)."""
    at = now + delay(attempts, least, jitter)
    return Again(at) if at < first_attempt + GIVE_UP_AFTER else GiveUp()
