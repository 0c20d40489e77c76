"""Retry-After as providers may write it: whatever it says, the answer is a span that we can wait."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from push_dispatcher.adapters.retry_after import LONGEST, read_retry_after

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
words = st.sampled_from(
    [
        "Wed,",
        "04",
        "Mar",
        "2026",
        "99999",
        "15:05:00",
        "25:61:61",
        "GMT",
        "+9999",
        "+99999999999",
        "-",
        ";",
        "é",
    ]
)


@given(st.text(max_size=40) | st.lists(words, max_size=7).map(" ".join))
@example("Wed, 04 Mar 2026 15:05:00 +99999999999")
def test_any_text_is_a_span(text: str) -> None:
    assert timedelta(0) <= read_retry_after(text, NOW) <= LONGEST


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), (" 7 ", 7), ("Wed, 04 Mar 2026 15:05:00 GMT", 300), ("Wed, 04 Mar 2026 14:00:00 GMT", 0)],
)
def test_seconds_and_dates_are_read(text: str, seconds: int) -> None:
    assert read_retry_after(text, NOW) == timedelta(seconds=seconds)
