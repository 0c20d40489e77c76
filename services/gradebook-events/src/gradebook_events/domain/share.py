"""Fairness at the door: what one publisher may append per second is a set share (product.md section 2)."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Share:
    """Events per second that a publisher may append, and how many at once after a quiet time."""

    per_second: float
    burst: float

    def __post_init__(self) -> None:
        """Refuse a share that would let nothing through."""
        if self.per_second <= 0 or self.burst < 1:
            raise ValueError("a share lets through more than 0 events a second and at least 1 at once")


class Bucket(NamedTuple):
    """What is left of a publisher's share at `at`, seconds of a clock that never goes back.

    `tokens` is below zero after a batch larger than the burst: what is owed is waited for by the next one.
    """

    tokens: float
    at: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Too early: the same number may be taken in that many seconds."""

    seconds: float


def full(share: Share, at: float) -> Bucket:
    """Return the bucket of a publisher who has been quiet."""
    return Bucket(share.burst, at)


def take(bucket: Bucket, share: Share, events: int, at: float) -> Bucket | Wait:
    """Take the events and return what is left, or say how long to wait.

    A batch larger than the burst is let through when the bucket is full, so that no size waits for ever.
    """
    now = at if at > bucket.at else bucket.at
    tokens = bucket.tokens + (now - bucket.at) * share.per_second
    tokens = min(tokens, share.burst)
    needed = events if events < share.burst else share.burst
    if tokens >= needed:
        return Bucket(tokens - events, now)
    return Wait((needed - tokens) / share.per_second)
