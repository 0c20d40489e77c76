"""Detection for grades (product.md section 3, "grade")."""

from bellwire_schemas.names import Kind

from threshold_evaluator.domain.changes import AnyGrade
from threshold_evaluator.domain.facts import Fact
from threshold_evaluator.domain.things import NO_SCORE, Content, Score, ValueForm


def content(change: AnyGrade, before: Content) -> Content:
    """Keep the value last posted: an unposted change, or a posted one without a value, leaves it standing."""
    if change.deleted:
        return Content(deleted=True)
    value = _value(change)
    if not change.posted or value.form is ValueForm.NONE:
        return Content(posted=before.posted, unposted=True)
    return Content(posted=value)


def _value(change: AnyGrade) -> Score:
    letter = change.letter or ""
    if change.percent is not None:
        return Score(ValueForm.PERCENT, change.percent, letter)
    return Score(ValueForm.TEXT, text=letter) if letter else NO_SCORE


def facts(before: Content, now: Content) -> tuple[Fact, ...]:
    """Find a posted value that appears, or that differs from the one last posted."""
    if now.deleted or now.posted == before.posted:
        return ()
    kind = Kind.GRADE_POSTED if before.posted.form is ValueForm.NONE else Kind.GRADE_MODIFIED
    return (Fact(kind, now.posted, before.posted),)
