"""Whether a fact's value passes a user's threshold: exact decimals, before any rounding (section 4)."""

from decimal import Decimal
from enum import Enum

from threshold_evaluator.domain.effective import Compare, KindSettings, Unbounded
from threshold_evaluator.domain.facts import Fact
from threshold_evaluator.domain.things import Score, ValueForm


class Passing(Enum):
    """What a threshold says of a value."""

    PASSES = "passes"
    NOT_BELOW = "not_below"
    NOT_CROSSING = "not_crossing"


def weigh(fact: Fact, rule: KindSettings) -> Passing:
    """Weigh one fact. Flags, marks, letters, text and points without points_possible have no percent: pass.

    Strictly below the threshold passes; with `crossing` only if the value before was not below, or none.
    Rising strictly above `above` passes too.
    """
    if not fact.scored or isinstance(rule.threshold, Unbounded):
        return Passing.PASSES
    if (
        isinstance(rule.above, Decimal)
        and _above(fact.value, rule.above)
        and not _above(fact.previous, rule.above)
    ):
        return Passing.PASSES
    if not _below(fact.value, rule.threshold):
        return Passing.NOT_BELOW
    if rule.compare is Compare.CROSSING and _below(fact.previous, rule.threshold):
        return Passing.NOT_CROSSING
    return Passing.PASSES


def _below(score: Score, threshold: Decimal) -> bool:
    return score.form is ValueForm.PERCENT and score.percent < threshold


def _above(score: Score, bound: Decimal) -> bool:
    return score.form is ValueForm.PERCENT and score.percent > bound
