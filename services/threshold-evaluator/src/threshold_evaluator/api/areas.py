"""`GET /v1/me/students/{id}/{area}?cursor=`: an area of a student, or what changed since."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.names import Area

from threshold_evaluator.api.area_cursors import Standing, standing
from threshold_evaluator.api.area_items import (
    AssignmentItem,
    AttendanceCount,
    AttendanceItem,
    GradeItem,
    Item,
    LunchItem,
    ScheduleItem,
)
from threshold_evaluator.api.area_tables import THINGS_OF, Row, Wanted
from threshold_evaluator.api.fields import Cursor, Id, Limit, Model
from threshold_evaluator.api.planner import Planner
from threshold_evaluator.api.portal import PORTAL, Portal, family, own_list

ThingName = Literal["assignment", "grade", "attendance", "lunch", "schedule"]

_ITEMS: Mapping[str, tuple[ThingName, type[Item]]] = {
    "assignments": ("assignment", AssignmentItem),
    "grades": ("grade", GradeItem),
    "attendance": ("attendance", AttendanceItem),
    "lunch": ("lunch", LunchItem),
    "schedules": ("schedule", ScheduleItem),
}


class Removed(Model):
    """A thing that the area no longer shows."""

    thing: ThingName
    id: str


class AreaPage(Model):
    """What an area holds, or what changed in it since the cursor.

    `reset`: the client drops its copy of the area before it takes the items in. `removed` has things that the
    area no longer shows. `cursor` is for the next refresh; `more`: use it at once, a page follows.
    An inactive area has no items. `summary` is there for attendance only.
    """

    student_id: str
    area: Area
    active: bool
    date: date
    reset: bool
    items: tuple[Item, ...]
    removed: tuple[Removed, ...]
    summary: tuple[AttendanceCount, ...]
    cursor: str
    more: bool


def sorted_rows(
    rows: Sequence[Row], planner: Planner | None, full: bool
) -> tuple[tuple[Item, ...], tuple[Removed, ...]]:
    """Part rows into items that the area shows and things that it no longer does.

    A full read names nothing as removed: the client starts from an empty copy.
    """
    items: list[Item] = []
    removed: list[Removed] = []
    for row in rows:
        thing, model = _ITEMS[row.thing]
        if not row.gone:
            item = model.model_validate_json(row.data)
            if planner is None or planner.shows(item):
                items.append(item if planner is None else planner.of_today(item))
                continue
        if not full:
            removed.append(Removed(thing=thing, id=row.thing_id))
    return tuple(items), tuple(removed)


async def read_area(
    portal: Portal, caller: Caller, student_id: str, area: Area, cursor: str, limit: int
) -> AreaPage:
    """Return a page. Raises `Problem` 404 for a student whom the caller may not see, 400 for a bad cursor."""
    views = await portal.areas.view(caller, student_id, area)
    if not views:
        raise not_found("student")
    view, scope = views[0], own_list(caller, "students", student_id, area.value)
    today = portal.clock.now().astimezone(view.timezone).date()
    token = view.token(today, dated=area is Area.PLANNER)
    at = standing(portal.cursors.open(scope, cursor)).for_view(token) if cursor else Standing(token)
    planner = Planner(today, view.enrolled) if area is Area.PLANNER else None
    due = planner.due if planner is not None and at.full else None
    rows: Sequence[Row] = ()
    summary: Sequence[AttendanceCount] = ()
    if view.active:
        wanted = Wanted(THINGS_OF[area], view.hidden, due)
        rows = await portal.areas.rows(caller, student_id, wanted, at, limit)
        if area is Area.ATTENDANCE:
            summary = await portal.areas.attendance(caller, student_id, view.closed_schools)
    items, removed = sorted_rows(rows, planner, at.full)
    following = at.following(view.oldest_open, [row.place for row in rows], limit)
    return AreaPage(
        student_id=student_id,
        area=area,
        active=view.active,
        date=today,
        reset=at.resets,
        items=items,
        removed=removed,
        summary=tuple(summary),
        cursor=portal.cursors.seal(scope, following.position()),
        more=following.more,
    )


class AreaPageView(ApiView):
    """An area of a student."""

    async def get(
        self, student_id: Id, area: Area, /, cursor: Cursor = "", limit: Limit = 200
    ) -> r200[AreaPage]:
        """What an area of a student holds or, with a cursor, only what changed since.

        Tags: me
        Status Codes:
            200: A page of the area.
        """
        caller = await family(self.request)
        page = await read_area(self.request.app[PORTAL], caller, student_id, area, cursor, limit)
        return answer(page)


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/me/students/{student_id}/{area}", AreaPageView)
