"""The one protocol between a service and Kafka: a batch of records in, one outcome per record out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record as it was read, undecoded. `timestamp` is milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One record to append. `key` orders: messages of one key stay in the order they were sent."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The record's effect is durable (or it had none): its offset may be committed."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The record can never be handled: it goes, as it came, to `<topic>.dlq` with this reason.

    `reason` is a short stable word for counting (`invalid_json`), `error` one sentence without personal data.
    """

    reason: str
    error: str


Outcome = Done | DeadLetter
DONE = Done()

Handler = Callable[[Sequence[Record]], Awaitable[Sequence[Outcome]]]
"""Takes a batch, returns one outcome per record in the same order, after its effects are durable.

Raising acknowledges nothing: the runtime backs off and hands the same records over again. A handler decides
about a bad record by returning `DeadLetter`, never by raising.
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to read and how much at a time.

    `max_batch` bounds a batch, `max_per_partition` what one partition may take of it. When more than
    `dead_letter_share` of the last `dead_letter_window` records would be dead letters, the consumer stops
    with `TooManyDeadLetters`: that is our bug or an outage.
    """

    topics: tuple[str, ...]
    group: str
    max_batch: int = 2_000
    max_per_partition: int = 500
    dead_letter_share: float = 0.2
    dead_letter_window: int = 1_000
    dead_letter_minimum: int = 50
    options: Mapping[str, object] = field(default_factory=dict)


class Consumer(Protocol):
    """A stream runtime bound to one subscription."""

    async def run(self, handler: Handler) -> None:
        """Read until `stop`; drain what is in flight, commit, leave the group, then return.

        Raises `TooManyDeadLetters` or `StreamUnavailable` when going on makes no sense.
        """

    def stop(self) -> None:
        """Ask `run` to drain and return; safe to call from a signal handler."""

    @property
    def ready(self) -> bool:
        """True while partitions are assigned and the broker answers."""


class Producer(Protocol):
    """Appends messages; each is acknowledged by all in-sync replicas before it counts."""

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        """Append all; the answer has one entry a message, in order: None, or why it was not appended."""


class MessageTooLarge(Exception):
    """The message can never be appended: it is larger than the settings or its topic allow."""


class TooManyDeadLetters(Exception):
    """Too large a share of the recent records cannot be handled: the consumer stopped, nothing was lost."""


class StreamUnavailable(Exception):
    """The broker cannot be reached or refuses us, and retrying has not helped."""
