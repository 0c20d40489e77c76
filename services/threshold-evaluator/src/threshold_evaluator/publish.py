"""Publish what is in the outbox, then take it out: a crash between the two publishes again, which is harmless."""

from collections.abc import Sequence
from datetime import datetime

from bellwire_kit import faults
from bellwire_kit.logs import logger
from bellwire_kit.streams.protocol import Producer

from threshold_evaluator import metrics
from threshold_evaluator.announce import as_record
from threshold_evaluator.ports import Outgoing, Store

_log = logger(__name__)


async def publish(
    messages: Sequence[Outgoing], store: Store, producer: Producer, now: datetime, who: str
) -> int:
    """Append messages to the alerts topic and forget those that were acknowledged; return how many.

    What was not acknowledged stays in the outbox and is published again by the release loop.
    """
    if not messages:
        return 0
    answers = await producer.send([as_record(message, now) for message in messages])
    faults.point(f"{who}.published")
    sent = [message for message, answer in zip(messages, answers, strict=True) if answer is None]
    if len(sent) < len(messages):
        _log.warning("alerts were not appended, they stay in the outbox", count=len(messages) - len(sent))
    await store.published(sent)
    faults.point(f"{who}.marked")
    metrics.PUBLISHED.inc(len(sent))
    return len(sent)
