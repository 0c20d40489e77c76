"""Lunch reminders: every `remind_days` while the balance is still low (product.md section 3, "lunch")."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from bellwire_schemas.changes import LunchBalanceChanged
from bellwire_schemas.ids import event_id
from bellwire_schemas.names import Group, Kind
from bellwire_schemas.source import Source

from threshold_evaluator.domain.decision import Detection
from threshold_evaluator.domain.detecting import Detected, Incoming
from threshold_evaluator.domain.effective import Effective
from threshold_evaluator.domain.facts import Fact
from threshold_evaluator.domain.gates import is_enrolled
from threshold_evaluator.domain.judging import Judgement, Route, Told, Turn, judge, settings_of
from threshold_evaluator.domain.lunch import low_at
from threshold_evaluator.domain.memory import TellingKey
from threshold_evaluator.domain.roster import Roster, Student
from threshold_evaluator.domain.things import ThingKey, ThingState
from threshold_evaluator.domain.walls import at_wall, local_day

LOOKS_AGAIN: Final = timedelta(hours=1)
"""Settings, gates and balances that forbid a reminder are looked at again so much later."""

_LOW: Final = (Fact(Kind.LUNCH_LOW),)


@dataclass(frozen=True, slots=True)
class LowBalance:
    """What a user was last told of an account, when, and how it stands: a state for each student of the user who
    shares it, all with the newest balance, the one that brought it first.
    """

    source: Source
    account_id: str
    user_id: str
    told_at: datetime
    states: tuple[ThingState, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing to say now: look again then."""

    at: datetime


def due_at(told_at: datetime, settings: Effective) -> datetime:
    """Return when a user who was told at a time is reminded: so many days on, at the same time of the user's day.

    `remind_days` is not 0.
    """
    zone = settings.timezone
    told = told_at.astimezone(zone)
    days = timedelta(days=settings.kinds[Kind.LUNCH_LOW].remind_days)
    return at_wall(told.date() + days, told.time(), zone)


def remind(low: LowBalance, roster: Roster, now: datetime) -> Detected | Later:
    """Return the reminder of one user as a change that was found, or when to look again.

    It says the latest balance and passes gates and settings as any fact, of whichever student lets it through; a
    clock that jumped a month ahead makes one reminder. It is no arrival, so it is never late.
    """
    soonest = now + LOOKS_AGAIN
    for state in low.states:
        said = _remind_of(low, state, roster, now)
        if isinstance(said, Detected):
            return said
        soonest = min(soonest, said.at)
    return Later(soonest)


def _remind_of(low: LowBalance, state: ThingState, roster: Roster, now: datetime) -> Detected | Later:
    later = Later(now + LOOKS_AGAIN)
    student = roster.students.get(state.key.student_id)
    watcher = (
        next((each for each in student.watchers if each.user_id == low.user_id), None) if student else None
    )
    if student is None or watcher is None:
        return later
    turn = _turn(state, student, roster, now)
    settings = settings_of(turn, watcher)
    rule = settings.kinds[Kind.LUNCH_LOW]
    if not rule.remind_days or state.content.balance >= low_at(rule):
        return later
    if (due := due_at(low.told_at, settings)) > now:
        return Later(min(due, later.at))
    enrolled = is_enrolled(student, turn.school_id, turn.calendar_id, turn.today)
    judgement = judge(turn, watcher, settings, _LOW, Told(), enrolled=enrolled)
    if judgement.route is Route.SUPPRESSED:
        return later
    return _detected(low, state, turn, judgement, now)


def _turn(state: ThingState, student: Student, roster: Roster, now: datetime) -> Turn:
    return Turn(
        key=state.key,
        school_id=state.school_id,
        calendar_id=state.calendar_id,
        before=state.content,
        now=state.content,
        modified_at=state.modified_at,
        arrived_at=state.modified_at,
        today=local_day(now, roster.district.timezone),
        district=roster.district,
        school=roster.school(state.school_id),
        student=student,
    )


def _detected(
    low: LowBalance, state: ThingState, turn: Turn, judgement: Judgement, now: datetime
) -> Detected:
    event = reminder_id(low.source, turn.key.student_id, low.account_id, now.date())
    incoming = Incoming(
        source=low.source,
        event_source=str(low.source),
        event_id=event,
        key=turn.key,
        change=LunchBalanceChanged.model_validate_json(state.data),
        data=state.data,
        backfill=False,
        accepted_at=now,
        arrived_at=now,
    )
    return Detected(incoming, Detection.REMINDER, (Kind.LUNCH_LOW,), state, state, turn, (judgement,))


def reminder_id(source: Source, student_id: str, account_id: str, day: date) -> str:
    """Return the id that stands for the event of a reminder: one a student, account and day (UTC)."""
    named = (source.environment.value, source.district_id, student_id, account_id, day.isoformat())
    return str(event_id("lunch-reminder", *named))


def telling_of(low: LowBalance) -> TellingKey:
    """Return under which key the telling of a balance is kept."""
    return (ThingKey(Group.LUNCH, "", low.account_id), low.user_id)
