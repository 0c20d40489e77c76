"""A batch of changes in topic order against stored states: what each is, and whom it concerns (section 3).

Pure but for its own working copies: versions applied and tellings made early in a batch count for what follows
in the same batch.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from bellwire_schemas.names import AttendanceStatus, Group, Kind
from bellwire_schemas.source import Source
from msgspec import Struct
from msgspec.structs import replace

from threshold_evaluator.domain import assignments, attendance, grades, lunch
from threshold_evaluator.domain.changes import (
    AnyAssignment,
    AnyAttendance,
    AnyGrade,
    AnyLunchBalance,
    Change,
)
from threshold_evaluator.domain.decision import Detection
from threshold_evaluator.domain.facts import in_order
from threshold_evaluator.domain.gates import is_enrolled
from threshold_evaluator.domain.judging import (
    NEVER_TOLD,
    Judgement,
    Route,
    Told,
    Turn,
    facts_for,
    judge,
    settings_of,
    told_after,
    told_by_load,
)
from threshold_evaluator.domain.memory import Memory, TellingKey, telling_key
from threshold_evaluator.domain.roster import Roster, Student
from threshold_evaluator.domain.things import Content, ThingKey, ThingState
from threshold_evaluator.domain.versions import Version, compare, seen_after
from threshold_evaluator.domain.walls import local_day


class Incoming(Struct, frozen=True, gc=False):
    """One decoded change event; `data` is its JSON text.

    `accepted_at` is when the door appended it, `arrived_at` when we first read it. `traceparent` is the trace that it
    is part of, or "".
    """

    source: Source
    event_source: str
    event_id: str
    key: ThingKey
    change: Change
    data: str
    backfill: bool
    accepted_at: datetime
    arrived_at: datetime
    traceparent: str = ""


class Detected(Struct, frozen=True, gc=False):
    """What one event came to: the state after it, what detection says, and a judgement per user concerned."""

    incoming: Incoming
    detection: Detection
    kinds: tuple[Kind, ...]
    before: ThingState
    after: ThingState
    turn: Turn
    judgements: tuple[Judgement, ...]


class Ignored(Struct, frozen=True, gc=False):
    """The very event that was applied already: nothing is done and nothing said."""

    incoming: Incoming


_EVERYBODY_KNOWS: Mapping[str, Turn] = {}


def content_of(group: Group, change: Change, before: Content) -> Content:
    """Reduce a change, of a thing of this group, to what detection compares."""
    match group:
        case Group.ASSIGNMENTS:
            return assignments.content(cast("AnyAssignment", change))
        case Group.GRADES:
            return grades.content(cast("AnyGrade", change), before)
        case Group.ATTENDANCE:
            return attendance.content(cast("AnyAttendance", change))
        case Group.LUNCH:
            return lunch.content(cast("AnyLunchBalance", change))


def detect(incoming: Incoming, roster: Roster, memory: Memory, now: datetime) -> Detected | Ignored:
    """Take one event of a known student; `memory` is brought up to date."""
    key = incoming.key
    stored = memory.states.get(key) or ThingState(key, first=True)
    change = incoming.change
    version = compare(stored, incoming.event_id, change.modified_at, incoming.data)
    if version is Version.AGAIN:
        return Ignored(incoming)
    student = roster.students[key.student_id]
    school_id = change.school_id
    calendar = getattr(change, "calendar_id", None) or ""
    turn = Turn(
        key,
        school_id,
        calendar,
        stored.content,
        content_of(key.group, change, stored.content),
        change.modified_at,
        incoming.arrived_at,
        local_day(now, roster.district.timezone),
        roster.district,
        roster.school(school_id),
        student,
    )
    seen = seen_after(stored, incoming.event_id, change.modified_at)
    if version is not Version.APPLIES:
        duplicate = version is Version.DUPLICATE
        memory.states[key] = stands = replace(stored, seen=seen) if duplicate else stored
        detection = Detection.DUPLICATE if duplicate else Detection.STALE_VERSION
        return Detected(incoming, detection, (), stored, stands, turn, ())
    after = ThingState(
        key,
        school_id,
        calendar,
        change.modified_at,
        seen,
        turn.now,
        incoming.data,
    )
    memory.states[key] = after
    news = key.group is not Group.LUNCH or not overtaken(turn, memory.account_moments)
    untold = _untold(turn, memory) if key.group is Group.GRADES else _EVERYBODY_KNOWS
    if incoming.backfill:
        if news:
            _count_as_told(turn, student, memory)
        return Detected(incoming, Detection.BACKFILL, (), stored, after, turn, ())
    if turn.now.deleted and key.group is not Group.ATTENDANCE:
        return Detected(incoming, Detection.DELETED, (), stored, after, turn, ())
    enrolled = is_enrolled(student, change.school_id, calendar, turn.today)
    if not enrolled:
        if news:
            _clear_paid(turn, memory)
        return Detected(incoming, Detection.INACTIVE_CALENDAR, (), stored, after, turn, ())
    judgements = tuple(_judgements(turn, memory, untold, now)) if news and student.watchers else ()
    kinds = _kinds_judged(judgements)
    if not student.watchers:
        kinds = _kinds_without_watchers(turn)
    detection = Detection.FACTS if kinds else Detection.SILENT
    return Detected(incoming, detection, kinds, stored, after, turn, judgements)


def overtaken(turn: Turn, account_moments: dict[str, datetime]) -> bool:
    """Whether a newer version of this lunch account came already, of another student who shares it; notes this one.

    It is this student's newest, so it stands; but what the account holds by now is known, and told if it is low.
    """
    newest = account_moments.get(turn.key.thing_id, turn.modified_at)
    account_moments[turn.key.thing_id] = max(newest, turn.modified_at)
    return newest > turn.modified_at


def _kinds_judged(judgements: tuple[Judgement, ...]) -> tuple[Kind, ...]:
    kinds = {verdict.kind for judgement in judgements for verdict in judgement.verdicts}
    return tuple(kinds) if len(kinds) < 2 else in_order(kinds)


def _untold(turn: Turn, memory: Memory) -> Mapping[str, Turn]:
    """Return the turn of each user who was not told of the grade last posted: against what was posted before it.

    With what is posted or deleted now everybody knows the same again.
    """
    found: dict[str, Turn] = {}
    for watcher in turn.student.watchers:
        telling = telling_key(turn.key, watcher.user_id)
        if told := memory.told.get(telling, ""):
            found[watcher.user_id] = replace(turn, before=Content(posted=grades.read_told(told)))
            if not turn.now.unposted:
                memory.tell(telling, "", memory.states[turn.key])
    return found or _EVERYBODY_KNOWS


def _judgements(turn: Turn, memory: Memory, untold: Mapping[str, Turn], now: datetime) -> list[Judgement]:
    found: list[Judgement] = []
    group = turn.key.group
    if group is Group.ASSIGNMENTS or group is Group.GRADES:
        # What is news of these is the same for everybody, but for who was not told.
        news = assignments.facts if group is Group.ASSIGNMENTS else grades.facts
        facts = news(turn.before, turn.now)
        if facts or untold:
            for watcher in turn.student.watchers:
                own = untold.get(watcher.user_id, turn)
                if of_own := facts if own is turn else news(own.before, turn.now):
                    found.append(judge(own, watcher, settings_of(turn, watcher), of_own, NEVER_TOLD, True))
        return found
    for watcher in turn.student.watchers:
        settings = settings_of(turn, watcher)
        telling = telling_key(turn.key, watcher.user_id)
        told = memory.told.get(telling, "")
        if turn.key.group is Group.LUNCH:
            low_at = lunch.low_at(settings.kinds[Kind.LUNCH_LOW])
            if lunch.cleared(turn.now, lunch.read_told(told), low_at, turn.key.student_id):
                told = ""
                memory.tell(telling, told, memory.states[turn.key])
        facts = facts_for(turn.key, turn.before, turn.now, told, settings)
        if not facts:
            continue
        judgement = judge(
            turn, watcher, settings, facts, Told(told, _of_date(turn, watcher.user_id, memory)), enrolled=True
        )
        found.append(judgement)
        if judgement.route is not Route.SUPPRESSED:
            _tell(turn, judgement, telling, memory, now)
    return found


def _clear_paid(turn: Turn, memory: Memory) -> None:
    """Note that a balance is up again though nobody is told now: else the next low one would be no news."""
    if turn.key.group is not Group.LUNCH:
        return
    for watcher in turn.student.watchers:
        telling = telling_key(turn.key, watcher.user_id)
        low_at = lunch.low_at(settings_of(turn, watcher).kinds[Kind.LUNCH_LOW])
        if lunch.cleared(
            turn.now, lunch.read_told(memory.told.get(telling, "")), low_at, turn.key.student_id
        ):
            memory.tell(telling, "", memory.states[turn.key])


def _tell(turn: Turn, judgement: Judgement, telling: TellingKey, memory: Memory, now: datetime) -> None:
    """Count as told what enters the inbox at once; what is still in grace is told at its end."""
    # What takes the place of an unsent alert has its clock, though it be over: nothing starts it again.
    first_at, grace_until = memory.grace.get(telling, (now, now))
    grace_until = max(grace_until, first_at + judgement.grace)
    if grace_until > now:
        memory.grace[telling] = (first_at, grace_until)
        return
    memory.tell(telling, told_after(turn.key, turn.now, judgement.settings), memory.states[turn.key])
    _tell_of_date(turn, telling[1], memory)


def _tell_of_date(turn: Turn, user_id: str, memory: Memory) -> None:
    if turn.key.group is Group.ATTENDANCE:
        day = memory.told_of_date.setdefault((turn.key.student_id, turn.now.on, user_id), {})
        day[turn.key.thing_id] = turn.now.mark.status


def _of_date(turn: Turn, user_id: str, memory: Memory) -> frozenset[AttendanceStatus]:
    if turn.key.group is not Group.ATTENDANCE:
        return frozenset()
    told: Mapping[str, AttendanceStatus] = memory.told_of_date.get(
        (turn.key.student_id, turn.now.on, user_id), {}
    )
    return frozenset(status for thing, status in told.items() if thing != turn.key.thing_id)


def _count_as_told(turn: Turn, student: Student, memory: Memory) -> None:
    if turn.key.group not in (Group.ATTENDANCE, Group.LUNCH):
        return
    for watcher in student.watchers:
        telling = telling_key(turn.key, watcher.user_id)
        told = memory.told.get(telling, "")
        counts_as = told_by_load(turn.key, turn.now, told, settings_of(turn, watcher))
        if counts_as != told:
            memory.tell(telling, counts_as, memory.states[turn.key])
            _tell_of_date(turn, watcher.user_id, memory)


def _kinds_without_watchers(turn: Turn) -> tuple[Kind, ...]:
    """Return the facts of a student whom nobody watches, as for somebody who knows what stood before."""
    match turn.key.group:
        case Group.ASSIGNMENTS:
            facts = assignments.facts(turn.before, turn.now)
        case Group.GRADES:
            facts = grades.facts(turn.before, turn.now)
        case Group.ATTENDANCE:
            facts = attendance.facts(turn.before, turn.now, turn.before.mark)
        case Group.LUNCH:
            facts = ()
    return tuple(fact.kind for fact in facts)
