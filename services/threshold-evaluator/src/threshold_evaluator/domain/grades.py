"""Detection for grades (product.md section 3, "grade").

What was last posted is the same for everybody, but for who was to be told of it and was not, since it was unposted
when the alert came to go: of such a user it is kept what was last posted before (`told_text`).
"""

from decimal import Decimal

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
    if now.deleted or now.unposted or now.posted == before.posted:
        return ()
    kind = Kind.GRADE_POSTED if before.posted.form is ValueForm.NONE else Kind.GRADE_MODIFIED
    return (Fact(kind, now.posted, before.posted),)


def told_text(posted: Score) -> str:
    """Write a posted value as `told` stores it: `percent/81/B`; never empty."""
    return f"{posted.form}/{posted.percent}/{posted.text}"


def read_told(text: str) -> Score:
    """Read what `told_text` wrote."""
    form, percent, letter = text.split("/", 2)
    return Score(ValueForm(form), Decimal(percent), letter)
