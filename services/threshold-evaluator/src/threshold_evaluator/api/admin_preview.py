"""`/v1/admin/.../preview`: what a change of settings would have done last week (product.md section 5)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.names import Group
from pydantic import Field

from threshold_evaluator.api.admin_places import DISTRICT, Place, changed_place
from threshold_evaluator.api.fields import Body, Id, Model
from threshold_evaluator.api.portal import PORTAL, Portal, administrator
from threshold_evaluator.api.settings_preview import GroupPreview
from threshold_evaluator.domain.documents import merge_patch, read_district, read_school
from threshold_evaluator.domain.roster import District, School
from threshold_evaluator.domain.settings import JSON
from threshold_evaluator.preview import Past, would_be_sent

LOOKED_AT = timedelta(days=7)


class PlaceProposal(Body):
    """A merge patch of what is set here for the district, or for the school of the address."""

    settings: dict[str, Any]


class SchoolPreview(Model):
    """A school's changes that would have been pushed: with the proposal, and with what stands."""

    school_id: str
    alerts: int
    alerts_now: int
    groups: tuple[GroupPreview, ...]


class DistrictPreview(Model):
    """Changes that would have been pushed, one per change and user, before timing joins or holds any.

    `users` is how many users anything was looked at for. Schools without any are left out.
    """

    days: int = Field(description="How far back.")
    users: int
    alerts: int
    alerts_now: int
    groups: tuple[GroupPreview, ...]
    schools: tuple[SchoolPreview, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """The proposed settings of one place (no school id: of the district)."""

    school_id: str
    settings: JSON

    def district(self, stands: District) -> District:
        """Return the district as proposed."""
        return stands if self.school_id else replace(stands, settings=read_district(self.settings))

    def school(self, stands: School) -> School:
        """Return a school as proposed."""
        if stands.school_id != self.school_id:
            return stands
        return replace(stands, settings=read_school(self.settings))


@dataclass(frozen=True, slots=True)
class UserPast:
    """One user's students' changes, oldest first: as settings stand, and as proposed."""

    now: Sequence[Past]
    then: Sequence[Past]


class DistrictPasts(Protocol):
    """Stored changes of a whole district as they can be judged again."""

    def lots(self, caller: Caller, since: datetime, proposed: Proposed) -> AsyncIterator[Sequence[UserPast]]:
        """Yield all users of the caller's district, some at a time."""


@dataclass(slots=True)
class _Counts:
    """Changes that would have been pushed, by school and group."""

    users: int = 0
    now: Counter[tuple[str, Group]] = field(default_factory=Counter)
    then: Counter[tuple[str, Group]] = field(default_factory=Counter)

    def take(self, lot: Sequence[UserPast]) -> None:
        """Judge some users' past twice."""
        for each in lot:
            self.users += 1
            self.now.update(_sent(each.now))
            self.then.update(_sent(each.then))

    def groups(self, schools: Iterable[str]) -> tuple[GroupPreview, ...]:
        """Return the counts of some schools together."""
        names = tuple(schools)
        return tuple(
            GroupPreview(
                group=group,
                alerts=sum(self.then[name, group] for name in names),
                alerts_now=sum(self.now[name, group] for name in names),
            )
            for group in Group
        )


def _sent(past: Sequence[Past]) -> Iterable[tuple[str, Group]]:
    return [(each.turn.school_id, each.turn.key.group) for each in would_be_sent(past, lambda user: user)]


async def previewed(portal: Portal, caller: Caller, school_id: str, patch: JSON) -> DistrictPreview:
    """Judge the last week of the district again. Raises `Problem` as a change of the settings would."""
    found = await portal.places.place(caller, school_id)
    if not found:
        raise not_found("school" if school_id else "district")
    settings = _settings_after(found[0], patch, school_id)
    counts = _Counts()
    since = portal.clock.now() - LOOKED_AT
    async for lot in portal.district_pasts.lots(caller, since, Proposed(school_id, settings)):
        # Beside the event loop: other requests and the stream go on.
        await asyncio.to_thread(counts.take, lot)
    schools = sorted({school for school, _ in (*counts.now, *counts.then)})
    by_school = tuple(
        SchoolPreview(school_id=school, groups=groups, **_sums(groups))
        for school in schools
        for groups in (counts.groups([school]),)
    )
    groups = counts.groups(schools)
    return DistrictPreview(
        days=LOOKED_AT.days, users=counts.users, groups=groups, schools=by_school, **_sums(groups)
    )


def _settings_after(stands: Place, patch: JSON, school_id: str) -> JSON:
    return merge_patch(stands.published, changed_place(stands.own, patch, school_id))


def _sums(groups: Sequence[GroupPreview]) -> dict[str, int]:
    return {
        "alerts": sum(each.alerts for each in groups),
        "alerts_now": sum(each.alerts_now for each in groups),
    }


class AdminDistrictPreviewView(ApiView):
    """A preview of the district's settings."""

    async def post(self, body: PlaceProposal) -> r200[DistrictPreview]:
        """What this change of the district's settings would have done last week; nothing is stored.

        Tags: administration
        Status Codes:
            200: Alerts by group and school, with the change and without.
        """
        caller = await administrator(self.request)
        return answer(await previewed(self.request.app[PORTAL], caller, DISTRICT, body.settings))


class AdminSchoolPreviewView(ApiView):
    """A preview of a school's settings."""

    async def post(self, school_id: Id, /, body: PlaceProposal) -> r200[DistrictPreview]:
        """What this change of a school's settings would have done last week; nothing is stored.

        Tags: administration
        Status Codes:
            200: Alerts by group and school, with the change and without.
        """
        caller = await administrator(self.request)
        return answer(await previewed(self.request.app[PORTAL], caller, school_id, body.settings))


def add_routes(app: web.Application) -> None:
    """Serve the resources."""
    app.router.add_view("/v1/admin/district/preview", AdminDistrictPreviewView)
    app.router.add_view("/v1/admin/schools/{school_id}/preview", AdminSchoolPreviewView)
