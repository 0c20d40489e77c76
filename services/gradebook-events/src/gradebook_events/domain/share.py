"""Fairness at the door: what one publisher may append per second is a set share (product.md section 2)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """Events per second that a publisher may append, and how many at once after a quiet time."""

    per_second: float
    burst: float

    def __post_init__(self) -> None:
        """Refuse a share that would let nothing through."""
        if self.per_second <= 0 or self.burst < 1:
            raise ValueError("a share lets through more than 0 events a second and at least 1 at once")


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of a publisher's share at `at`, seconds of a clock that never goes back.

    `tokens` is below zero after a batch larger than the burst: what is owed is waited for by the next one.
    """

    tokens: float
    at: float


@dataclass(frozen=True, slots=True)
class Taken:
    """The events may be appended now."""

    bucket: Bucket


@dataclass(frozen=True, slots=True)
class Wait:
    """Too early: the same number may be taken in that many seconds."""

    seconds: float


def full(share: Share, at: float) -> Bucket:
    """Return the bucket of a publisher who has been quiet."""
    return Bucket(share.burst, at)


def take(bucket: Bucket, share: Share, events: int, at: float) -> Taken | Wait:
    """Take as many events as there are, or say how long to wait.

    A batch larger than the burst is let through when the bucket is full, so that no size waits for ever.
    """
    tokens = min(share.burst, bucket.tokens + max(0.0, at - bucket.at) * share.per_second)
    needed = min(float(events), share.burst)
    if tokens >= needed:
        return Taken(Bucket(tokens - events, max(at, bucket.at)))
    return Wait((needed - tokens) / share.per_second)
