"""When the contacts of a scheduled request are reminded: 7 days and 24 hours before (product.md section 7)."""

from datetime import datetime, timedelta
from enum import StrEnum

EARLIEST = timedelta(days=7)
"""No reminder is due earlier before the date."""


class Lead(StrEnum):
    """How long before the date."""

    WEEK = "7 days"
    DAY = "24 hours"

    @property
    def span(self) -> timedelta:
        """The same as a span."""
        return EARLIEST if self is Lead.WEEK else timedelta(hours=24)


class Nothing(StrEnum):
    """No reminder is due."""

    NOTHING = "nothing"


def reminder_due(at: datetime, scheduled_at: datetime, now: datetime) -> Lead | Nothing:
    """The reminder that is due at `now` for the date `at`, confirmed at `scheduled_at` (all aware).

    The latest one whose time has come, before the date, and only if the date stood already when its time came:
    who schedules four days ahead has just told the district, and a week's notice that was missed is not made up
    for on the last day.
    """
    for lead in (Lead.DAY, Lead.WEEK):
        if at - lead.span <= now < at:
            return lead if scheduled_at <= at - lead.span else Nothing.NOTHING
    return Nothing.NOTHING
