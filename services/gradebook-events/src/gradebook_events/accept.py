"""One request's events: judge each, append the good ones at once, answer for every one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bellwire_kit.clock import Clock
from bellwire_kit.logs import logger
from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.streams.protocol import Message, MessageTooLarge
from prometheus_client import Counter

from gradebook_events.domain.admission import admit
from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.publishers import Publisher
from gradebook_events.domain.refusals import Refusal, RefusalKind
from gradebook_events.domain.safety import MAX_DATA
from gradebook_events.gather import Gathering
from gradebook_events.metrics import EVENTS, PENDING
from gradebook_events.ports import Audit, AuditLine
from gradebook_events.wire.kafka_binary import message_of

_log = logger(__name__)


@dataclass(slots=True)
class Accepted:
    """An event that all in-sync replicas have. Not frozen, for speed; nobody changes one."""

    event_id: str


Answer = Accepted | Refusal


@cache
def _counter(way: str, outcome: str) -> Counter:
    return EVENTS.labels(way, outcome)


class Door:
    """Lets events in. `most_pending` events at most wait for the broker; more are refused at once."""

    def __init__(self, gathering: Gathering, audit: Audit, clock: Clock, most_pending: int) -> None:
        self._gathering = gathering
        self._audit = audit
        self._clock = clock
        self._most_pending = most_pending
        self._pending = 0
        PENDING.set_function(lambda: self._pending)

    async def accept_one(self, publisher: Publisher, event: Incoming | Refusal, way: str) -> Answer:
        """Judge and append one event; what is not acknowledged is not accepted."""
        judged = event if isinstance(event, Refusal) else admit(event, publisher, self._clock.now())
        answer: Answer
        if isinstance(judged, Refusal):
            answer = judged
        elif (failure := await self._append_one(message_of(judged))) is None:
            answer = Accepted(judged.event.id)
            _counter(way, "accepted").inc()
            return answer
        else:
            answer = _not_appended(judged.event.id, failure)
        await self._count_refused(publisher, [answer], way)
        return answer

    async def accept(
        self, publisher: Publisher, events: Sequence[Incoming | Refusal], way: str
    ) -> Sequence[Answer]:
        """Judge and append many; one answer an event, in order."""
        now = self._clock.now()
        answers: list[Answer] = []
        messages: list[Message] = []
        places: list[int] = []
        for place, event in enumerate(events):
            judged = event if isinstance(event, Refusal) else admit(event, publisher, now)
            if isinstance(judged, Refusal):
                answers.append(judged)
            else:
                answers.append(Accepted(judged.event.id))
                messages.append(message_of(judged))
                places.append(place)
        failures = await self._append(messages)
        for place, failure in zip(places, failures, strict=True):
            if failure is not None and isinstance(good := answers[place], Accepted):
                answers[place] = _not_appended(good.event_id, failure)
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        _counter(way, "accepted").inc(len(answers) - len(refused))
        if refused:
            await self._count_refused(publisher, refused, way)
        return answers

    async def _append_one(self, message: Message) -> Exception | None:
        if self._pending >= self._most_pending:
            return TimeoutError("too many events wait for the broker")
        self._pending += 1
        try:
            return await self._gathering.put(message)
        finally:
            self._pending -= 1

    async def _append(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        if not messages:
            return ()
        if self._pending + len(messages) > self._most_pending:
            return [TimeoutError("too many events wait for the broker")] * len(messages)
        self._pending += len(messages)
        try:
            return await self._gathering.send(messages)
        finally:
            self._pending -= len(messages)

    async def _count_refused(self, publisher: Publisher, refused: Sequence[Refusal], way: str) -> None:
        for refusal in refused:
            _counter(way, refusal.kind.value).inc()
        if foreign := sum(refusal.kind is RefusalKind.FOREIGN_SOURCE for refusal in refused):
            await self._note(publisher, foreign)

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


def _not_appended(event_id: str, failure: Exception) -> Refusal:
    if isinstance(failure, MessageTooLarge):
        detail = f"the event with its attributes is too large; its data may be {MAX_DATA} bytes"
        return Refusal(RefusalKind.TOO_LARGE, "", detail, event_id)
    detail = "the broker did not acknowledge the event in time; send it again with the same id"
    return Refusal(RefusalKind.NOT_APPENDED, "", detail, event_id)
