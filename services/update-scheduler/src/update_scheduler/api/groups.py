"""`/v1/groups`: districts that belong together; state groups and consortia move as one."""

from datetime import datetime
from typing import ClassVar

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r204
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import answer

from update_scheduler.api.fields import Cursor, In, Key, Limit, Name, Out, Slug
from update_scheduler.api.view import OPERATORS, QueueView, Roles
from update_scheduler.domain.groups import GroupKind
from update_scheduler.errors import Clash, NotThere
from update_scheduler.ports import Group
from update_scheduler.registry import Registry


class GroupIn(In):
    """A group: state and consortium link their districts, partner and esa only connect them."""

    id: Slug
    name: Name
    kind: GroupKind


class GroupOut(Out):
    """A group with its districts; `links` when they move as one for version updates."""

    id: str
    name: str
    kind: GroupKind
    links: bool
    districts: list[str]


class GroupsOut(Out):
    """A page of groups."""

    items: list[GroupOut]
    next_cursor: str | None


def _out(group: Group) -> GroupOut:
    return GroupOut(
        id=group.id,
        name=group.name,
        kind=group.kind,
        links=group.kind.links,
        districts=list(group.districts),
    )


async def added_group(registry: Registry, body: GroupIn) -> Group:
    """Add a group with no district yet. Raises `Clash` when the id is taken."""
    made = await registry.add_group(Group(body.id, body.name, body.kind, ()))
    if not isinstance(made, Group):
        raise Clash("group-exists", f"There is a group {body.id} already.", "/id")
    return made


async def joined(registry: Registry, group_id: str, district_id: str, at: datetime) -> None:
    """Put a district in a group. Raises `NotThere`, `Clash` naming the group that it is linked to already."""
    if not await registry.sites([district_id], "", 1):
        raise NotThere("district", "/path/district_id")
    linked = await registry.join(group_id, district_id, at)
    if linked:
        detail = f"District {district_id} moves with {linked}: a district has at most one link."
        raise Clash("linked-already", detail, "/path/district_id")


class Groups(QueueView):
    """Groups within reach."""

    roles: ClassVar[Roles] = {"POST": OPERATORS}

    async def get(self, cursor: Cursor = "", limit: Limit = 50) -> r200[GroupsOut]:
        """List groups: operators see all, group contacts theirs, technical contacts none.

        Tags: groups
        """
        ids = None if self.operator else sorted(self.person.groups)
        after = self.position("groups", cursor)
        found = await self.parts.registry.groups(ids, after[0] if after else "", limit)
        following = self.page("groups", [found[-1].id] if found else [], full=len(found) == limit)
        return answer(GroupsOut(items=[_out(g) for g in found], next_cursor=following))

    async def post(self, body: GroupIn) -> r201[GroupOut]:
        """Add a group.

        Tags: groups
        """
        made = await added_group(self.parts.registry, body)
        return answer(_out(made), 201, {"Location": f"/v1/groups/{made.id}"})


async def _seen(view: QueueView, group_id: str) -> Group:
    if not view.operator and group_id not in view.person.groups:
        raise not_found("group")
    found = await view.parts.registry.groups([group_id], "", 1)
    if not found:
        raise not_found("group")
    return found[0]


class OneGroup(QueueView):
    """One group."""

    async def get(self, group_id: Key, /) -> r200[GroupOut]:
        """Show a group.

        Tags: groups
        """
        return answer(_out(await _seen(self, group_id)))


class GroupDistrict(QueueView):
    """A district's place in a group."""

    roles: ClassVar[Roles] = {"PUT": OPERATORS, "DELETE": OPERATORS}

    async def put(self, group_id: Key, district_id: Key, /) -> r204:
        """Put a district in a group. It is not added to a group request that is open.

        Tags: groups
        """
        await _seen(self, group_id)
        await joined(self.parts.registry, group_id, district_id, self.parts.clock.now())
        return web.Response(status=204)

    async def delete(self, group_id: Key, district_id: Key, /) -> r204:
        """Take a district out of a group; its open requests stay its own.

        Tags: groups
        """
        await _seen(self, group_id)
        if not await self.parts.registry.leave(group_id, district_id):
            raise not_found("district in this group")
        return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/groups", Groups)
    app.router.add_view("/v1/groups/{group_id}", OneGroup)
    app.router.add_view("/v1/groups/{group_id}/districts/{district_id}", GroupDistrict)
