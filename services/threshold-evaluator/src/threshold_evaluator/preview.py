"""What settings would have sent: the past replayed for one user, before any timing (product.md section 4).

A change counts once, when gates and settings let it pass to be pushed; what would only enter the inbox, and
what timing would have held, resolved or summed up, makes no difference.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from bellwire_schemas.names import AttendanceStatus, Group, Kind

from threshold_evaluator.domain import lunch
from threshold_evaluator.domain.decision import Detection
from threshold_evaluator.domain.detecting import overtaken
from threshold_evaluator.domain.effective import Effective
from threshold_evaluator.domain.judging import (
    Route,
    Told,
    Turn,
    facts_for,
    judge,
    settings_of,
    told_after,
    told_by_load,
)
from threshold_evaluator.domain.memory import TellingKey, telling_key
from threshold_evaluator.domain.roster import Watcher


@dataclass(frozen=True, slots=True)
class Past:
    """One stored change in its place, what detection made of it, and the user as one who watches its student.

    `told` is what the user had been told of the thing before the first change that is looked at, if anything;
    `told_of_date` the statuses told by then of marks of the same date, by mark.
    """

    turn: Turn
    detection: Detection
    watcher: Watcher
    told: str = ""
    told_of_date: Mapping[str, AttendanceStatus] = field(default_factory=dict)

    def is_of(self, student_id: str) -> bool:
        """Whether it is a change of this student; an empty id is any."""
        return student_id in ("", self.turn.key.student_id)


@dataclass(slots=True)
class _Told:
    """What the user would have been told so far."""

    values: dict[TellingKey, str] = field(default_factory=dict)
    account_moments: dict[str, datetime] = field(default_factory=dict)
    of_date: dict[tuple[str, date], dict[str, AttendanceStatus]] = field(default_factory=dict)

    def take(self, turn: Turn, key: TellingKey, settings: Effective) -> None:
        """Count the present content as told."""
        self.values[key] = told_after(turn.key, turn.now, settings)
        if turn.key.group is Group.ATTENDANCE:
            self.of_date[turn.key.student_id, turn.now.on][turn.key.thing_id] = turn.now.mark.status

    def begin(self, past: Past, key: TellingKey) -> None:
        """Begin with what the user had been told before: of this thing, and of the date of a mark."""
        turn = past.turn
        self.values.setdefault(key, past.told)
        if turn.key.group is Group.ATTENDANCE:
            self.of_date.setdefault((turn.key.student_id, turn.now.on), dict(past.told_of_date))

    def same_day(self, turn: Turn) -> frozenset[AttendanceStatus]:
        """Return the statuses told of other marks of the date."""
        day: Mapping[str, AttendanceStatus] = self.of_date.get((turn.key.student_id, turn.now.on), {})
        return frozenset(status for thing, status in day.items() if thing != turn.key.thing_id)


def would_have_sent(
    past: Iterable[Past], proposed: Callable[[Watcher], Watcher], student_id: str = ""
) -> Mapping[Group, int]:
    """Return how many changes, oldest first, would have been pushed, by group; `proposed` sets the settings.

    Of one student, or of all: a change of a shared account is told once, with the first of its students.
    """
    counts = dict.fromkeys(Group, 0)
    for each in would_be_sent(past, proposed):
        counts[each.turn.key.group] += each.is_of(student_id)
    return counts


def would_be_sent(past: Iterable[Past], proposed: Callable[[Watcher], Watcher]) -> Iterator[Past]:
    """Yield the changes of one user's students, oldest first, that would have been pushed."""
    told = _Told()
    for each in past:
        watcher = proposed(each.watcher)
        settings = settings_of(each.turn, watcher)
        told.begin(each, telling_key(each.turn.key, watcher.user_id))
        if each.turn.key.group is Group.LUNCH and overtaken(each.turn, told.account_moments):
            continue
        if each.detection is Detection.BACKFILL:
            _count_as_told(each.turn, watcher, settings, told)
        elif each.detection is Detection.INACTIVE_CALENDAR:
            _clear_paid(each.turn, watcher, settings, told)
        elif each.detection in (Detection.FACTS, Detection.SILENT) and _sent(
            each.turn, watcher, settings, told
        ):
            yield each


def _sent(turn: Turn, watcher: Watcher, settings: Effective, told: _Told) -> bool:
    key = telling_key(turn.key, watcher.user_id)
    _clear_paid(turn, watcher, settings, told)
    last = told.values[key]
    facts = facts_for(turn.key, turn.before, turn.now, last, settings)
    if not facts:
        return False
    judgement = judge(turn, watcher, settings, facts, Told(last, told.same_day(turn)), enrolled=True)
    if judgement.route is not Route.SUPPRESSED and turn.key.group in (Group.ATTENDANCE, Group.LUNCH):
        told.take(turn, key, settings)
    return judgement.route is Route.TIMED


def _clear_paid(turn: Turn, watcher: Watcher, settings: Effective, told: _Told) -> None:
    key = telling_key(turn.key, watcher.user_id)
    if turn.key.group is Group.LUNCH and lunch.cleared(
        turn.now, lunch.read_told(told.values[key]), _low(settings), turn.key.student_id
    ):
        told.values[key] = ""


def _count_as_told(turn: Turn, watcher: Watcher, settings: Effective, told: _Told) -> None:
    if turn.key.group not in (Group.ATTENDANCE, Group.LUNCH):
        return
    key = telling_key(turn.key, watcher.user_id)
    counts_as = told_by_load(turn.key, turn.now, told.values[key], settings)
    if counts_as and counts_as != told.values[key]:
        told.take(turn, key, settings)
    else:
        told.values[key] = counts_as


def _low(settings: Effective) -> Decimal:
    return lunch.low_at(settings.kinds[Kind.LUNCH_LOW])
