"""What the areas are read from: stored things of students whom the caller may see now."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from bellwire_kit.auth import Caller
from bellwire_schemas.names import Area

from threshold_evaluator.api.area_cursors import Place, Standing
from threshold_evaluator.api.area_items import AttendanceCount

THINGS_OF: Mapping[Area, tuple[str, ...]] = {
    Area.PLANNER: ("schedules", "assignments"),
    Area.ASSIGNMENTS: ("assignments",),
    Area.ATTENDANCE: ("attendance",),
    Area.GRADES: ("grades",),
    Area.SCHEDULE: ("schedules",),
    Area.FOOD_SERVICE: ("lunch",),
}
"""What each area is made of."""

OWN_AREA: Mapping[str, Area] = {
    things[0]: area for area, things in THINGS_OF.items() if area is not Area.PLANNER
}
"""The area of each thing: where it is closed, the planner does not show the thing either."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An active enrolment; an empty calendar is none named."""

    school_id: str
    calendar_id: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class AreaView:
    """What decides about a student's areas for a caller who may see the student now.

    `closed_schools` do not show the area (all of them when the district does not), `open_schools` do; `hidden` are
    the things that are not shown, each with its school, as `thing/school`.
    `oldest_open` is the oldest transaction that was open, `cluster` names the database.
    """

    timezone: ZoneInfo
    open_schools: frozenset[str]
    closed_schools: frozenset[str]
    hidden: frozenset[str]
    district_closed: bool
    enrolled: tuple[Enrolled, ...]
    oldest_open: int
    cluster: str

    @property
    def active(self) -> bool:
        """Whether any school of the student shows the area."""
        return not self.district_closed and bool(self.open_schools)

    def token(self, today: date, dated: bool) -> str:
        """Return a short text that differs when the same cursor could no longer tell all that changed."""
        parts = [self.cluster, str(self.district_closed), *sorted(self.hidden)]
        if dated:
            now = [e for e in self.enrolled if e.starts_on <= today <= e.ends_on]
            parts += [today.isoformat(), *sorted(f"{e.school_id}\x00{e.calendar_id}" for e in now)]
        return hashlib.sha256("\x01".join(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Row:
    """A stored thing: `gone` when deleted; `data` is the JSON text that its item is made from."""

    place: Place
    thing: str
    thing_id: str
    gone: bool
    data: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: things (`assignments`, `grades`, `attendance`, `lunch`, `schedules`) that are not hidden
    (`thing/school`); with `due` only assignments due in those days, both included.
    """

    things: tuple[str, ...]
    hidden: frozenset[str]
    due: tuple[date, date] | None = None


class Areas(Protocol):
    """Stored state by area, of students whom the caller may see now."""

    async def view(self, caller: Caller, student_id: str, area: Area) -> Sequence[AreaView]:
        """Return the view, or nothing when the caller may not see the student now."""

    async def rows(
        self, caller: Caller, student_id: str, wanted: Wanted, at: Standing, limit: int
    ) -> Sequence[Row]:
        """Return stored things by place, after `at`."""

    async def attendance(
        self, caller: Caller, student_id: str, closed: frozenset[str]
    ) -> Sequence[AttendanceCount]:
        """Return how many marks there are by status and excuse."""
