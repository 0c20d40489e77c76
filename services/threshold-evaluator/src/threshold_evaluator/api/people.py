"""`GET /v1/me` and `GET /v1/me/students`: who one is, and whom one may see now."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller, require
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.names import Area, Environment, PortalRole, Role

from threshold_evaluator.api.fields import Cursor, Limit, Model
from threshold_evaluator.api.portal import PORTAL, family, own_list


class OwnDistrict(Model):
    """The caller's district; without a `district.changed` yet its name and state are empty."""

    district_id: str
    name: str
    state: str
    timezone: str


class Me(Model):
    """Who the token speaks for. `seq` rises with every change of `unseen`."""

    user_id: str
    role: Role
    environment: Environment
    district: OwnDistrict
    students: int
    unseen: int
    seq: int


class AreaState(Model):
    """An area of a student; an inactive one is not shown by the school."""

    area: Area
    active: bool


class SchoolName(Model):
    """A school; its name is empty until the SIS has told it."""

    school_id: str
    name: str


class SeenStudent(Model):
    """A student whom the caller may see now."""

    student_id: str
    display_name: str
    grade_level: str
    role: PortalRole
    relationship: str
    school: SchoolName
    areas: tuple[AreaState, ...]


class StudentPage(Model):
    """Students by name; `next_cursor` is null on the last page."""

    items: tuple[SeenStudent, ...]
    next_cursor: str | None


class People(Protocol):
    """Users and the students they may see."""

    async def me(self, caller: Caller) -> Me:
        """Return who the caller is."""

    async def students(self, caller: Caller, after: tuple[str, str], limit: int) -> Sequence[SeenStudent]:
        """Return the students whom the caller may see now, after (display name, id), by name and id."""


class MeView(ApiView):
    """The caller."""

    async def get(self) -> r200[Me]:
        """Who one is: user, role, district, environment, number of students and of unseen items.

        Tags: me
        Status Codes:
            200: The caller.
        """
        caller = await require(self.request, Role.GUARDIAN, Role.STUDENT, Role.DISTRICT_ADMIN)
        return answer(await self.request.app[PORTAL].people.me(caller))


class StudentsView(ApiView):
    """The caller's students."""

    async def get(self, cursor: Cursor = "", limit: Limit = 50) -> r200[StudentPage]:
        """The students whom one may see now, each with its areas.

        Tags: me
        Status Codes:
            200: The students, by name.
        """
        caller = await family(self.request)
        portal = self.request.app[PORTAL]
        scope = own_list(caller, "students")
        after = portal.cursors.open(scope, cursor) if cursor else ["", ""]
        found = await portal.people.students(caller, (after[0], after[1]), limit + 1)
        page, following = found[:limit], None
        if len(found) > limit:
            following = portal.cursors.seal(scope, [page[-1].display_name, page[-1].student_id])
        return answer(StudentPage(items=tuple(page), next_cursor=following))


def add_routes(app: web.Application) -> None:
    """Serve the resources."""
    app.router.add_view("/v1/me", MeView)
    app.router.add_view("/v1/me/students", StudentsView)
