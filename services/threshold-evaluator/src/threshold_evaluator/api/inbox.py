"""`GET /v1/me/inbox`, `POST /v1/me/inbox/seen`, `POST /v1/me/inbox/read` (product.md section 4, "Inbox")."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.fields import Moment, WrittenMoment
from bellwire_schemas.names import Group, Kind
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from threshold_evaluator.api.fields import Body, Cursor, Id, Limit, Model
from threshold_evaluator.api.portal import PORTAL, family, own_list


class InboxItem(Model):
    """What one was, or would have been, told. `corrected`: it no longer holds."""

    id: UUID
    entered_at: Moment
    student_id: str
    group: Group
    thing_id: str
    kinds: tuple[Kind, ...]
    title: str
    body: str
    locale: str
    seen: bool
    read: bool
    corrected: bool
    event_id: str
    source: str


class InboxPage(Model):
    """Items, newest first; `next_cursor` is null on the last page."""

    items: tuple[InboxItem, ...]
    next_cursor: str | None


class InboxCount(Model):
    """How many items are unseen; a greater `seq` is newer."""

    unseen: int
    seq: int


_AS_UUID = TypeAdapter(UUID)
_AS_MOMENT = TypeAdapter(WrittenMoment)


def _item_or_time(value: object) -> object:
    for adapter in (_AS_UUID, _AS_MOMENT):
        try:
            if isinstance(value, str):
                return adapter.validate_python(value)
        except ValidationError:
            continue
    raise ValueError("this is neither the id of an item nor a time such as 2026-01-31T08:30:00-06:00")


class SeenUpTo(Body):
    """Everything that entered up to this item, by its id, or up to this time, is seen."""

    up_to: Annotated[UUID | Moment, BeforeValidator(_item_or_time)]


class ReadItems(Body):
    """These items are read, and so seen; ids that the inbox does not have are left aside."""

    ids: Annotated[tuple[UUID, ...], Field(max_length=1_000)]


class Inboxes(Protocol):
    """Inbox items of students whom the caller may see now."""

    async def items(
        self, caller: Caller, student_id: str, before: int, limit: int
    ) -> Sequence[tuple[int, InboxItem]]:
        """Return (place, item), newest first, of places below `before`; an empty student id is all."""

    async def seen(self, caller: Caller, up_to: UUID | datetime, now: datetime) -> Sequence[InboxCount]:
        """Mark as seen, tell the devices, return the count; nothing when there is no such item."""

    async def read(self, caller: Caller, ids: Sequence[UUID], now: datetime) -> InboxCount:
        """Mark as read and seen, tell the devices, return the count."""


NEWEST = 2**62
"""A place that every item is below."""


class InboxView(ApiView):
    """The caller's inbox."""

    async def get(
        self, student_id: Id | None = None, cursor: Cursor = "", limit: Limit = 50
    ) -> r200[InboxPage]:
        """What one was told, newest first, of all students or of one.

        Tags: inbox
        Status Codes:
            200: A page of items.
        """
        caller = await family(self.request)
        portal = self.request.app[PORTAL]
        student = student_id or ""
        scope = own_list(caller, "inbox", student)
        before = portal.cursors.open(scope, cursor)[0] if cursor else NEWEST
        found = await portal.inboxes.items(caller, student, before, limit + 1)
        page = found[:limit]
        following = portal.cursors.seal(scope, [page[-1][0]]) if len(found) > limit else None
        return answer(InboxPage(items=tuple(item for _, item in page), next_cursor=following))


class InboxSeenView(ApiView):
    """Seen marks."""

    async def post(self, body: SeenUpTo) -> r200[InboxCount]:
        """Mark everything up to an item or a time as seen; other devices follow.

        Tags: inbox
        Status Codes:
            200: What is unseen now.
        """
        caller = await family(self.request)
        portal = self.request.app[PORTAL]
        counted = await portal.inboxes.seen(caller, body.up_to, portal.clock.now())
        if not counted:
            raise not_found("inbox item")
        return answer(counted[0])


class InboxReadView(ApiView):
    """Read marks."""

    async def post(self, body: ReadItems) -> r200[InboxCount]:
        """Mark items as read; other devices follow.

        Tags: inbox
        Status Codes:
            200: What is unseen now.
        """
        caller = await family(self.request)
        portal = self.request.app[PORTAL]
        return answer(await portal.inboxes.read(caller, body.ids, portal.clock.now()))


def add_routes(app: web.Application) -> None:
    """Serve the resources."""
    app.router.add_view("/v1/me/inbox", InboxView)
    app.router.add_view("/v1/me/inbox/seen", InboxSeenView)
    app.router.add_view("/v1/me/inbox/read", InboxReadView)
