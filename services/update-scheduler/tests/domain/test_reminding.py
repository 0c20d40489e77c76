"""Reminders: at most one a lead, only for dates that stood when their time came."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from update_scheduler.domain.reminding import Lead, Nothing, reminder_due

AT = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
HOURS = st.integers(-400, 20)


@given(HOURS, HOURS)
def test_a_reminder_is_due_between_its_time_and_the_next(scheduled, now):
    found = reminder_due(AT, AT + timedelta(hours=scheduled), AT + timedelta(hours=now))
    if -168 <= now < -24:
        expected = Lead.WEEK if scheduled <= -168 else Nothing.NOTHING
    elif -24 <= now < 0:
        expected = Lead.DAY if scheduled <= -24 else Nothing.NOTHING
    else:
        expected = Nothing.NOTHING
    assert found is expected
