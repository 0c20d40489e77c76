"""The handler of `change-events`: a batch becomes states, decisions, an inbox and alerts, in one transaction.

architecture.md section 4, "Evaluate".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_kit.logs import logger
from bellwire_kit.metrics import UNEXPECTED_ERRORS
from bellwire_kit.streams.protocol import DONE, DeadLetter, Outcome, Producer, Record
from bellwire_schemas.source import Source

from threshold_evaluator import announce, metrics
from threshold_evaluator.decode import Decoded, decode
from threshold_evaluator.detection import detect_pass
from threshold_evaluator.domain.deciding import Deciding, concerned_users
from threshold_evaluator.domain.detecting import Detected, Incoming
from threshold_evaluator.domain.surge import SurgeLimits
from threshold_evaluator.passes import Arrived, Changes, Pass, by_source, passes, wanted_of
from threshold_evaluator.ports import (
    Known,
    Outgoing,
    Spoken,
    Store,
    Transaction,
    Unstorable,
)
from threshold_evaluator.project import project
from threshold_evaluator.publish import publish
from threshold_evaluator.surges import NOBODY_BRAKED, Braked, facts_by_school
from threshold_evaluator.turns import in_turns

_log = logger(__name__)

_STUDENTS_UNPARKED = 200

LIMITS = SurgeLimits()

_OF_A_VALUE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What pure code raises about a value, and will again: the record is found and set aside; all else is retried."""


class Evaluate:
    """Handles batches of change events; `producer` takes what is due at once."""

    def __init__(self, store: Store, producer: Producer, clock: Clock, limits: SurgeLimits = LIMITS) -> None:
        self._store, self._producer, self._clock = store, producer, clock
        self._limits = limits

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Evaluate a batch. Raises what the database raises when it is away: nothing is acknowledged then."""
        now = self._clock.now()
        await self._store.ensure_day(now.date())
        decoded: list[Decoded] = []
        async for few in in_turns(records):
            decoded += [decode(record, now) for record in few]
        faults.point("evaluate.decoded")
        try:
            messages = await self._transact(decoded, records, now)
        except Unstorable as error:
            return await self._halves(records, error)
        except _OF_A_VALUE as error:
            UNEXPECTED_ERRORS.labels("evaluate").inc()
            _log.exception("no rule foresaw a value of this batch", records=len(records))
            return await self._halves(records, error)
        faults.point("evaluate.committed")
        await publish(messages, self._store, self._producer, now, "evaluate")
        return [each if isinstance(each, DeadLetter) else DONE for each in decoded]

    async def _halves(self, records: Sequence[Record], error: Exception) -> Sequence[Outcome]:
        """Find the record at fault: it alone is a dead letter, the others are evaluated."""
        if len(records) == 1:
            if isinstance(error, Unstorable):
                return [DeadLetter("unstorable", f"the database refuses a value of the event: {error}")]
            return [DeadLetter("unexpected", f"no rule foresaw a value of the event: {type(error).__name__}")]
        middle = len(records) // 2
        return [*await self(records[:middle]), *await self(records[middle:])]

    async def _transact(
        self, decoded: Sequence[Decoded], records: Sequence[Record], now: datetime
    ) -> list[Outgoing]:
        messages: list[Outgoing] = []
        async with self._store.transaction() as tables:
            for part in passes(decoded, records):
                for one in await self._evaluate(part, tables, now):
                    messages += one.messages
            faults.point("evaluate.before_commit")
        return messages

    async def unpark(self) -> int:
        """Evaluate events that waited for a roster which has come and settled; return how many."""
        now = self._clock.now()
        await self._store.ensure_day(now.date())
        messages: list[Outgoing] = []
        async with self._store.transaction() as tables:
            waited = await tables.unpark(_STUDENTS_UNPARKED)
            changes = [
                Arrived(incoming, each.record)
                for each in waited
                if isinstance(incoming := decode(each.record, each.arrived_at), Incoming)
            ]
            if changes:
                for one in await self._take(by_source(changes), frozenset(), tables, now):
                    messages += one.messages
            faults.point("unpark.before_commit")
        await publish(messages, self._store, self._producer, now, "unpark")
        return len(waited)

    async def _evaluate(self, part: Pass, tables: Transaction, now: datetime) -> Sequence[Spoken]:
        if part.roster:
            projected = await project([each.sourced for each in part.roster], tables.roster)
            await tables.recount(projected.watchers, now)
            await tables.settle(list({(each.sourced.source, each.student_id) for each in part.roster}))
            faults.point("evaluate.projected")
        if not part.changes:
            return []
        students = {
            (source, student)
            for source, changes in part.changes.items()
            for student in {each.incoming.key.student_id for each in changes}
        }
        waiting = await tables.parked_students(list(students))
        return await self._take(part.changes, waiting, tables, now)

    async def _take(
        self,
        changes: Changes,
        waiting: frozenset[tuple[Source, str]],
        tables: Transaction,
        now: datetime,
    ) -> Sequence[Spoken]:
        known = await tables.known(wanted_of(changes))
        faults.point("evaluate.read")
        detected, parked = await detect_pass(changes, waiting, known, now)
        if parked:
            await tables.park(parked, now)
            faults.point("evaluate.parked")
        facts = facts_by_school(detected)
        braked = await tables.surges.look(facts, self._limits, now) if facts else NOBODY_BRAKED
        spoken = await self._decide(detected, known, braked, tables, now)
        await tables.write(spoken, now)
        if facts:
            await tables.surges.count(facts, braked, now)
        return spoken

    async def _decide(
        self,
        detected: Mapping[Source, Sequence[Detected]],
        known: Mapping[Source, Known],
        braked: Braked,
        tables: Transaction,
        now: datetime,
    ) -> list[Spoken]:
        users = {source: sorted(concerned_users(each)) for source, each in detected.items()}
        accounts = await tables.accounts(users)
        faults.point("evaluate.locked")
        spoken: list[Spoken] = []
        for source, events in detected.items():
            deciding = Deciding(known[source].unsent, accounts[source], now, braked.get(source, {}))
            async for few in in_turns(events):
                for event in few:
                    deciding.take(event)
            outcomes = Counter([(each.outcome, each.reason) for each in deciding.plan.decisions])
            for labels, count in outcomes.items():
                metrics.DECISIONS.labels(*map(str, labels)).inc(count)
            spoken.append(
                announce.spoken(
                    source, deciding.plan, accounts[source], now, events, known[source].memory.retold
                )
            )
        return spoken
