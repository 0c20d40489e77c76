"""The handler of `change-events`: a batch becomes states, decisions, an inbox and alerts, in one transaction.

architecture.md section 4, "Evaluate". Roster events of a student stand before the changes that follow them in
the topic: a batch is cut into passes only where a change of the same student came before a roster event.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import cast

from bellwire_kit import faults
from bellwire_kit.clock import Clock
from bellwire_kit.logs import logger
from bellwire_kit.metrics import UNEXPECTED_ERRORS
from bellwire_kit.streams.protocol import DONE, DeadLetter, Outcome, Producer, Record
from bellwire_schemas.names import Group
from bellwire_schemas.source import Source
from msgspec import Struct

from threshold_evaluator import announce, metrics
from threshold_evaluator.decode import Decoded, RosterEvent, decode
from threshold_evaluator.domain.changes import AnyAttendance
from threshold_evaluator.domain.deciding import Deciding, concerned_users
from threshold_evaluator.domain.detecting import Detected, Incoming, detect
from threshold_evaluator.domain.surge import SurgeLimits
from threshold_evaluator.domain.things import ThingKey
from threshold_evaluator.ports import (
    Known,
    Outgoing,
    Parked,
    Spoken,
    Store,
    Transaction,
    Unstorable,
    Wanted,
)
from threshold_evaluator.project import project
from threshold_evaluator.publish import publish
from threshold_evaluator.surges import NOBODY_BRAKED, Braked, facts_by_school

_log = logger(__name__)

_STUDENTS_UNPARKED = 200

LIMITS = SurgeLimits()

_OF_A_VALUE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What pure code raises about a value, and will again: the record is found and set aside; all else is retried."""


class _Arrived(Struct, frozen=True, gc=False):
    """One change to evaluate and the record it came in."""

    incoming: Incoming
    record: Record


@dataclass(slots=True)
class Pass:
    """Roster events, then changes that no later roster event of the same student precedes."""

    roster: list[RosterEvent] = field(default_factory=list)
    changes: list[_Arrived] = field(default_factory=list)


class Evaluate:
    """Handles batches of change events; `producer` takes what is due at once."""

    def __init__(self, store: Store, producer: Producer, clock: Clock, limits: SurgeLimits = LIMITS) -> None:
        self._store, self._producer, self._clock = store, producer, clock
        self._limits = limits

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Evaluate a batch. Raises what the database raises when it is away: nothing is acknowledged then."""
        now = self._clock.now()
        await self._store.ensure_day(now.date())
        decoded = [decode(record, now) for record in records]
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
                    messages += announce.outgoing(one)
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
                _Arrived(incoming, each.record)
                for each in waited
                if isinstance(incoming := decode(each.record, each.arrived_at), Incoming)
            ]
            if changes:
                for one in await self._take(changes, frozenset(), tables, now):
                    messages += announce.outgoing(one)
            faults.point("unpark.before_commit")
        await publish(messages, self._store, self._producer, now, "unpark")
        return len(waited)

    async def _evaluate(self, part: Pass, tables: Transaction, now: datetime) -> Sequence[Spoken]:
        if part.roster:
            await project([each.sourced for each in part.roster], tables.roster)
            await tables.settle(list({(each.sourced.source, each.student_id) for each in part.roster}))
            faults.point("evaluate.projected")
        if not part.changes:
            return []
        students = {(each.incoming.source, each.incoming.key.student_id) for each in part.changes}
        waiting = await tables.parked_students(list(students))
        return await self._take(part.changes, waiting, tables, now)

    async def _take(
        self,
        changes: Sequence[_Arrived],
        waiting: frozenset[tuple[Source, str]],
        tables: Transaction,
        now: datetime,
    ) -> Sequence[Spoken]:
        known = await tables.known(wanted_of(changes))
        faults.point("evaluate.read")
        detected, parked = self._detect(changes, waiting, known, now)
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

    def _detect(
        self,
        changes: Sequence[_Arrived],
        waiting: frozenset[tuple[Source, str]],
        known: Mapping[Source, Known],
        now: datetime,
    ) -> tuple[dict[Source, list[Detected]], list[Parked]]:
        detected: dict[Source, list[Detected]] = {source: [] for source in known}
        parked: list[Parked] = []
        counts: Counter[str] = Counter()
        for arrived in changes:
            incoming = arrived.incoming
            here = known[incoming.source]
            student = incoming.key.student_id
            is_known = student in here.roster.students
            if not is_known or (waiting and (incoming.source, student) in waiting):
                parked.append(
                    Parked(
                        is_known,
                        incoming.source,
                        student,
                        incoming.event_source,
                        incoming.event_id,
                        arrived.record,
                    )
                )
                continue
            found = detect(incoming, here.roster, here.memory, now)
            if isinstance(found, Detected):
                detected[incoming.source].append(found)
                counts[found.detection] += 1
        counts["waits_for_roster"] += len(parked)
        for detection, count in counts.items():
            metrics.EVENTS.labels(str(detection)).inc(count)
        return detected, parked

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
            for event in events:
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


def passes(decoded: Sequence[Decoded], records: Sequence[Record]) -> list[Pass]:
    """Cut a batch into passes: within one, no roster event of a student follows a change of that student."""
    if not any(isinstance(each, RosterEvent) for each in decoded):
        arrived = zip(decoded, records, strict=True)
        changes = [_Arrived(each, record) for each, record in arrived if isinstance(each, Incoming)]
        return [Pass(changes=changes)] if changes else []
    found: list[Pass] = []
    at: dict[tuple[Source, str], int] = {}
    changed: set[tuple[Source, str, int]] = set()
    for each, record in zip(decoded, records, strict=True):
        if isinstance(each, DeadLetter):
            continue
        if isinstance(each, RosterEvent):
            student = (each.sourced.source, each.student_id)
            number = at.get(student, 0)
            if (*student, number) in changed:
                number += 1
            at[student] = number
            _nth(found, number).roster.append(each)
        else:
            student = (each.source, each.key.student_id)
            number = at.get(student, 0)
            changed.add((*student, number))
            _nth(found, number).changes.append(_Arrived(each, record))
    return found


def _nth(found: list[Pass], number: int) -> Pass:
    while len(found) <= number:
        found.append(Pass())
    return found[number]


def wanted_of(changes: Sequence[_Arrived]) -> dict[Source, Wanted]:
    """Collect what to read for a pass, each thing once."""
    oldest: dict[Source, dict[ThingKey, datetime]] = {}
    schools: dict[Source, set[str]] = {}
    dates: dict[Source, dict[tuple[str, date], None]] = {}
    for arrived in changes:
        incoming = arrived.incoming
        source, key, change = incoming.source, incoming.key, incoming.change
        if source not in oldest:
            oldest[source], schools[source], dates[source] = {}, set(), {}
        moment = change.modified_at
        if oldest[source].setdefault(key, moment) > moment:
            oldest[source][key] = moment
        schools[source].add(change.school_id)
        if key.group is Group.ATTENDANCE:
            dates[source][key.student_id, cast("AnyAttendance", change).date] = None
    return {
        source: Wanted(list(things), list(dates[source]), list(schools[source]), things)
        for source, things in oldest.items()
    }
