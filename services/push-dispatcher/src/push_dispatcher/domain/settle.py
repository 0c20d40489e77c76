"""What becomes of a row after one answer: a value that says it, for the sender to write down."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from push_dispatcher.domain.backoff import Again, next_attempt
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.verdict import (
    DELIVERED,
    Delivered,
    KeepCredentials,
    Misconfigured,
    Reconnect,
    SparePhone,
    StaleCredentials,
    TryAgain,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Ended:
    """The row reached an end."""

    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Postponed:
    """The row is tried again at `at` (real time)."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The row goes back as it was: the attempt does not count, the lane's breaker decides when."""

    reason: str


Settled = Ended | Postponed | Kept
ACCEPTED = Ended(State.ACCEPTED)
"""What nearly every answer settles: one value, to be known by identity."""


def settle(
    verdict: Verdict, *, attempts: int, first_attempt: datetime, now: datetime, jitter: float
) -> Settled:
    """Decide about a row after attempt number `attempts` (from 1); times are real, `jitter` is in [0, 1)."""
    if verdict is DELIVERED:
        return ACCEPTED
    match verdict:
        case Delivered():
            return ACCEPTED
        case Misconfigured(reason=reason) | StaleCredentials(reason=reason):
            return Kept(reason)
        case TryAgain(reason=reason, least=least) | SparePhone(reason=reason, least=least):
            return _later(reason, least, attempts, first_attempt, now, jitter)
        case KeepCredentials(reason=reason) | Reconnect(reason=reason):
            return _later(reason, timedelta(0), attempts, first_attempt, now, jitter)
        case _:
            return Ended(State.FAILED, verdict.reason)


def _later(
    reason: str, least: timedelta, attempts: int, first_attempt: datetime, now: datetime, jitter: float
) -> Settled:
    match next_attempt(attempts=attempts, first_attempt=first_attempt, now=now, least=least, jitter=jitter):
        case Again(at=at):
            return Postponed(at, reason)
        case _:
            return Ended(State.FAILED, f"gave_up:{reason}")
