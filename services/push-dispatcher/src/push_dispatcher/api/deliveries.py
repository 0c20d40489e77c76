"""`GET /v1/admin/deliveries`: what became of a district's alerts, for its administrators."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import require
from bellwire_kit.cursors import Cursors
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.fields import Moment
from bellwire_schemas.names import Role

from push_dispatcher.api.devices import CLOCK
from push_dispatcher.api.fields import Cursor, Id, Limit, Model
from push_dispatcher.domain.delivery import State
from push_dispatcher.ports.devices import DeliveryLine, DeliveryQuery
from push_dispatcher.ports.store import DeliveryStore

CURSORS: web.AppKey[Cursors] = web.AppKey("cursors", Cursors)
STORE: web.AppKey[DeliveryStore] = web.AppKey("store", DeliveryStore)

StateName = Literal[
    "", "queued", "accepted", "failed", "missed", "superseded", "collapsed", "withdrawn", "muted_by_device"
]
"""A state, or any: the values of `push_dispatcher.domain.delivery.State`."""

COUNTED = timedelta(days=1)
LISTED = timedelta(days=7)
_LAST = UUID(int=2**128 - 1)


class DeliveryModel(Model):
    """One delivery: no text and no token. `ended_at` is null while it waits."""

    delivery_id: UUID
    alert_id: UUID
    user_id: str
    installation_id: str
    provider: str
    purpose: str
    state: State
    reason: str
    attempts: int
    written_at: Moment
    send_before: Moment
    ended_at: Moment | None


class DeliveryPage(Model):
    """Deliveries, newest first, and how many of the last day are in each state, by provider."""

    items: tuple[DeliveryModel, ...]
    next_cursor: str | None
    last_day: dict[str, dict[str, int]]


class DeliveriesView(ApiView):
    """Deliveries of the caller's district and environment."""

    async def get(
        self,
        user_id: Id | None = None,
        state: StateName = "",
        since: Moment | None = None,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> r200[DeliveryPage]:
        """List deliveries, of all users or of one; `since` is a week ago unless given.

        Tags: administration
        Status Codes:
            200: A page.
        """
        caller = await require(self.request, Role.DISTRICT_ADMIN)
        app = self.request.app
        now = app[CLOCK].now()
        since = since or now - LISTED
        scope = f"{caller.source}/deliveries/{user_id or ''}/{state}"
        position: list[Any] = app[CURSORS].open(scope, cursor) if cursor else []
        before = (datetime.fromisoformat(position[0]), UUID(position[1])) if position else (now, _LAST)
        query = DeliveryQuery(
            source=caller.source,
            user_id=user_id or "",
            state=state,
            since=since,
            before=before,
            limit=limit + 1,
        )
        async with app[STORE].registry() as (_, registry):
            found = await registry.page(query)
            counts = await registry.counts(caller.source, now - COUNTED)
        page = found[:limit]
        following = None
        if len(found) > limit:
            following = app[CURSORS].seal(scope, [page[-1].written_at.isoformat(), str(page[-1].delivery_id)])
        last_day = {provider: dict(states) for provider, states in counts.items()}
        return answer(DeliveryPage(items=tuple(map(_model, page)), next_cursor=following, last_day=last_day))


def _model(line: DeliveryLine) -> DeliveryModel:
    return DeliveryModel(
        delivery_id=line.delivery_id,
        alert_id=line.alert_id,
        user_id=line.user_id,
        installation_id=line.installation_id,
        provider=line.provider,
        purpose=line.purpose,
        state=State(line.state),
        reason=line.reason,
        attempts=line.attempts,
        written_at=line.written_at,
        send_before=line.send_before,
        ended_at=datetime.fromisoformat(line.ended_at) if line.ended_at else None,
    )
