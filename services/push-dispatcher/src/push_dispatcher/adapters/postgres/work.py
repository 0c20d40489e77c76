"""One open transaction: answers written down and events told, on top of devices and rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from push_dispatcher.adapters.postgres.named import QUERIES, all_of
from push_dispatcher.adapters.postgres.of_rows import OfRows
from push_dispatcher.adapters.postgres.rows import ids_of, user_of
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.job import Result
from push_dispatcher.domain.settle import ACCEPTED, Ended, Kept, Postponed
from push_dispatcher.ports.rows import Told

_OUTBOX = (
    "seq",
    "district_id",
    "environment",
    "user_id",
    "event_id",
    "type",
    "at",
    "data",
    "owner",
    "traceparent",
)


class PostgresWork(OfRows):
    """Implements `push_dispatcher.ports.work.Work`."""

    async def record(self, results: Sequence[Result], owner: UUID, now: datetime) -> Mapping[UUID, State]:
        """Write results: accepted, otherwise ended and postponed rows in a statement each, kept ones released."""
        changed = await self._accepted([one for one in results if one.settled is ACCEPTED], now)
        if len(changed) == len(results):
            return changed
        ended, later, kept = list[dict[str, Any]](), list[dict[str, Any]](), list[UUID]()
        for result in results:
            match result.settled:
                case Ended(state=State.ACCEPTED):
                    pass
                case Ended(state=state, reason=reason):
                    ended.append({**_tried(result), "state": state, "reason": reason})
                case Postponed(at=at, reason=reason):
                    later.append({**_tried(result), "due_at": at, "reason": reason})
                case Kept():
                    kept.append(result.job.delivery_id)
        if ended:
            states = {row["id"]: row["state"] for row in ended}
            records = await all_of(QUERIES.record_ended(self._db, rows=ended, owner=owner, now=now))
            changed |= {known: states[known] for known in ids_of(records)}
        if later:
            records = await all_of(QUERIES.record_postponed(self._db, rows=later, owner=owner, now=now))
            changed |= {UUID(int=record["delivery_id"].int): State(record["state"]) for record in records}
        await self.release(kept, owner, 0.0)
        return changed

    async def _accepted(self, results: Sequence[Result], now: datetime) -> dict[UUID, State]:
        if not results:
            return {}
        ids = [result.job.delivery_id for result in results]
        records = await all_of(QUERIES.record_accepted(self._db, ids=ids, now=now))
        # Nearly always all of them: their own ids are cheaper than the answered ones.
        known = ids if len(records) == len(ids) else ids_of(records)
        return dict.fromkeys(known, State.ACCEPTED)

    async def untold(self, owner: UUID, limit: int, *, own: bool) -> Sequence[Told]:
        """Lock the oldest events."""
        records = await all_of(QUERIES.untold(self._db, owner=owner, own=own, most=limit))
        return [
            Told(
                user_of(record),
                record["event_id"],
                record["type"],
                record["at"],
                record["data"].encode(),
                record["seq"],
                record["traceparent"],
            )
            for record in records
        ]

    async def told(self, places: Sequence[int]) -> None:
        """Delete told events."""
        await QUERIES.told(self._db, seqs=list(places))

    async def tell(self, events: Sequence[Told], owner: UUID) -> None:
        """Put events into the outbox."""
        if not events:
            return
        places = await all_of(QUERIES.next_places(self._db, number=len(events)))
        for event, record in zip(events, places, strict=True):
            event.place = record["place"]
        rows = [
            (
                event.place,
                *event.user,
                event.event_id,
                event.type,
                event.at,
                event.data.decode(),
                owner,
                event.traceparent,
            )
            for event in events
        ]
        await self._db.copy_records_to_table("outbox", records=rows, columns=_OUTBOX)


def _first(result: Result) -> datetime:
    return result.job.first_attempt if result.job.attempts else result.sent_at


def _tried(result: Result) -> dict[str, Any]:
    job = result.job
    return {"id": job.delivery_id, "attempts": job.attempts + 1, "first_attempt_at": _first(result)}
