"""One batch through the handler: outcomes checked, dead letters appended, nothing committed yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from bellwire_kit.streams import metrics
from bellwire_kit.streams.dead_letters import DeadLetterWindow, cut, dead_letter_message
from bellwire_kit.streams.protocol import (
    DONE,
    DeadLetter,
    Handler,
    Message,
    MessageTooLarge,
    Outcome,
    Producer,
    Record,
    Subscription,
    TooManyDeadLetters,
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in hand and the offsets that may be committed once they are settled.

    `ends` maps (topic, partition) to the offset after the last record; `assignment` numbers the assignment of
    partitions under which they were read, so that a batch of an older one is recognised.
    """

    records: Sequence[Record]
    ends: Mapping[tuple[str, int], int]
    counts: Mapping[str, int]
    assignment: int


class HandlerFailed(Exception):
    """The handler raised, or broke its contract; the same records are handed over again."""


class DeadLetterFailed(Exception):
    """A dead letter was not acknowledged; the same records are handed over again."""


class Settling:
    """Handles batches of one subscription and keeps the window of its dead letters."""

    def __init__(self, subscription: Subscription, dead_letters: Producer) -> None:
        self._group = subscription.group
        self._share = subscription.dead_letter_share
        self._dead_letters = dead_letters
        self._window = DeadLetterWindow(
            subscription.dead_letter_window,
            subscription.dead_letter_share,
            min(subscription.dead_letter_minimum, subscription.dead_letter_window),
        )
        self._seconds = metrics.HANDLER_SECONDS.labels(self._group)

    async def settle(self, records: Sequence[Record], handler: Handler) -> None:
        """Handle the records and append the dead among them; afterwards their offsets may be committed.

        Raises `HandlerFailed` or `DeadLetterFailed` (do it again later) and `TooManyDeadLetters` (stop).
        """
        outcomes = await self._handled(records, handler)
        if outcomes.count(DONE) == len(outcomes):
            self._window.add_done(len(outcomes))
            return
        dead = [type(outcome) is DeadLetter for outcome in outcomes]
        if self._window.would_exceed(dead):
            raise TooManyDeadLetters(self._complaint(records, outcomes))
        await self._append(records, outcomes)
        self._window.add(dead)

    async def _handled(self, records: Sequence[Record], handler: Handler) -> Sequence[Outcome]:
        started = perf_counter()
        try:
            outcomes = await handler(records)
        except Exception as failure:
            raise HandlerFailed(f"{type(failure).__name__} in the handler of {self._group}") from failure
        finally:
            self._seconds.observe(perf_counter() - started)
        if len(outcomes) != len(records):
            raise HandlerFailed(
                f"the handler of {self._group} returned {len(outcomes)} outcomes for {len(records)} records; "
                "one a record, in order, is expected"
            )
        return outcomes

    async def _append(self, records: Sequence[Record], outcomes: Sequence[Outcome]) -> None:
        refused = [
            (record, outcome)
            for record, outcome in zip(records, outcomes, strict=True)
            if isinstance(outcome, DeadLetter)
        ]
        letters = [dead_letter_message(record, outcome, self._group) for record, outcome in refused]
        failures: list[Exception] = []
        too_large: list[Message] = []
        for letter, answer in zip(letters, await self._dead_letters.send(letters), strict=True):
            if isinstance(answer, MessageTooLarge):
                too_large.append(cut(letter))
            elif answer is not None:
                failures.append(answer)
        if too_large:
            failures += [answer for answer in await self._dead_letters.send(too_large) if answer is not None]
        if failures:
            raise DeadLetterFailed(f"a dead letter of {self._group} was not appended") from failures[0]
        for record, outcome in refused:
            metrics.DEAD_LETTERS.labels(record.topic, outcome.reason).inc()

    def _complaint(self, records: Sequence[Record], outcomes: Sequence[Outcome]) -> str:
        record, outcome = next(
            (record, outcome)
            for record, outcome in zip(records, outcomes, strict=True)
            if isinstance(outcome, DeadLetter)
        )
        return (
            f"{self._group}: more than {self._share:.0%} of the recent records cannot be handled; the first "
            f"here is {record.topic}[{record.partition}]@{record.offset}: {outcome.reason}: {outcome.error}. "
            "Nothing of this batch was committed; put the fault right and start again"
        )
