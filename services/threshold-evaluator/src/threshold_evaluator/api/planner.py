"""What the planner of one day shows: today's schedule and the work that is due."""

from dataclasses import dataclass
from datetime import date, timedelta

from threshold_evaluator.api.area_items import AssignmentItem, Item, ScheduleItem
from threshold_evaluator.api.area_tables import Enrolled

PLANNER_DAYS = 7
"""Work due from today through this many days ahead is shown."""

_ISO_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Planner:
    """What the planner of one day shows."""

    today: date
    enrolled: tuple[Enrolled, ...]

    @property
    def due(self) -> tuple[date, date]:
        """The first and last day of work that is shown."""
        return self.today, self.today + timedelta(days=PLANNER_DAYS)

    def shows(self, item: Item) -> bool:
        """Whether the planner shows the item today."""
        match item:
            case AssignmentItem(due_on=due, dropped=dropped):
                return due is not None and self.due[0] <= due <= self.due[1] and not dropped
            case ScheduleItem():
                return bool(item.meetings) and any(
                    e.school_id == item.school_id
                    and e.calendar_id in ("", item.calendar_id or e.calendar_id)
                    and e.starts_on <= self.today <= e.ends_on
                    for e in self.enrolled
                )
            case _:
                return False

    def of_today(self, item: Item) -> Item:
        """Keep of a schedule the meetings of today; one that names no days meets on all."""
        if not isinstance(item, ScheduleItem):
            return item
        day = _ISO_DAYS[self.today.weekday()]
        meetings = tuple(each for each in item.meetings if not each.days or day in each.days)
        return item.model_copy(update={"meetings": meetings})
