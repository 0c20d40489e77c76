"""What each version of one thing is news of, said as plainly as product.md section 3 says it."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from bellwire_schemas.changes import AssignmentChanged, AttendanceChanged, GradeChanged
from bellwire_schemas.names import Kind
from threshold_evaluator.domain.facts import FLAG_KINDS

Version = tuple[Any, bool]
"""A change, and whether it was a backfill."""


def told_plainly(history: Sequence[Version]) -> list[tuple[Kind, ...]]:
    """Return the facts of each version for a user who wants everything at once; low is below ten dollars."""
    match history[0][0]:
        case AssignmentChanged():
            found = _assignments(history)
        case GradeChanged():
            found = _grades(history)
        case AttendanceChanged():
            found = _attendance(history)
        case _:
            found = _lunch(history)
    return [() if backfill else tuple(kinds) for kinds, (_, backfill) in zip(found, history, strict=True)]


def _assignments(history: Sequence[Version]) -> Iterator[list[Kind]]:
    value: Any = None
    flags: set[str] = set()
    for change, _ in history:
        now = None if change.deleted or change.exempt or change.dropped else _value(change)
        raised = {flag for flag in FLAG_KINDS if getattr(change, flag) and not change.deleted}
        kinds = [kind for flag, kind in FLAG_KINDS.items() if flag in raised - flags]
        if now is not None and now != value:
            kinds.append(Kind.ASSIGNMENT_SCORED)
        value, flags = now, raised
        yield kinds


def _value(change: AssignmentChanged) -> Any:
    if change.score_percent is not None:
        return Fraction(change.score_percent)
    if change.score_points is not None:
        if change.points_possible:
            return Fraction(change.score_points) * 100 / Fraction(change.points_possible)
        return "points", Fraction(change.score_points)
    return change.text_score or None


def _grades(history: Sequence[Version]) -> Iterator[list[Kind]]:
    posted: Any = None
    for change, _ in history:
        now = (change.percent, change.letter)
        kinds = []
        if change.deleted:
            posted = None
        elif change.posted and now != (None, None):
            if posted is None:
                kinds = [Kind.GRADE_POSTED]
            elif posted != now:
                kinds = [Kind.GRADE_MODIFIED]
            posted = now
        yield kinds


def _attendance(history: Sequence[Version]) -> Iterator[list[Kind]]:
    told: Any = ("present", "")
    stood = "present"
    for change, _ in history:
        present = change.deleted or change.status == "present"
        now = ("present", "") if present else (change.status, change.excuse)
        kinds = []
        if now[0] in ("absent", "tardy") and stood in ("present", "early_release"):
            kinds = [Kind.ATTENDANCE_MARKED]
        elif now != told:
            kinds = [Kind.ATTENDANCE_MODIFIED]
        stood, told = now[0], now
        yield kinds


def _lunch(history: Sequence[Version]) -> Iterator[list[Kind]]:
    told: Any = None
    for change, backfill in history:
        if change.balance >= 10:
            told = None
        low = change.balance < 10 and told is None
        if low or (backfill and change.balance < 10):
            told = change.balance
        yield [Kind.LUNCH_LOW] if low else []
