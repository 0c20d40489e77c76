"""Detection for assignments (product.md section 3, "assignment")."""

from decimal import Context, Decimal

from bellwire_schemas.names import Kind

from threshold_evaluator.domain.changes import AnyAssignment
from threshold_evaluator.domain.facts import FLAG_KINDS, Fact
from threshold_evaluator.domain.things import NO_SCORE, Content, Score, ValueForm

_HUNDRED = Decimal(100)
_EXACT = Context(prec=80)
"""Two different quotients of numbers of 30 digits differ within 80 digits: comparing them stays exact."""


def content(change: AnyAssignment) -> Content:
    """Reduce a version to its effective value and true flags; a deleted one has neither."""
    if change.deleted:
        return Content(deleted=True)
    if change.cheated or change.missing or change.incomplete or change.late or change.exempt:
        flags = frozenset([name for name in FLAG_KINDS if getattr(change, name)])
        return Content(score=_effective(change), flags=flags)
    return Content(score=_effective(change))


def _effective(change: AnyAssignment) -> Score:
    if change.exempt or change.dropped:
        return NO_SCORE
    if change.score_percent is not None:
        return Score(ValueForm.PERCENT, change.score_percent)
    if change.score_points is not None:
        possible = change.points_possible
        if possible is None or possible <= 0:
            return Score(ValueForm.POINTS, text=format(change.score_points.normalize(_EXACT), "f"))
        return Score(
            ValueForm.PERCENT, _EXACT.divide(_EXACT.multiply(change.score_points, _HUNDRED), possible)
        )
    return Score(ValueForm.TEXT, text=change.text_score) if change.text_score else NO_SCORE


def facts(before: Content, now: Content) -> tuple[Fact, ...]:
    """Find each flag that rose, and a value that differs and is not none; in the order of telling."""
    if now.deleted:
        return ()
    found = []
    if now.flags:
        risen = now.flags - before.flags
        found = [Fact(kind) for flag, kind in FLAG_KINDS.items() if flag in risen]
    if now.score != before.score and now.score.form is not ValueForm.NONE:
        found.append(Fact(Kind.ASSIGNMENT_SCORED, now.score, before.score))
    return tuple(found)
