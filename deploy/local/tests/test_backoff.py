"""The pause before a dead part is started again."""

import pytest
from bellwire_local.backoff import FIRST_SECONDS, LONGEST_SECONDS, SETTLED_SECONDS, Backoff
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 5000))
def test_it_grows_and_is_bounded(deaths: int) -> None:
    now, later = Backoff(deaths).delay, Backoff(deaths + 1).delay
    assert 0 <= now <= later <= LONGEST_SECONDS


@given(st.lists(st.floats(min_value=0, max_value=10 * SETTLED_SECONDS), min_size=1, max_size=50))
def test_a_long_run_starts_over(runs: list[float]) -> None:
    backoff = Backoff()
    for seconds in runs:
        backoff = backoff.died_after(seconds)
        if seconds >= SETTLED_SECONDS:
            assert backoff.delay == FIRST_SECONDS
    assert backoff.delay > 0


def test_fewer_than_no_deaths() -> None:
    with pytest.raises(ValueError, match="not negative"):
        Backoff(-1)
