"""Whether a refused token may be removed: the time rule and the mass-prune breaker (product.md section 6)."""

from dataclasses import dataclass, replace
from datetime import datetime

WINDOW_SECONDS = 600.0
ENOUGH = 50
"""Answers that the guard must have seen before a share means something."""

GONE_SHARE = 0.2
SUSPECT_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class PruneGuard:
    """Answers of one app and how many called the token invalid, in this window and the one before."""

    began: float
    answers: int = 0
    invalid: int = 0
    answers_before: int = 0
    invalid_before: int = 0

    @property
    def seen(self) -> int:
        """Answers in both windows."""
        return self.answers + self.answers_before

    @property
    def share(self) -> float:
        """Share of invalid tokens in both windows; 0 before any answer."""
        return (self.invalid + self.invalid_before) / self.seen if self.seen else 0.0


def counted(guard: PruneGuard, *, answers: int, invalid: int, now: float) -> PruneGuard:
    """Add answers seen at `now` (monotonic seconds); windows of ten minutes roll."""
    if not 0 <= invalid <= answers:
        raise ValueError("invalid answers are some of the answers")
    passed = now - guard.began
    if passed >= 2 * WINDOW_SECONDS:
        guard = PruneGuard(began=now)
    elif passed >= WINDOW_SECONDS:
        guard = PruneGuard(guard.began + WINDOW_SECONDS, 0, 0, guard.answers, guard.invalid)
    return replace(guard, answers=guard.answers + answers, invalid=guard.invalid + invalid)


def may_prune_gone(guard: PruneGuard, *, gone_at: datetime, registered_at: datetime) -> bool:
    """410 and UNREGISTERED: only if not registered since, and while the app's share is not a jump."""
    return gone_at >= registered_at and not (guard.seen >= ENOUGH and guard.share > GONE_SHARE)


def may_prune_suspect(guard: PruneGuard) -> bool:
    """BadDeviceToken and the like: once enough good answers show topic and environment right."""
    return guard.seen >= ENOUGH and guard.share < SUSPECT_SHARE
