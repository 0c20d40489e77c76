"""`/v1/publishers`: keys of a district's publishers, for its administrators."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r204
from bellwire_kit.auth import Caller
from bellwire_kit.web.views import ApiView, answer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gradebook_events.api.callers import administrator_of
from gradebook_events.api.parts import PARTS, Parts

_NUL_FREE = r"^[^\x00]*$"
PublisherName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NUL_FREE)]
PathId = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_NUL_FREE)]
Limit = Annotated[int, Field(ge=1, le=200)]
Cursor = Annotated[str, StringConstraints(max_length=2_000)]
_START = datetime(1, 1, 1, tzinfo=UTC)


class PublisherIn(BaseModel):
    """A publisher to make. With `agents_have_portal` the agents of its OneRoster students see them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: PublisherName
    agents_have_portal: bool = False


class RotationIn(BaseModel):
    """How long the keys that a publisher has go on holding."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overlap_minutes: Annotated[int, Field(ge=0, le=43_200)] = 1_440


class NewKey(BaseModel):
    """A publisher with its new key, which is shown this once."""

    id: str
    key: str


class NewPublisher(NewKey):
    """A publisher as it was made."""

    name: str
    agents_have_portal: bool
    created_at: datetime


class KeyOut(BaseModel):
    """A key that holds; `expires_at` is null until it is rotated."""

    id: str
    created_at: datetime
    expires_at: datetime | None


class PublisherOut(BaseModel):
    """A publisher with the keys that hold, never their secrets."""

    id: str
    name: str
    agents_have_portal: bool
    created_at: datetime
    revoked_at: datetime | None
    keys: list[KeyOut]


class PublishersOut(BaseModel):
    """A page of publishers; `next_cursor` is null on the last."""

    items: list[PublisherOut]
    next_cursor: str | None


class AdminView(ApiView):
    """A resource for district administrators; who is asking comes before what is asked."""

    async def _iter(self) -> web.StreamResponse:
        if self.request.method in self.allowed_methods:
            self.caller: Caller = await administrator_of(self.request)
            self.scope = f"publishers/{self.caller.source}"
            if publisher_id := self.request.match_info.get("publisher_id", ""):
                # Whether it is theirs comes before whether the request is well made.
                await self.parts.publishers.check(self.caller, publisher_id)
        response: web.StreamResponse = await super()._iter()
        return response

    @property
    def parts(self) -> Parts:
        """The use cases."""
        parts: Parts = self.request.app[PARTS]
        return parts


class PublisherList(AdminView):
    """The publishers of the caller's district and environment."""

    async def get(self, cursor: Cursor = "", limit: Limit = 50) -> r200[PublishersOut]:
        """List publishers, oldest first.

        Tags: publishers
        """
        position: list[Any] = self.parts.cursors.open(self.scope, cursor) if cursor else []
        after = (datetime.fromisoformat(position[0]), str(position[1])) if position else (_START, "")
        rows = await self.parts.publishers.page(self.caller, after, limit + 1)
        items = [PublisherOut(id=row["publisher_id"], **row) for row in rows[:limit]]
        following = None
        if len(rows) > limit:
            last = items[-1]
            following = self.parts.cursors.seal(self.scope, [last.created_at.isoformat(), last.id])
        return answer(PublishersOut(items=items, next_cursor=following))

    async def post(self, body: PublisherIn) -> r201[NewPublisher]:
        """Make a publisher; its key is shown this once.

        Tags: publishers
        """
        publisher, key, at = await self.parts.publishers.create(
            self.caller, body.name, agents_have_portal=body.agents_have_portal
        )
        made = NewPublisher(
            id=publisher.publisher_id,
            key=key.text,
            name=body.name,
            agents_have_portal=body.agents_have_portal,
            created_at=at,
        )
        return answer(made, 201, {"Location": f"/v1/publishers/{publisher.publisher_id}"})


class OnePublisher(AdminView):
    """One publisher."""

    async def delete(self, publisher_id: PathId, /) -> r204[None]:
        """Revoke a publisher with all its keys.

        Tags: publishers
        """
        await self.parts.publishers.revoke(self.caller, publisher_id)
        return web.Response(status=204)


class Rotation(AdminView):
    """The rotation of a publisher's key."""

    async def post(self, publisher_id: PathId, /, body: RotationIn) -> r201[NewKey]:
        """Make a new key; those that the publisher has hold on for the overlap.

        Tags: publishers
        """
        overlap = timedelta(minutes=body.overlap_minutes)
        key = await self.parts.publishers.rotate(self.caller, publisher_id, overlap)
        return answer(NewKey(id=publisher_id, key=key.text), 201)


def add_routes(app: web.Application) -> None:
    """Serve the resources."""
    app.router.add_view("/v1/publishers", PublisherList)
    app.router.add_view("/v1/publishers/{publisher_id}", OnePublisher)
    app.router.add_view("/v1/publishers/{publisher_id}/rotation", Rotation)
