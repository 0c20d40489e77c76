"""One request's events: judge each, append the good ones at once, answer for every one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bellwire_kit.clock import Clock
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.streams.protocol import Message, MessageTooLarge, Producer
from bellwire_schemas.envelope import to_kafka
from prometheus_client import Counter

from gradebook_events.domain.admission import MAX_DATA, Admitted, admit
from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.publishers import Publisher
from gradebook_events.domain.refusals import Refusal, RefusalKind
from gradebook_events.metrics import EVENTS, PENDING
from gradebook_events.ports import Audit, AuditLine

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that all in-sync replicas have."""

    event_id: str


Answer = Accepted | Refusal


@cache
def _counter(way: str, outcome: str) -> Counter:
    return EVENTS.labels(way, outcome)


def message_of(admitted: Admitted) -> Message:
    """Return the record to append."""
    value, headers = to_kafka(admitted.event)
    return Message(admitted.topic, admitted.key, value, headers)


class Door:
    """Lets events in. `most_pending` events at most wait for the broker; more are refused at once."""

    def __init__(self, producer: Producer, audit: Audit, clock: Clock, most_pending: int) -> None:
        self._producer = producer
        self._audit = audit
        self._clock = clock
        self._most_pending = most_pending
        self._pending = 0
        PENDING.set_function(lambda: self._pending)

    async def accept(
        self, publisher: Publisher, events: Sequence[Incoming | Refusal], way: str
    ) -> Sequence[Answer]:
        """Judge and append; one answer an event, in order. What is not acknowledged is not accepted."""
        now = self._clock.now()
        source = publisher.source
        judged = [event if isinstance(event, Refusal) else admit(event, source, now) for event in events]
        good = [item for item in judged if isinstance(item, Admitted)]
        failures = iter(await self._append(good) if good else ())
        answers: list[Answer] = []
        for item in judged:
            if isinstance(item, Refusal):
                answers.append(item)
            elif (failure := next(failures)) is None:
                answers.append(Accepted(item.event.id))
            else:
                answers.append(_not_appended(item, failure))
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        _counter(way, "accepted").inc(len(answers) - len(refused))
        for refusal in refused:
            _counter(way, refusal.kind.value).inc()
        if foreign := sum(refusal.kind is RefusalKind.FOREIGN_SOURCE for refusal in refused):
            await self._note(publisher, foreign)
        return answers

    async def _append(self, good: Sequence[Admitted]) -> Sequence[Exception | None]:
        if self._pending + len(good) > self._most_pending:
            return [TimeoutError("too many events wait for the broker")] * len(good)
        self._pending += len(good)
        try:
            return await self._producer.send([message_of(item) for item in good])
        finally:
            self._pending -= len(good)

    async def _note(self, publisher: Publisher, events: int) -> None:
        """Write the audit line of events for another district; the refusal stands whether or not it is kept."""
        line = AuditLine(
            publisher.source,
            self._clock.now(),
            f"publisher:{publisher.publisher_id}",
            "events.foreign_source_refused",
            {"events": events},
        )
        try:
            await self._audit.write([line])
        except UNAVAILABLE:
            _log.warning("audit line not kept", action=line.action, publisher=publisher.publisher_id)


def _not_appended(item: Admitted, failure: Exception) -> Refusal:
    if isinstance(failure, MessageTooLarge):
        detail = f"the event with its attributes is too large; its data may be {MAX_DATA} bytes"
        return Refusal(RefusalKind.TOO_LARGE, "", detail, item.event.id)
    detail = "the broker did not acknowledge the event in time; send it again with the same id"
    return Refusal(RefusalKind.NOT_APPENDED, "", detail, item.event.id)
