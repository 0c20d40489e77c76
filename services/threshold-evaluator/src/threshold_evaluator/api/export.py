"""`GET /v1/me/export`: all that is kept about the caller, of students whom the caller may see now."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.fields import Moment
from bellwire_schemas.names import Group, PortalRole

from threshold_evaluator.api.change_items import StoredChange
from threshold_evaluator.api.changes import KEPT, ChangePlace
from threshold_evaluator.api.fields import Model
from threshold_evaluator.api.inbox import NEWEST, InboxItem
from threshold_evaluator.api.people import Me, SeenStudent
from threshold_evaluator.api.portal import PORTAL, Portal, family

_PAGE = 500


class Access(Model):
    """What the SIS says of the caller and a student; empty where it says nothing."""

    student_id: str
    role: PortalRole
    relationship: str
    locale: str
    timezone: str
    modified_at: Moment


class ToldOf(Model):
    """What the caller was last told of an attendance mark (status/excuse) or a lunch account (balance), and what was
    known of a grade (form/percent/text) whose last posting was not told.

    An account may be shared: it has no student. Empty: paid since.
    """

    student_id: str | None
    group: Group
    thing_id: str
    value: str
    told_at: Moment


class Window(Model):
    """When the last push of a student and group was: what follows soon is joined with it."""

    student_id: str
    group: Group
    opened_at: Moment


class Pushes(Model):
    """How many pushes counted to the daily cap on the last day that had any."""

    day: date
    count: int


class Kept(Model):
    """What is kept beside what has an address of its own."""

    access: tuple[Access, ...]
    told: tuple[ToldOf, ...]
    windows: tuple[Window, ...]
    pushes: tuple[Pushes, ...]


class KeptTables(Protocol):
    """What is kept of users, of students whom they may see now."""

    async def kept(self, caller: Caller) -> Kept:
        """Return all of it."""


Read = TypeVar("Read")


class Export(Kept):
    """What is kept: settings documents (`""` is the one for all students), inbox and changes with their why.

    Devices are kept by the push service: `GET /v1/me/devices` there.
    """

    exported_at: Moment
    me: Me
    students: tuple[SeenStudent, ...]
    settings: dict[str, dict[str, Any]]
    inbox: tuple[InboxItem, ...]
    changes: tuple[StoredChange, ...]


async def _all(
    page: Callable[[Any], Awaitable[Sequence[Read]]], start: Any, place: Callable[[Read], Any]
) -> list[Read]:
    found: list[Read] = []
    after = start
    while True:
        read = await page(after)
        found.extend(read)
        if len(read) < _PAGE:
            return found
        after = place(read[-1])


async def exported(portal: Portal, caller: Caller) -> Export:
    """Put the export together, page by page."""
    now = portal.clock.now()
    students = await _all(
        lambda after: portal.people.students(caller, after, _PAGE),
        ("", ""),
        lambda last: (last.display_name, last.student_id),
    )
    inbox = await _all(
        lambda before: portal.inboxes.items(caller, "", before, _PAGE), NEWEST, lambda last: last[0]
    )
    changes = await _all(
        lambda before: portal.changes.of_caller(caller, "", now - KEPT, before, _PAGE),
        ChangePlace(now + timedelta(days=1), "", ""),
        lambda last: ChangePlace(last.decided_at, last.event_id, last.source),
    )
    kept = await portal.kept.kept(caller)
    documents: Mapping[str, Mapping[str, Any]] = await portal.settings.documents(caller)
    return Export(
        exported_at=now,
        me=await portal.people.me(caller),
        students=tuple(students),
        settings={student: dict(document) for student, document in documents.items()},
        inbox=tuple(item for _, item in inbox),
        changes=tuple(changes),
        **dict(kept),
    )


class ExportView(ApiView):
    """The caller's data."""

    async def get(self) -> r200[Export]:
        """All that is kept about one, in one document.

        Tags: me
        Status Codes:
            200: The export.
        """
        caller = await family(self.request)
        return answer(await exported(self.request.app[PORTAL], caller))


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/me/export", ExportView)
