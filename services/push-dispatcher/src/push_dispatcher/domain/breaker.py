"""The breaker of a lane: a configuration error holds its work (product.md section 6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Closed:
    """The lane sends."""


@dataclass(frozen=True, slots=True)
class Open:
    """The lane holds its work until `probe_at`, then one push tries the configuration."""

    reason: str
    probe_at: datetime
    pause: timedelta


@dataclass(frozen=True, slots=True)
class Probing:
    """One push is out to try; everything else waits for its answer, at most until `until`."""

    reason: str
    until: datetime
    pause: timedelta


Breaker = Closed | Open | Probing
CLOSED = Closed()


def tripped(breaker: Breaker, reason: str, now: datetime) -> Open:
    """After a configuration error: hold; each failed probe doubles the pause up to ten minutes."""
    match breaker:
        case Closed():
            pause = FIRST_PAUSE
        case Open(probe_at=probe_at, pause=pause) if now < probe_at:
            return Open(reason, probe_at, pause)
        case Open(pause=pause) | Probing(pause=pause):
            pause = min(pause * 2, LONGEST_PAUSE)
    return Open(reason, now + pause, pause)


def answered(_breaker: Breaker) -> Closed:
    """After any answer that shows the configuration right: send again."""
    return CLOSED


def allowance(breaker: Breaker, now: datetime) -> tuple[Breaker, int | None]:
    """How many pushes may start now: None is no limit, 1 is the probe, 0 is hold."""
    match breaker:
        case Closed():
            return breaker, None
        case Open(reason=reason, probe_at=probe_at, pause=pause) if now >= probe_at:
            return Probing(reason, now + pause, pause), 1
        case Probing(reason=reason, until=until, pause=pause) if now >= until:
            return Probing(reason, now + pause, pause), 1
        case _:
            return breaker, 0
