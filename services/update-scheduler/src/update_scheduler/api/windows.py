"""`/v1/windows` and `/v1/windows/free`: when work may be done."""

from datetime import date, datetime, time
from typing import Annotated, ClassVar, Literal
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201
from bellwire_kit.web.views import answer
from bellwire_schemas.fields import Timezone
from bellwire_schemas.names import RequestKind, Weekday
from pydantic import Field as PydanticField
from pydantic import WithJsonSchema

from update_scheduler.api.fields import Cursor, In, Key, Limit, Moment, Name, Out
from update_scheduler.api.sites import seen_site
from update_scheduler.api.view import OPERATORS, QueueView, Roles, path_id
from update_scheduler.domain.booking import free_slots, in_force, needs_window
from update_scheduler.domain.sites import Hosting
from update_scheduler.errors import NotThere, Wrong
from update_scheduler.registry import Registry, WindowEntry

_FIRST, _LAST = date(2000, 1, 1), date(2199, 12, 31)
LocalTime = Annotated[
    time, WithJsonSchema({"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"})
]
Day = Annotated[date, PydanticField(ge=_FIRST, le=_LAST)]


class WindowIn(In):
    """A window: on `weekdays` every `every` weeks, or (monthly) on the `every`-th weekday, 5 for the last.

    From `opens` to `closes` local time of `timezone`; past midnight when `closes` is not after `opens`.
    """

    name: Name
    hosting: Hosting
    kinds: Annotated[list[RequestKind], PydanticField(min_length=1, max_length=2)]
    timezone: Timezone
    frequency: Literal["weekly", "monthly"] = "weekly"
    weekdays: Annotated[list[Weekday], PydanticField(min_length=1, max_length=7)]
    every: Annotated[int, PydanticField(ge=1, le=52)] = 1
    opens: LocalTime
    closes: LocalTime
    capacity: Annotated[int, PydanticField(ge=1, le=100_000)]
    effective_from: Day
    effective_until: Day | None = None


class WindowOut(Out):
    """A window; `effective_until` is the first local day on which it no longer holds."""

    id: UUID
    name: str
    hosting: Hosting
    kinds: list[RequestKind]
    timezone: str
    frequency: Literal["weekly", "monthly"]
    weekdays: list[Weekday]
    every: int
    opens: LocalTime
    closes: LocalTime
    capacity: int
    effective_from: date
    effective_until: date | None


class WindowsOut(Out):
    """A page of windows."""

    items: list[WindowOut]
    next_cursor: str | None


class WindowEnd(In):
    """From this local day on the window no longer holds; what is booked stays."""

    effective_until: Day


class FreeOut(Out):
    """An occurrence with places left."""

    window_id: UUID
    starts_at: datetime
    ends_at: datetime
    left: int


class FreeSlotsOut(Out):
    """The next free occurrences. `any_time` when no window bounds this hosting type and kind."""

    any_time: bool
    items: list[FreeOut]


def _out(w: WindowEntry) -> WindowOut:
    return WindowOut.model_validate(w, from_attributes=True)


def _check(body: WindowIn) -> None:
    if body.frequency == "monthly" and (body.every > 5 or len(body.weekdays) != 1):
        raise Wrong("/every", "A monthly window is on one weekday, 1st to 4th, or 5 for the last.")
    if body.effective_until is not None and body.effective_until <= body.effective_from:
        raise Wrong("/effective_until", "A window ends after the day it comes into force.")
    if body.opens.tzinfo is not None or body.closes.tzinfo is not None:
        raise Wrong("/opens", "Give local times without an offset: the zone is in timezone.")


async def added_window(registry: Registry, body: WindowIn) -> WindowEntry:
    """Keep a new window. Raises `Wrong`."""
    _check(body)
    window = WindowEntry(uuid4(), **{name: getattr(body, name) for name in WindowIn.model_fields})
    await registry.add_window(window)
    return window


async def ended_window(registry: Registry, identity: UUID, until: date) -> WindowEntry:
    """End a window on a day after it came into force. Raises `NotThere`, `Wrong`."""
    known = {w.id: w for w in await registry.windows(None, 10_000)}
    if identity not in known:
        raise NotThere("window")
    if until <= known[identity].effective_from:
        raise Wrong("/effective_until", "A window ends after the day it comes into force.")
    ended = await registry.end_window(identity, until)
    if not isinstance(ended, WindowEntry):
        raise NotThere("window")
    return ended


class Windows(QueueView):
    """All windows."""

    roles: ClassVar[Roles] = {"POST": OPERATORS}

    async def get(self, cursor: Cursor = "", limit: Limit = 50) -> r200[WindowsOut]:
        """List windows.

        Tags: windows
        """
        after = self.position("windows", cursor)
        found = await self.parts.registry.windows(UUID(after[0]) if after else None, limit)
        following = self.page("windows", [str(found[-1].id)] if found else [], full=len(found) == limit)
        return answer(WindowsOut(items=[_out(w) for w in found], next_cursor=following))

    async def post(self, body: WindowIn) -> r201[WindowOut]:
        """Add a window.

        Tags: windows
        """
        return answer(_out(await added_window(self.parts.registry, body)), 201)


class OneWindow(QueueView):
    """One window."""

    roles: ClassVar[Roles] = {"PATCH": OPERATORS}

    async def patch(self, window_id: Key, /, body: WindowEnd) -> r200[WindowOut]:
        """End a window; to change one, end it and add another.

        Tags: windows
        """
        identity = path_id(window_id, "window")
        return answer(_out(await ended_window(self.parts.registry, identity, body.effective_until)))


class FreeWindows(QueueView):
    """Free occurrences."""

    async def get(
        self,
        site_id: Key,
        kind: RequestKind = RequestKind.VERSION_UPDATE,
        after: Moment | None = None,
        places: Annotated[int, PydanticField(ge=1, le=100_000)] = 1,
        limit: Annotated[int, PydanticField(ge=1, le=50)] = 10,
    ) -> r200[FreeSlotsOut]:
        """List the next free occurrences for a site and kind of request that have `places` left.

        Tags: windows
        """
        site = await seen_site(self, site_id)
        now = self.parts.clock.now()
        load = await self.parts.registry.load(site.hosting, RequestKind(kind), now)
        start = now if after is None else max(after, now)
        found = free_slots(load.windows, load.blackouts, load.taken, start, limit, places)
        items = [
            FreeOut(
                window_id=f.occurrence.window,
                starts_at=f.occurrence.starts_at,
                ends_at=f.occurrence.ends_at,
                left=f.left,
            )
            for f in found
        ]
        bound = needs_window(in_force(load.windows, start), site.hosting, RequestKind(kind))
        return answer(FreeSlotsOut(any_time=not bound, items=items))


def add_routes(app: web.Application) -> None:
    """Serve the resources; fixed words before the ids."""
    app.router.add_view("/v1/windows", Windows)
    app.router.add_view("/v1/windows/free", FreeWindows)
    app.router.add_view("/v1/windows/{window_id}", OneWindow)
