"""How fast a lane may go: concurrency by AIMD, rate by quota and ramp (product.md section 6)."""

from dataclasses import dataclass, replace

SHRINK_PAUSE = 1.0
"""Seconds in which answers to one burst count as one sign of overload."""


@dataclass(frozen=True, slots=True)
class Window:
    """Requests in flight that a lane allows itself; `shrunk_at` is a monotonic second."""

    limit: float
    floor: int
    ceiling: int
    shrunk_at: float = float("-inf")

    def __post_init__(self) -> None:
        """Refuse a window that could stop the lane or outgrow its ceiling."""
        if not 1 <= self.floor <= self.limit <= self.ceiling:
            raise ValueError("a window keeps 1 <= floor <= limit <= ceiling")

    @property
    def slots(self) -> int:
        """The whole number of requests that may be in flight."""
        return int(self.limit)


def grown(window: Window, answers: int = 1) -> Window:
    """After good answers: one more in flight per window of them."""
    if window.limit >= window.ceiling:
        return window
    return replace(window, limit=min(window.ceiling, window.limit + answers / window.limit))


def shrunk(window: Window, now: float) -> Window:
    """After 429 or 503: half, at most once a `SHRINK_PAUSE`, so that one burst of answers counts once."""
    if now - window.shrunk_at < SHRINK_PAUSE:
        return window
    return replace(window, limit=max(window.floor, window.limit / 2), shrunk_at=now)


@dataclass(frozen=True, slots=True)
class Pace:
    """A token bucket whose rate climbs from `start` to `top` requests a second over `ramp` seconds.

    `began` is when the lane was first used; `credit` is what may go at once at `at` (monotonic seconds).
    """

    top: float
    start: float
    ramp: float
    began: float
    at: float
    credit: float

    def __post_init__(self) -> None:
        """Refuse a pace that would never let a request go."""
        if not (0 < self.start <= self.top and self.ramp >= 0 and self.credit >= 0):
            raise ValueError("a pace keeps 0 < start <= top, ramp >= 0, credit >= 0")


def pace(*, top: float, start: float, ramp: float, now: float) -> Pace:
    """Begin a pace at `now` with a tenth of a second's worth of requests."""
    return Pace(top=top, start=start, ramp=ramp, began=now, at=now, credit=start / 10)


def rate(current: Pace, now: float) -> float:
    """Requests a second allowed at `now`."""
    if current.ramp <= 0 or now - current.began >= current.ramp:
        return current.top
    share = max(0.0, now - current.began) / current.ramp
    return current.start + (current.top - current.start) * share


def drawn(current: Pace, wanted: int, now: float) -> tuple[Pace, int]:
    """Take up to `wanted` requests from the bucket; it holds a tenth of a second's worth, at least one."""
    speed = rate(current, now)
    earned = current.credit + speed * max(0.0, now - current.at)
    held = min(earned, max(1.0, speed / 10))
    granted = min(max(wanted, 0), int(held))
    return replace(current, at=max(now, current.at), credit=held - granted), granted
