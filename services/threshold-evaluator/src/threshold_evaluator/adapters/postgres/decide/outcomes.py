"""What became of alerts on devices, in Postgres."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from bellwire_kit.postgres import Pool
from bellwire_schemas.deliveries import DeliveryReported
from bellwire_schemas.names import DeliveryOutcome

from threshold_evaluator.adapters.postgres.decide.store import queries


class PostgresOutcomes:
    """`deliveries.DeliveryOutcomes` on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self._queries = pool, queries()
        self._days: set[date] = set()

    async def ensure_day(self, now: datetime) -> None:
        """See `DeliveryOutcomes.ensure_day`."""
        for day in (now.date(), now.date() + timedelta(days=1)):
            if day not in self._days:
                await self._queries.ensure_day(self._pool, day=day)
                self._days.add(day)

    async def report(self, reports: Sequence[DeliveryReported], now: datetime) -> None:
        """See `DeliveryOutcomes.report`: all in one transaction."""

        def alerts(outcome: DeliveryOutcome) -> list[UUID]:
            return sorted({each.alert_id for each in reports if each.outcome is outcome})

        async with self._pool.acquire() as connection, connection.transaction():
            await self._queries.put_outcomes(
                connection,
                day=now.date(),
                alert_ids=[each.alert_id for each in reports],
                installation_ids=[each.installation_id for each in reports],
                district_ids=[each.district_id for each in reports],
                environments=[each.environment.value for each in reports],
                user_ids=[each.user_id for each in reports],
                outcomes=[each.outcome.value for each in reports],
                reasons=[each.reason for each in reports],
                at=[each.at for each in reports],
            )
            if accepted := alerts(DeliveryOutcome.ACCEPTED):
                await self._queries.gone_after_all(connection, sent_as=accepted, now=now)
            if withdrawn := alerts(DeliveryOutcome.WITHDRAWN):
                await self._queries.go_again(connection, sent_as=withdrawn, now=now)
            if missed := alerts(DeliveryOutcome.MISSED):
                await self._queries.note_missed(connection, alert_ids=missed, now=now)
                await self._queries.time_again(connection, alert_ids=missed, now=now)
            if again := sorted({*withdrawn, *missed}):
                await self._queries.join_again(connection, sent_as=again, now=now)
