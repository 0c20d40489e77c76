"""What the views need, put together by the composition, and who may call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web
from bellwire_kit.auth import Caller, require
from bellwire_kit.clock import Clock
from bellwire_kit.cursors import Cursors
from bellwire_schemas.keys import encoded
from bellwire_schemas.names import Role

if TYPE_CHECKING:
    from threshold_evaluator.api.admin_places import Places
    from threshold_evaluator.api.admin_preview import DistrictPasts
    from threshold_evaluator.api.admin_surges import Surges
    from threshold_evaluator.api.admin_users import Users
    from threshold_evaluator.api.area_tables import Areas
    from threshold_evaluator.api.changes import Changes
    from threshold_evaluator.api.districts import Districts
    from threshold_evaluator.api.export import KeptTables
    from threshold_evaluator.api.inbox import Inboxes
    from threshold_evaluator.api.people import People
    from threshold_evaluator.api.settings import SettingsTables
    from threshold_evaluator.api.settings_preview import Pasts


@dataclass(frozen=True, slots=True)
class Portal:
    """The parts behind the API."""

    clock: Clock
    cursors: Cursors
    districts: Districts
    people: People
    areas: Areas
    settings: SettingsTables
    pasts: Pasts
    inboxes: Inboxes
    changes: Changes
    places: Places
    users: Users
    surges: Surges
    district_pasts: DistrictPasts
    kept: KeptTables


PORTAL: web.AppKey[Portal] = web.AppKey("portal", Portal)


def own_list(caller: Caller, *parts: str) -> str:
    """Name a list of the caller's own, so that no cursor of another user, student or list opens it.

    Ids are encoded: what one of them contains makes it no other.
    """
    return "/".join((str(caller.source), *map(encoded, (caller.user_id, *parts))))


async def family(request: web.Request) -> Caller:
    """Return the guardian or student who calls, of a district. Raises `Problem` 401 or 403."""
    caller = await require(request, Role.GUARDIAN, Role.STUDENT)
    assert caller.source
    return caller


async def administrator(request: web.Request) -> Caller:
    """Return the administrator who calls, of a district. Raises `Problem` 401 or 403."""
    caller = await require(request, Role.DISTRICT_ADMIN)
    assert caller.source
    return caller
