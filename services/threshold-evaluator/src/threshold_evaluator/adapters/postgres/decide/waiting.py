"""Events that wait for the roster of their student, on the connection of one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from bellwire_kit.postgres import Connection
from bellwire_kit.streams.protocol import Record
from bellwire_schemas.source import Source

from threshold_evaluator.adapters.postgres.decide.people import source_of
from threshold_evaluator.adapters.postgres.decide.rows import packed, scope_columns
from threshold_evaluator.ports import Parked, Unparked


class Waiting:
    """The table of what waits; `settle_seconds` of real time without more of a roster let it be evaluated."""

    def __init__(self, connection: Connection, queries: Any, settle_seconds: float) -> None:
        self._connection, self._queries, self._settle_seconds = connection, queries, settle_seconds

    async def park(self, parked: Sequence[Parked], now: datetime) -> None:
        """See `ports.Deciding.park`."""
        records = [each.record for each in parked]
        await self._queries.add_waiting(
            self._connection,
            arrived_at=now,
            seconds=self._settle_seconds,
            known=[each.known for each in parked],
            **scope_columns(each.source for each in parked),
            student_ids=[each.student_id for each in parked],
            event_sources=[each.event_source for each in parked],
            event_ids=[each.event_id for each in parked],
            topics=[record.topic for record in records],
            partitions=[record.partition for record in records],
            offsets=[record.offset for record in records],
            timestamps=[record.timestamp for record in records],
            keys=[record.key for record in records],
            values=[record.value for record in records],
            headers=[_headers_text(record) for record in records],
        )

    async def parked_students(self, students: Sequence[tuple[Source, str]]) -> frozenset[tuple[Source, str]]:
        """See `ports.Deciding.parked_students`."""
        rows = self._queries.lock_waiting_students(self._connection, **_student_columns(students))
        return frozenset([(_source(row), row["student_id"]) async for row in rows])

    async def settle(self, students: Sequence[tuple[Source, str]]) -> None:
        """See `ports.Deciding.settle`."""
        await self._queries.settle_waiting(
            self._connection, seconds=self._settle_seconds, **_student_columns(students)
        )

    async def unpark(self, limit: int) -> Sequence[Unparked]:
        """See `ports.Deciding.unpark`."""
        rows = self._queries.lock_settled_waiting(self._connection, limit=limit)
        taken = [unparked_of(row) async for row in rows]
        if taken:
            await self.forget_waiting([each.position for each in taken])
        return taken

    async def waited_too_long(self, before: datetime, limit: int) -> Sequence[Unparked]:
        """Return events that arrived before a moment and for whose student no roster came; locked."""
        rows = self._queries.waited_too_long(self._connection, before=before, limit=limit)
        return [unparked_of(row) async for row in rows]

    async def forget_waiting(self, positions: Sequence[int]) -> None:
        """Delete events that were sent to the dead-letter topic."""
        await self._queries.delete_waiting(self._connection, positions=list(positions))


def _student_columns(students: Sequence[tuple[Source, str]]) -> dict[str, Any]:
    named = {"student_ids": [student for _, student in students]}
    return packed({**scope_columns(source for source, _ in students), **named})


def unparked_of(row: Any) -> Unparked:
    """Read a row of `waiting`."""
    headers = tuple((name, text.encode("latin-1")) for name, text in orjson.loads(row["headers"]))
    record = Record(
        row["topic"],
        row["topic_partition"],
        row["topic_offset"],
        row["timestamp_ms"],
        row["key"],
        row["value"],
        headers,
    )
    return Unparked(record, row["arrived_at"].astimezone(UTC), row["position"])


def _headers_text(record: Record) -> str:
    # Header values are bytes; latin-1 carries each of them as one character and back.
    return orjson.dumps([(name, value.decode("latin-1")) for name, value in record.headers]).decode()


def _source(row: Any) -> Source:
    return source_of(row["district_id"], row["environment"])
