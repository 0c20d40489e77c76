"""Stored changes with the decisions about one user, three queries a page whatever its size."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Pool
from bellwire_schemas.ids import alert_id
from bellwire_schemas.names import Kind
from bellwire_schemas.source import Source

from threshold_evaluator.adapters.postgres.portal.reading.queries import of, reading_queries
from threshold_evaluator.api.change_items import (
    DeviceOutcome,
    FactMet,
    GateState,
    StoredChange,
    Why,
    WhyOutcome,
)
from threshold_evaluator.api.changes import KEPT, Asked, ChangePlace
from threshold_evaluator.domain.deciding import REASON_OF
from threshold_evaluator.domain.decision import Detection, Reason
from threshold_evaluator.domain.due import Hold
from threshold_evaluator.domain.gates import GATES


class PostgresChanges:
    """See `threshold_evaluator.api.changes.Changes`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_caller(
        self, caller: Caller, student_id: str, since: datetime, before: ChangePlace, limit: int
    ) -> Sequence[StoredChange]:
        """See `Changes.of_caller`."""
        rows = reading_queries().changes_of_user(
            self._pool,
            **of(caller),
            student_id=student_id,
            # A change's day is that of its decision; one day more for a batch that crossed midnight.
            first_day=since.astimezone(UTC).date() - timedelta(days=1),
            since=since,
            before_at=before.decided_at,
            before_event=before.event_id,
            before_source=before.source,
            limit=limit,
        )
        return await self._with_why(caller.source, caller.user_id, [dict(row) async for row in rows])

    async def by_event(self, asked: Asked, since: datetime, seen_only: bool) -> Sequence[StoredChange]:
        """See `Changes.by_event`."""
        first = since.astimezone(UTC).date() - timedelta(days=1)
        rows = reading_queries().changes_by_event(
            self._pool,
            district_id=asked.source.district_id,
            environment=asked.source.environment.value,
            user_id=asked.user_id,
            # Each day is a partition whose key begins with the day: named days are looked up, not searched.
            days=[first + timedelta(days=number) for number in range(KEPT.days + 3)],
            event_id=asked.event_id,
            event_source=asked.event_source,
            seen_only=seen_only,
        )
        return await self._with_why(asked.source, asked.user_id, [dict(row) async for row in rows])

    async def _with_why(
        self, source: Source, user_id: str, changes: list[dict[str, Any]]
    ) -> Sequence[StoredChange]:
        if not changes:
            return ()
        scope = {
            "district_id": source.district_id,
            "environment": source.environment.value,
            "user_id": user_id,
        }
        ids = [alert_id(source, each["source"], each["event_id"], user_id) for each in changes]
        # An event that is sent again another day is a change of its own: the decision is of the day of its first.
        places = list(zip((each.pop("day") for each in changes), ids, strict=True))
        days = sorted({day for day, _ in places})
        decided = reading_queries().decisions(self._pool, **scope, days=days, alert_ids=ids)
        decisions = {(row["day"], row["alert_id"]): row async for row in decided}
        devices = await self._devices(scope, days, list(decisions.values()))
        return [
            StoredChange.model_validate(
                {
                    **change,
                    "why": _why(user_id, decisions[place], devices)
                    if place in decisions
                    else _nobody(user_id, change["detection"]),
                }
            )
            for place, change in zip(places, changes, strict=True)
        ]

    async def _devices(
        self, scope: Mapping[str, str], days: Sequence[date], decisions: Sequence[Mapping[str, Any]]
    ) -> Mapping[UUID, list[DeviceOutcome]]:
        carriers = {carrier for row in decisions for carrier in row["carried_by"]}
        reports = reading_queries().device_outcomes(
            self._pool, **scope, first_day=days[0], alert_ids=sorted(carriers)
        )
        devices: dict[UUID, list[DeviceOutcome]] = {}
        async for report in reports:
            devices.setdefault(report["alert_id"], []).append(DeviceOutcome.model_validate(dict(report)))
        return devices


def _nobody(user_id: str, detection: str) -> Why:
    return Why(
        user_id=user_id,
        outcome=WhyOutcome.NONE,
        # What is a fact for others, of a shared account or against what each was told, may be no news to one.
        reason=Detection.SILENT.value if detection == Detection.FACTS else detection,
        waits_for="",
        kinds=(),
        due_at=None,
        gates=(),
        facts=(),
        settings={},
        became="",
        became_at=None,
        sent_as=None,
        devices=(),
    )


_OPEN_ENDED = (Hold.PAUSE, Hold.SURGE)
"""What an administrator ends, nobody knows when."""


def _why(user_id: str, row: Mapping[str, Any], devices: Mapping[UUID, list[DeviceOutcome]]) -> Why:
    return Why(
        user_id=user_id,
        outcome=row["outcome"],
        reason=row["reason"],
        waits_for=REASON_OF[Hold(row["waits_for"])].value if row["waits_for"] else "",
        kinds=row["kinds"],
        due_at=None if row["waits_for"] in _OPEN_ENDED else row["waits_until"] or row["due_at"],
        gates=tuple(
            GateState(gate=gate.value, open=bool(row["open_gates"] >> place & 1))
            for place, gate in enumerate(GATES)
        ),
        facts=tuple(
            FactMet(kind=Kind(kind), passed=reason == Reason.TOLD.value, reason=reason)
            for kind, reason in orjson.loads(row["verdicts"]).items()
        ),
        settings=row["settings"] or {},
        became=row["became"],
        became_at=row["became_at"],
        sent_as=row["sent_as"],
        devices=tuple(
            sorted(
                (each for carrier in set(row["carried_by"]) for each in devices.get(carrier, ())),
                key=lambda each: (each.at, each.installation_id),
            )
        ),
    )
