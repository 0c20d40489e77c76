"""`/v1/requests/{id}/messages`: the thread of a request."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201
from bellwire_kit.web.views import answer

from update_scheduler.api.fields import Body, In, Key, Out
from update_scheduler.api.requests import seen
from update_scheduler.api.view import QueueView
from update_scheduler.ports import GroupRequest, Message


class MessageIn(In):
    """A line to write. From a contact on a Pending Input request it is the answer."""

    body: Body


class MessageOut(Out):
    """A line of the thread."""

    id: UUID
    at: datetime
    by_role: str
    by_user: str
    body: str


class MessagesOut(Out):
    """The thread, oldest first."""

    items: list[MessageOut]


def _out(message: Message) -> MessageOut:
    return MessageOut.model_validate(message, from_attributes=True)


class Messages(QueueView):
    """The thread of a request; a group request's lines stand in the thread of each member."""

    async def get(self, request_id: Key, /) -> r200[MessagesOut]:
        """List the thread of a request.

        Tags: requests
        """
        found = await seen(self, request_id)
        if isinstance(found, GroupRequest):
            return answer(MessagesOut(items=[]))
        lines = await self.parts.registry.messages(found.request.id)
        return answer(MessagesOut(items=[_out(m) for m in lines]))

    async def post(self, request_id: Key, /, body: MessageIn) -> r201[MessageOut]:
        """Write a line. A contact's line on a Pending Input request answers it and returns it.

        Tags: requests
        """
        found = await seen(self, request_id)
        if isinstance(found, GroupRequest):
            return answer(_out(await self.parts.discuss_group(self.person, found.id, body.body)), 201)
        return answer(_out(await self.parts.discuss(self.person, found.request.id, body.body)), 201)


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/requests/{request_id}/messages", Messages)
