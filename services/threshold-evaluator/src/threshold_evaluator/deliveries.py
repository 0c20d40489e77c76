"""The handler of `deliveries`: what became of alerts on devices, for `why`, and for whether an alert goes again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_kit.streams.protocol import DONE, DeadLetter, Outcome, Record
from bellwire_schemas.catalogue import DEVICE_REMOVED, delivery_type
from bellwire_schemas.deliveries import DeliveryReported
from bellwire_schemas.envelope import InvalidEnvelope, from_kafka
from bellwire_schemas.names import DeliveryOutcome
from pydantic import ValidationError

from threshold_evaluator import metrics

_REPORTS = frozenset(delivery_type(outcome) for outcome in DeliveryOutcome)


class DeliveryOutcomes(Protocol):
    """Where reports are kept."""

    async def ensure_day(self, now: datetime) -> None:
        """Make the partitions of today."""

    async def report(self, reports: Sequence[DeliveryReported], now: datetime) -> None:
        """Keep the newest report of each alert and device.

        What all devices missed is timed again. What was called back goes again once a device says that it had not
        gone, unless another device has it; an acceptance that comes later still ends that.
        """


class RecordDeliveries:
    """Handles batches of delivery reports."""

    def __init__(self, outcomes: DeliveryOutcomes, clock: Clock) -> None:
        self._outcomes, self._clock = outcomes, clock

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Store a batch; a removed device is of no interest here."""
        now = self._clock.now()
        read = [_read(record) for record in records]
        newest = {
            (each.alert_id, each.installation_id): each
            for each in sorted((r for r in read if isinstance(r, DeliveryReported)), key=lambda each: each.at)
        }
        if newest:
            await self._outcomes.ensure_day(now)
            await self._outcomes.report([newest[key] for key in sorted(newest)], now)
            faults.point("deliveries.stored")
        for each in newest.values():
            metrics.DELIVERIES.labels(each.outcome.value).inc()
        return [each if isinstance(each, DeadLetter) else DONE for each in read]


def _read(record: Record) -> DeliveryReported | DeadLetter | None:
    try:
        event = from_kafka(record.value, record.headers)
    except InvalidEnvelope as error:
        return DeadLetter("invalid_envelope", str(error))
    if event.type == DEVICE_REMOVED:
        return None
    if event.type not in _REPORTS:
        return DeadLetter("unknown_type", "the type of the event is none that this topic carries")
    try:
        return DeliveryReported.model_validate_json(event.data)
    except ValidationError as error:
        where = "/".join(map(str, error.errors(include_input=False)[0]["loc"]))
        return DeadLetter("invalid_data", f"/{where} does not hold for {event.type}")
