"""`/v1/requests`: create, list, show, cancel or delete."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r204
from bellwire_kit.web.problems import Problem, not_found
from bellwire_kit.web.views import answer
from bellwire_schemas.names import Environment, RequestKind

from update_scheduler.api.fields import Cursor, Key, Limit, Slug
from update_scheduler.api.shapes import (
    AnyRequestOut,
    RequestIn,
    RequestsOut,
    group_out,
    request_out,
)
from update_scheduler.api.view import QueueView, etag, path_id, revision_of
from update_scheduler.create import Wish
from update_scheduler.create_group import GroupWish
from update_scheduler.domain.requests import NO_DATE
from update_scheduler.domain.states import Cancelled, Deleted
from update_scheduler.domain.statuses import Status
from update_scheduler.errors import NotThere
from update_scheduler.ports import GroupRequest
from update_scheduler.registry import Filter, Shown, reach

_KEY_LENGTH = 255


async def seen(view: QueueView, request_id: str) -> Shown | GroupRequest:
    """A request or group request within reach. Raises `Problem` 404; removed ones only operators see."""
    found = await view.parts.registry.request(path_id(request_id, "request"))
    match found:
        case Shown(request=request):
            gone = isinstance(request.state, Cancelled | Deleted)
            if view.person.sees(request.district_id) and (view.operator or not gone):
                return found
        case GroupRequest() if view.operator or found.group_id in view.person.groups:
            if view.operator or await _members(view, found):
                return found
    raise not_found("request")


async def _members(view: QueueView, whole: GroupRequest) -> list[Shown]:
    reached = reach(view.person)
    wanted = Filter(districts=reached, group_request=whole.id, removed=view.operator, limit=10_000)
    return list(await view.parts.registry.requests(wanted))


async def shown_answer(view: QueueView, found: Shown | GroupRequest, status: int = 200) -> web.Response:
    """The answer for either, with its ETag and, when created, its Location."""
    now = view.parts.clock.now()
    match found:
        case Shown(request=request):
            made = {"Location": f"/v1/requests/{request.id}"} if status == 201 else {}
            return answer(request_out(found, now), status, {**etag(request.revision), **made})
        case GroupRequest():
            made = {"Location": f"/v1/requests/{found.id}"} if status == 201 else {}
            out = group_out(found, await _members(view, found), now)
            return answer(out, status, {**etag(found.revision), **made})


class Requests(QueueView):
    """All requests within reach."""

    async def get(
        self,
        district_id: Slug | None = None,
        site_id: Key | None = None,
        status: list[Status] = [],  # noqa: B006 - read by the parameter parser, never changed
        kind: RequestKind | None = None,
        removed: bool = False,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> r200[RequestsOut]:
        """List requests, newest first. `removed` (operators) includes cancelled and deleted ones.

        Tags: requests
        """
        if district_id is not None:
            self.check_district(district_id)
        after = self.position("requests", cursor)
        wanted = Filter(
            districts=reach(self.person) if district_id is None else [district_id],
            statuses=[Status(s) for s in status],
            kind=kind,
            site_id=site_id or "",
            removed=removed and self.operator,
            after=(datetime.fromisoformat(after[0]), UUID(after[1])) if after else None,
            limit=limit,
        )
        found = await self.parts.registry.requests(wanted)
        last = found[-1].request if found else None
        following = self.page(
            "requests", [last.created_at.isoformat(), str(last.id)] if last else [], full=len(found) == limit
        )
        now = self.parts.clock.now()
        return answer(RequestsOut(items=[request_out(s, now) for s in found], next_cursor=following))

    async def post(self, body: RequestIn, *, idempotency_key: str = "") -> r201[AnyRequestOut]:
        """Ask for a version update or a database refresh. A repeat with one Idempotency-Key makes one request.

        Tags: requests
        """
        if len(idempotency_key) > _KEY_LENGTH or "\x00" in idempotency_key:
            raise _wrong("/headers/Idempotency-Key", f"At most {_KEY_LENGTH} characters.")
        preferred = NO_DATE if body.preferred_at is None else body.preferred_at
        if (body.site_id is None) == (body.group_id is None):
            raise _wrong("/site_id", "Give site_id, or group_id with target: one of them.")
        if body.kind is RequestKind.VERSION_UPDATE and body.version is None:
            raise _wrong("/version", "A version update names its version; see /v1/releases.")
        if body.group_id is not None:
            if body.kind is not RequestKind.VERSION_UPDATE:
                raise _wrong("/kind", "A group asks for version updates; refreshes stay individual.")
            group_wish = GroupWish(body.group_id, body.target, body.version or "", preferred, body.note)
            whole = await self.parts.create_group(self.person, group_wish, idempotency_key)
            return await shown_answer(self, whole, 201)
        district, target = _site(body.site_id or "")
        wish = Wish(district, target, body.kind, body.version or "", preferred, body.note, body.site_name)
        made = await self.parts.create(self.person, wish, idempotency_key)
        return await shown_answer(self, await seen(self, str(made.id)), 201)


def _wrong(pointer: str, detail: str) -> Problem:
    return Problem(400, "invalid", "The request is not valid", detail, pointer=pointer)


def _site(site_id: str) -> tuple[str, Environment]:
    """A site id's district and environment. Raises `NotThere` for what cannot be a site."""
    district, _, environment = site_id.rpartition(".")
    try:
        return district, Environment(environment)
    except ValueError:
        raise NotThere("site", "/site_id") from None


class OneRequest(QueueView):
    """One request or group request."""

    async def get(self, request_id: Key, /) -> r200[AnyRequestOut]:
        """Show a request, or a group request with its members. The ETag is what If-Match takes.

        Tags: requests
        """
        return await shown_answer(self, await seen(self, request_id))

    async def delete(self, request_id: Key, /, *, if_match: str = "") -> r204:
        """Cancel a request that is To Be Scheduled or Scheduled; delete one that is closed.

        Tags: requests
        """
        found = await seen(self, request_id)
        revision = revision_of(if_match)
        if isinstance(found, GroupRequest):
            await self.parts.remove_group(self.person, found.id, revision)
        else:
            await self.parts.remove(self.person, found.request.id, revision)
        return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/requests", Requests)
    app.router.add_view("/v1/requests/{request_id}", OneRequest)
