"""`/v1/admin/district`, `/v1/admin/schools/{id}`: settings of a place, by merge patch (section 4)."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import ApiView, answer

from threshold_evaluator.api.audit import AuditLine
from threshold_evaluator.api.fields import Cursor, Id, Limit, Model
from threshold_evaluator.api.portal import PORTAL, Portal, administrator
from threshold_evaluator.api.settings import MergePatch
from threshold_evaluator.api.settings_change import refuse, refuse_deep
from threshold_evaluator.domain.documents import (
    faults_of_district,
    faults_of_school,
    merge_patch,
    without_empty,
)
from threshold_evaluator.domain.locks import faults_of_locks
from threshold_evaluator.domain.settings import JSON

DISTRICT = ""
"""Stands for the district itself where a school id could be."""


class Place(Model):
    """A district (no school_id) or a school, and its settings document.

    `settings` is what counts: `own`, set by an administrator here, over `published`, which the SIS sent. `ignored`
    has the pointers of what the SIS sent that is no valid setting: it counts as not set. `version` rises with
    every change.
    """

    district_id: str
    school_id: str | None
    name: str
    timezone: str
    version: int
    settings: dict[str, Any]
    ignored: tuple[str, ...]
    own: dict[str, Any]
    published: dict[str, Any]


class SchoolPage(Model):
    """Schools by id; `next_cursor` is null on the last page."""

    items: tuple[Place, ...]
    next_cursor: str | None


Change = Callable[[JSON], JSON]


class Places(Protocol):
    """Districts and schools of an administrator's own district."""

    async def place(self, caller: Caller, school_id: str) -> Sequence[Place]:
        """Return the school, or the district for an empty id; nothing when there is none."""

    async def schools(self, caller: Caller, after: str, limit: int) -> Sequence[Place]:
        """Return the district's schools after an id, by id."""

    async def change(
        self, caller: Caller, school_id: str, change: Change, line: AuditLine
    ) -> Sequence[Place]:
        """Replace the own document by what `change` makes of it, nobody else writing.

        The audit line is written with the pointers that changed; where nothing did, there is none.

        The unsent alerts of the place are noted for recalculation. What `change` raises undoes all.
        """


async def _patched(portal: Portal, caller: Caller, school_id: str, patch: JSON) -> Place:
    def change(own: JSON) -> JSON:
        return changed_place(own, patch, school_id)

    kind = "school" if school_id else "district"
    line = AuditLine(
        f"{kind}.settings_changed",
        kind,
        school_id or caller.source.district_id,
        portal.clock.now(),
    )
    return _one(await portal.places.change(caller, school_id, change, line), kind)


def changed_place(own: JSON, patch: JSON, school_id: str) -> JSON:
    """Return what is set here for a school, or for the district, after the patch.

    Raises `Problem` 400 for what is wrong with it, naming the key by its pointer.
    """
    refuse_deep(patch)
    after = merge_patch(own, patch)
    refuse(faults_of_school(after) if school_id else faults_of_district(after))
    refuse(faults_of_locks(after.get("locks", ()), of_school=bool(school_id)))
    return without_empty(after)


def _one(found: Sequence[Place], kind: str) -> Place:
    if not found:
        raise not_found(kind)
    return found[0]


class AdminDistrictView(ApiView):
    """The administrator's district."""

    async def get(self) -> r200[Place]:
        """The district's settings: what counts, what was set here, what the SIS sent.

        Tags: administration
        Status Codes:
            200: The district.
        """
        caller = await administrator(self.request)
        found = await self.request.app[PORTAL].places.place(caller, DISTRICT)
        return answer(_one(found, "district"))

    async def patch(self, body: MergePatch) -> r200[Place]:
        """Change what is set here: push on or off, pause, areas, kinds, locks, caps, defaults; null gives back.

        Tags: administration
        Status Codes:
            200: The district as it is now.
        """
        caller = await administrator(self.request)
        return answer(await _patched(self.request.app[PORTAL], caller, DISTRICT, body.root))


class AdminSchoolsView(ApiView):
    """The schools of the administrator's district."""

    async def get(self, cursor: Cursor = "", limit: Limit = 50) -> r200[SchoolPage]:
        """The district's schools with their settings, by id.

        Tags: administration
        Status Codes:
            200: A page of schools.
        """
        caller = await administrator(self.request)
        portal = self.request.app[PORTAL]
        scope = f"{caller.source}/schools"
        after = portal.cursors.open(scope, cursor)[0] if cursor else ""
        found = await portal.places.schools(caller, after, limit + 1)
        page = found[:limit]
        following = portal.cursors.seal(scope, [page[-1].school_id]) if len(found) > limit else None
        return answer(SchoolPage(items=tuple(page), next_cursor=following))


class AdminSchoolView(ApiView):
    """A school of the administrator's district."""

    async def get(self, school_id: Id, /) -> r200[Place]:
        """A school's settings: what counts, what was set here, what the SIS sent.

        Tags: administration
        Status Codes:
            200: The school.
        """
        caller = await administrator(self.request)
        return answer(_one(await self.request.app[PORTAL].places.place(caller, school_id), "school"))

    async def patch(self, school_id: Id, /, body: MergePatch) -> r200[Place]:
        """Change what is set here for a school; its defaults have only `groups` and `kinds`.

        Tags: administration
        Status Codes:
            200: The school as it is now.
        """
        caller = await administrator(self.request)
        return answer(await _patched(self.request.app[PORTAL], caller, school_id, body.root))


def add_routes(app: web.Application) -> None:
    """Serve the resources."""
    app.router.add_view("/v1/admin/district", AdminDistrictView)
    app.router.add_view("/v1/admin/schools", AdminSchoolsView)
    app.router.add_view("/v1/admin/schools/{school_id}", AdminSchoolView)
