"""A batch cut into passes: within one, no roster event of a student follows a change of that student.

Roster events of a student stand before the changes that follow them in the topic: a batch is cut only where a
change of the same student came before a roster event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias, cast

from bellwire_kit.streams.protocol import DeadLetter, Record
from bellwire_schemas.names import Group
from bellwire_schemas.source import Source
from msgspec import Struct

from threshold_evaluator.decode import Decoded, RosterEvent
from threshold_evaluator.domain.changes import AnyAttendance
from threshold_evaluator.domain.detecting import Incoming
from threshold_evaluator.domain.things import ThingKey
from threshold_evaluator.ports import Wanted


class Arrived(Struct, frozen=True, gc=False):
    """One change to evaluate and the record it came in."""

    incoming: Incoming
    record: Record


Changes: TypeAlias = Mapping[Source, Sequence[Arrived]]
"""Changes in topic order, by district: what is the same for all of a district is looked up once."""


@dataclass(slots=True)
class Pass:
    """Roster events, then changes that no later roster event of the same student precedes."""

    roster: list[RosterEvent] = field(default_factory=list)
    changes: dict[Source, list[Arrived]] = field(default_factory=dict)


def passes(decoded: Sequence[Decoded], records: Sequence[Record]) -> list[Pass]:
    """Cut a batch into passes; dead letters are in none."""
    if not any(isinstance(each, RosterEvent) for each in decoded):
        arrived = zip(decoded, records, strict=True)
        changes = by_source([Arrived(each, record) for each, record in arrived if isinstance(each, Incoming)])
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
            _nth(found, number).changes.setdefault(each.source, []).append(Arrived(each, record))
    return found


def by_source(changes: Sequence[Arrived]) -> dict[Source, list[Arrived]]:
    """Sort changes by their district, each in topic order."""
    found: dict[Source, list[Arrived]] = {}
    latest, listed = None, None
    for each in changes:
        source = each.incoming.source
        if source is not latest or listed is None:
            latest, listed = source, found.setdefault(source, [])
        listed.append(each)
    return found


def _nth(found: list[Pass], number: int) -> Pass:
    while len(found) <= number:
        found.append(Pass())
    return found[number]


def wanted_of(changes: Changes) -> dict[Source, Wanted]:
    """Collect what to read for a pass, each thing once."""
    return {source: _wanted(arrived) for source, arrived in changes.items()}


def _wanted(arrived: Sequence[Arrived]) -> Wanted:
    oldest: dict[ThingKey, datetime] = {}
    schools: set[str] = set()
    dates: dict[tuple[str, date], None] = {}
    for each in arrived:
        key, change = each.incoming.key, each.incoming.change
        moment = change.modified_at
        if oldest.setdefault(key, moment) > moment:
            oldest[key] = moment
        schools.add(change.school_id)
        if key.group is Group.ATTENDANCE:
            dates[key.student_id, cast("AnyAttendance", change).date] = None
    return Wanted(list(oldest), list(dates), list(schools), oldest)
