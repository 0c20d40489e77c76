"""Detection for a pass: what each change is, district by district, and which of them wait for their roster."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from bellwire_schemas.source import Source

from threshold_evaluator import metrics
from threshold_evaluator.domain.detecting import Detected, detect
from threshold_evaluator.passes import Arrived, Changes
from threshold_evaluator.ports import Known, Parked
from threshold_evaluator.turns import in_turns


async def detect_pass(
    changes: Changes,
    waiting: frozenset[tuple[Source, str]],
    known: Mapping[Source, Known],
    now: datetime,
) -> tuple[dict[Source, list[Detected]], list[Parked]]:
    """Take changes in topic order; those of students who are unknown, or in `waiting`, are to be parked."""
    detected: dict[Source, list[Detected]] = {}
    parked: list[Parked] = []
    counts: Counter[str] = Counter()
    for source, arrived in changes.items():
        here, found = known[source], detected.setdefault(source, [])
        students = here.roster.students
        late = {student for of, student in waiting if of == source}
        async for few in in_turns(arrived):
            for each in few:
                student = each.incoming.key.student_id
                if student not in students or student in late:
                    parked.append(_parked(student in students, each))
                    continue
                one = detect(each.incoming, here.roster, here.memory, now)
                if isinstance(one, Detected):
                    found.append(one)
        counts.update([each.detection for each in found])
    counts["waits_for_roster"] += len(parked)
    for detection, count in counts.items():
        metrics.EVENTS.labels(str(detection)).inc(count)
    return detected, parked


def _parked(known: bool, arrived: Arrived) -> Parked:
    incoming = arrived.incoming
    return Parked(
        known,
        incoming.source,
        incoming.key.student_id,
        incoming.event_source,
        incoming.event_id,
        arrived.record,
    )
