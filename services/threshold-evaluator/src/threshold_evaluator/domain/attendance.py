"""Detection for attendance, against what each user was last told (product.md section 3, "attendance")."""

from bellwire_schemas.names import AttendanceStatus, Excuse, Kind

from threshold_evaluator.domain.changes import AnyAttendance
from threshold_evaluator.domain.facts import MARKABLE, Fact
from threshold_evaluator.domain.things import PRESENT, Content, Mark


def content(change: AnyAttendance) -> Content:
    """Reduce a version to its mark; `deleted` counts as present, and present has no excuse."""
    if change.deleted or change.status is AttendanceStatus.PRESENT:
        return Content(on=change.date, deleted=change.deleted)
    return Content(mark=Mark(change.status, change.excuse), on=change.date)


def facts(before: Content, now: Content, told: Mark) -> tuple[Fact, ...]:
    """Find the fact for a user whose last telling of this mark was `told` (never told: `PRESENT`)."""
    if now.mark.status in MARKABLE and before.mark.status not in MARKABLE:
        return (Fact(Kind.ATTENDANCE_MARKED),)
    return (Fact(Kind.ATTENDANCE_MODIFIED),) if now.mark != told else ()


def told_text(mark: Mark) -> str:
    """Write a mark as `told` stores it: `absent/excused`."""
    return f"{mark.status}/{mark.excuse}"


def read_told(text: str) -> Mark:
    """Read what `told_text` wrote; empty is never told."""
    if not text:
        return PRESENT
    status, excuse = text.split("/")
    return Mark(AttendanceStatus(status), Excuse(excuse))
