"""The inbox: items and their marks; devices are told of every new count."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Connection, Pool
from bellwire_schemas.alerts import InboxChanged
from bellwire_schemas.catalogue import INBOX_CHANGED

from threshold_evaluator.adapters.postgres.portal.reading.queries import of, reading_queries
from threshold_evaluator.adapters.postgres.portal.writing.queries import writing_queries
from threshold_evaluator.api.inbox import InboxCount, InboxItem

_BULK = 1


class PostgresInboxes:
    """See `threshold_evaluator.api.inbox.Inboxes`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def items(
        self, caller: Caller, student_id: str, before: int, limit: int
    ) -> Sequence[tuple[int, InboxItem]]:
        """See `Inboxes.items`."""
        rows = reading_queries().inbox_items(
            self._pool, **of(caller), student_id=student_id, before=before, limit=limit
        )
        return [(row["entered"], InboxItem.model_validate(dict(row))) async for row in rows]

    async def seen(self, caller: Caller, up_to: UUID | datetime, now: datetime) -> Sequence[InboxCount]:
        """See `Inboxes.seen`."""
        item = up_to if isinstance(up_to, UUID) else None
        until = min(up_to, now) if isinstance(up_to, datetime) else None
        queries = writing_queries()
        async with self._pool.acquire() as connection, connection.transaction():
            await queries.lock_counters(connection, **of(caller))
            entered = await queries.last_up_to(connection, **of(caller), item_id=item, until=until)
            if entered is None and item is not None:
                return ()
            marked = queries.mark_seen(connection, **of(caller), entered=entered or 0, now=now)
            changed = [row["item_id"] async for row in marked]
            return [await self._counted(connection, caller, bool(changed), (), now)]

    async def read(self, caller: Caller, ids: Sequence[UUID], now: datetime) -> InboxCount:
        """See `Inboxes.read`."""
        queries = writing_queries()
        async with self._pool.acquire() as connection, connection.transaction():
            await queries.lock_counters(connection, **of(caller))
            marked = queries.mark_read(connection, **of(caller), item_ids=list(ids), now=now)
            changed = tuple([row["item_id"] async for row in marked])
            return await self._counted(connection, caller, bool(changed), changed, now)

    async def _counted(
        self, connection: Connection, caller: Caller, changed: bool, read: tuple[UUID, ...], now: datetime
    ) -> InboxCount:
        queries = writing_queries()
        if not changed:
            stands = await queries.counters(connection, **of(caller))
            if not stands["off"]:
                return InboxCount(unseen=stands["unseen"], seq=stands["seq"])
        count = InboxCount.model_validate(dict(await queries.count_unseen(connection, **of(caller))))
        event = InboxChanged(
            district_id=caller.source.district_id,
            environment=caller.environment,
            user_id=caller.user_id,
            unseen=count.unseen,
            seq=count.seq,
            read=read,
            at=now,
        )
        await queries.put_into_outbox(
            connection,
            **of(caller),
            message_id=uuid4(),
            urgency=_BULK,
            type=INBOX_CHANGED,
            payload=event.model_dump_json(),
        )
        return count
