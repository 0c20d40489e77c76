"""academicSessions.csv: the calendar of a class or line item is the school year that its session lies in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gradebook_events.domain.oneroster.entity import Entity


@dataclass(frozen=True, slots=True)
class Calendar:
    """A school year: what `calendar_id` of our events names, with its first and last day."""

    calendar_id: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class NoCalendar:
    """No session is known: our events say no `calendar_id`, which means any."""


NO_CALENDAR = NoCalendar()


def calendar_of(session_id: str, sessions: Mapping[str, Entity]) -> Calendar | NoCalendar:
    """Climb from a session to its school year, or to the topmost session where none is marked so.

    Sessions that name each other as parents end the climb where it would repeat.
    """
    session = sessions.get(session_id)
    if session is None:
        return NO_CALENDAR
    seen = {session.sourced_id}
    while session.text("type") != "schoolYear":
        parent = sessions.get(session.text("parentSourcedId"))
        if parent is None or parent.sourced_id in seen:
            break
        seen.add(parent.sourced_id)
        session = parent
    return Calendar(
        session.sourced_id,
        date.fromisoformat(session.text("startDate")),
        date.fromisoformat(session.text("endDate")),
    )
