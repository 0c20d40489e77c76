"""The surge hold as a rule: both bounds, a school nothing is known of, which alerts a brake covers."""

from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from threshold_evaluator.domain.surge import (
    UNKNOWN,
    WINDOW,
    Brake,
    Resolution,
    SurgeLimits,
    Usual,
    resolution_for,
)

from .worlds import NOON, instants

LIMITS = SurgeLimits()
usuals = st.builds(Usual, st.integers(0, 100_000), st.integers(0, 2_000)).filter(
    lambda each: each.windows > 0 or each.facts == 0
)


@given(st.integers(0, 500), usuals)
def test_five_hundred_facts_are_never_a_surge(facts: int, usual: Usual) -> None:
    assert not LIMITS.exceeded(facts, usual)


@given(st.integers(501, 100_000), usuals)
def test_more_is_one_beyond_ten_times_the_usual(facts: int, usual: Usual) -> None:
    mean = usual.facts / usual.windows if usual.windows else 0
    assert LIMITS.exceeded(facts, usual) == (facts > 10 * mean)


def test_the_first_morning_of_a_school_is_bounded_by_the_least_alone() -> None:
    assert not LIMITS.exceeded(500, UNKNOWN)
    assert LIMITS.exceeded(501, UNKNOWN)


def brake(pulled: datetime, last: datetime, resolution: Resolution) -> Brake:
    return Brake(UUID(int=1), "north", pulled, last, resolution)


@given(instants, st.timedeltas(timedelta(0), timedelta(hours=3)), instants, st.sampled_from(Resolution))
def test_a_brake_covers_its_ten_minutes_and_what_it_held(
    pulled: datetime, lasted: timedelta, first_at: datetime, said: Resolution
) -> None:
    one = brake(pulled, pulled + lasted, said)
    found = resolution_for([one], first_at, held=False)
    assert (found is said) or (found is Resolution.RELEASE and not pulled - WINDOW <= first_at <= pulled)
    if pulled <= first_at <= pulled + lasted:
        assert resolution_for([one], first_at, held=True) is said


def test_each_alert_is_of_its_own_brake() -> None:
    first = brake(NOON, NOON + timedelta(minutes=30), Resolution.INBOX_ONLY)
    second = brake(NOON + timedelta(hours=5), NOON + timedelta(hours=6), Resolution.HELD)
    both = [first, second]
    assert resolution_for(both, NOON + timedelta(minutes=20), held=True) is Resolution.INBOX_ONLY
    assert resolution_for(both, NOON + timedelta(minutes=330), held=True) is Resolution.HELD
    assert resolution_for(both, NOON + timedelta(hours=2), held=False) is Resolution.RELEASE
