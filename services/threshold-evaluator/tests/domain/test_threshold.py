"""Thresholds are compared exactly."""

from decimal import Decimal
from fractions import Fraction

from bellwire_schemas.changes import AssignmentChanged
from bellwire_schemas.names import Kind
from hypothesis import given
from hypothesis import strategies as st
from threshold_evaluator.domain import assignments
from threshold_evaluator.domain.effective import Compare, Delivery, KindSettings, Unbounded
from threshold_evaluator.domain.facts import Fact
from threshold_evaluator.domain.things import NO_SCORE, Score, ValueForm
from threshold_evaluator.domain.threshold import Passing, weigh

from .test_detecting import HEAD, LATE

thresholds = st.decimals(0, 100, places=2)
numbers = st.decimals(min_value=0, max_value=1_000, places=6)


def rule(
    threshold: Decimal | Unbounded, compare: Compare = Compare.BELOW, above: object = Unbounded.OFF
) -> KindSettings:
    return KindSettings(True, threshold, above, compare, Delivery.IMMEDIATE, 0, 0)  # type: ignore[arg-type]


def percent(value: Decimal) -> Score:
    return Score(ValueForm.PERCENT, value)


@given(numbers, numbers.filter(bool), thresholds)
def test_points_compare_as_exact_fractions(points: Decimal, possible: Decimal, threshold: Decimal) -> None:
    change = AssignmentChanged(
        **HEAD, assignment_id="t", modified_at=LATE, score_points=points, points_possible=possible
    )
    score = assignments.content(change).score
    below = Fraction(points) * 100 / Fraction(possible) < Fraction(threshold)
    passed = weigh(Fact(Kind.ASSIGNMENT_SCORED, score), rule(threshold)) is Passing.PASSES
    assert passed == below


@given(thresholds, thresholds, thresholds)
def test_crossing_needs_a_value_before_that_was_not_below(
    now: Decimal, before: Decimal, threshold: Decimal
) -> None:
    fact = Fact(Kind.GRADE_MODIFIED, percent(now), percent(before))
    passed = weigh(fact, rule(threshold, Compare.CROSSING)) is Passing.PASSES
    assert passed == (now < threshold <= before)
    first = Fact(Kind.GRADE_POSTED, percent(now), NO_SCORE)
    assert (weigh(first, rule(threshold, Compare.CROSSING)) is Passing.PASSES) == (now < threshold)


@given(thresholds, thresholds, thresholds)
def test_rising_above_passes_too(now: Decimal, before: Decimal, above: Decimal) -> None:
    fact = Fact(Kind.GRADE_MODIFIED, percent(now), percent(before))
    passed = weigh(fact, rule(Decimal(0), above=above)) is Passing.PASSES
    assert passed == (before <= above < now)


def test_what_has_no_percent_passes() -> None:
    for score in (Score(ValueForm.TEXT, text="F"), Score(ValueForm.POINTS, text="7"), NO_SCORE):
        assert weigh(Fact(Kind.ASSIGNMENT_SCORED, score), rule(Decimal(1))) is Passing.PASSES
