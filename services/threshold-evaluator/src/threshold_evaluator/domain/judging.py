"""One change and one user: facts, gates and settings, before any timing (product.md section 4)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum

from bellwire_schemas.names import AttendanceStatus, Group, Kind
from msgspec import Struct

from threshold_evaluator.domain import assignments, attendance, grades, lunch
from threshold_evaluator.domain.decision import FactVerdict, Reason
from threshold_evaluator.domain.effective import Delivery, Effective, KindSettings
from threshold_evaluator.domain.facts import Fact
from threshold_evaluator.domain.gates import ALL_OPEN, allowed_at, open_gates
from threshold_evaluator.domain.preferences import resolve
from threshold_evaluator.domain.roster import District, School, Student, Watcher
from threshold_evaluator.domain.things import Content, ThingKey
from threshold_evaluator.domain.threshold import Passing, weigh

LATE_HOURS = 48
ATTENDANCE_DAYS = 7


class Route(Enum):
    """Which way a judged change goes for a user."""

    SUPPRESSED = "suppressed"
    INBOX = "inbox"
    TIMED = "timed"


class Turn(Struct, frozen=True, gc=False):
    """One applied change in its place: what stood, what stands, and where. `arrived_at` is when we first read
    it, `enrolled` whether its calendar is active today, `today` the date in the district's zone.
    """

    key: ThingKey
    school_id: str
    calendar_id: str
    before: Content
    now: Content
    modified_at: datetime
    arrived_at: datetime
    today: date
    district: District
    school: School
    student: Student


class Told(Struct, frozen=True, gc=False):
    """What one user was last told of a thing (as stored; empty: never), and statuses told of its date."""

    value: str = ""
    statuses: frozenset[AttendanceStatus] = frozenset()


NEVER_TOLD = Told()


class Judgement(Struct, frozen=True, gc=False):
    """What one user is to be told of one change, before timing. `before` is what stood for this user, `delivery`
    the soonest and `grace` the longest of the kinds that passed.
    """

    watcher: Watcher
    before: Content
    kinds: tuple[Kind, ...]
    route: Route
    reason: Reason
    open_gates: int
    verdicts: tuple[FactVerdict, ...]
    settings: Effective
    delivery: Delivery
    grace: timedelta
    mandatory: bool


def facts_for(
    key: ThingKey, before: Content, now: Content, told: str, settings: Effective
) -> tuple[Fact, ...]:
    """Find what a change is news of for one user, who was last told `told` of the thing."""
    match key.group:
        case Group.ASSIGNMENTS:
            return assignments.facts(before, now)
        case Group.GRADES:
            return grades.facts(before, now)
        case Group.ATTENDANCE:
            return attendance.facts(before, now, attendance.read_told(told))
        case Group.LUNCH:
            rule = settings.kinds[Kind.LUNCH_LOW]
            return lunch.facts(now, lunch.read_told(told), lunch.low_at(rule))


def told_after(key: ThingKey, now: Content, settings: Effective) -> str:
    """Return what a user has been told once told of this content; empty for things that keep no telling."""
    match key.group:
        case Group.ATTENDANCE:
            return attendance.told_text(now.mark)
        case Group.LUNCH:
            return lunch.told_text(now.balance, lunch.low_at(settings.kinds[Kind.LUNCH_LOW]), key.student_id)
        case Group.ASSIGNMENTS | Group.GRADES:
            return ""


def told_by_load(key: ThingKey, now: Content, told: str, settings: Effective) -> str:
    """Return what a user who was told `told` counts as told of once a backfill has set this content.

    A balance that is not low clears. What a mark says already is no telling: never told is present, and a day of
    loaded marks of present must not keep the news that another is present after all from the phone.
    """
    match key.group:
        case Group.ATTENDANCE:
            return told if now.mark == attendance.read_told(told) else told_after(key, now, settings)
        case Group.LUNCH:
            low_at = lunch.low_at(settings.kinds[Kind.LUNCH_LOW])
            return told_after(key, now, settings) if now.balance < low_at else ""
        case Group.ASSIGNMENTS | Group.GRADES:
            return told


def judge(
    turn: Turn, watcher: Watcher, settings: Effective, facts: tuple[Fact, ...], told: Told, enrolled: bool
) -> Judgement:
    """Judge one user. `facts` are those of `facts_for`, not empty."""
    district, school = turn.district, turn.school
    permitted = allowed_at(district, school)
    any_kind_allowed = False
    passed: list[Kind] = []
    met: list[FactVerdict] = []
    for fact in facts:
        kind = fact.kind
        if kind in permitted:
            any_kind_allowed = True
            reason = _verdict(fact, settings.kinds[kind])
        else:
            reason = Reason.KIND_NOT_ALLOWED
        if reason is Reason.TOLD:
            passed.append(kind)
        met.append(FactVerdict(kind, reason))
    bits = open_gates(
        district,
        school,
        turn.student,
        watcher,
        group=turn.key.group,
        enrolled=enrolled,
        any_kind_allowed=any_kind_allowed,
    )
    verdicts, kinds = tuple(met), tuple(passed)
    if not kinds:
        reason = met[0].reason if bits == ALL_OPEN else Reason.GATE_CLOSED
        return Judgement(
            watcher,
            turn.before,
            kinds,
            Route.SUPPRESSED,
            reason,
            bits,
            verdicts,
            settings,
            Delivery.IMMEDIATE,
            _NO_GRACE,
            False,
        )
    route, reason = _route(turn, bits, told)
    rules = [settings.kinds[kind] for kind in kinds]
    delivery = min([rule.delivery for rule in rules], key=_SOONNESS.__getitem__)
    if route is Route.TIMED and delivery is Delivery.INBOX:
        route, reason = Route.INBOX, Reason.DELIVERY_INBOX
    return Judgement(
        watcher,
        turn.before,
        kinds,
        route,
        reason,
        bits,
        verdicts,
        settings,
        Delivery.INBOX if route is Route.INBOX else delivery,
        timedelta(minutes=max([rule.grace_minutes for rule in rules])),
        any(rule.mandatory for rule in rules),
    )


_NO_GRACE = timedelta(0)
_SOONNESS: Mapping[Delivery, int] = {delivery: rank for rank, delivery in enumerate(Delivery)}

_REASONS: Mapping[Passing, Reason] = {
    Passing.PASSES: Reason.TOLD,
    Passing.NOT_BELOW: Reason.NOT_BELOW_THRESHOLD,
    Passing.NOT_CROSSING: Reason.NOT_CROSSING,
}


def _verdict(fact: Fact, rule: KindSettings) -> Reason:
    if not rule.enabled:
        return Reason.DISABLED
    return _REASONS[weigh(fact, rule)]


def _route(turn: Turn, bits: int, told: Told) -> tuple[Route, Reason]:
    """Return the way of a change of which something passed for the user."""
    if bits != ALL_OPEN:
        return Route.SUPPRESSED, Reason.GATE_CLOSED
    late = late_reason(turn)
    if late is not Reason.TOLD:
        return Route.INBOX, late
    if (
        turn.key.group is Group.ATTENDANCE
        and turn.now.mark.status in told.statuses
        and told_per(turn.district, turn.school) == "day"
    ):
        return Route.INBOX, Reason.SAME_DAY
    return Route.TIMED, Reason.TOLD


def late_reason(turn: Turn) -> Reason:
    """Return why a change is too old to push (`late_hours`, `attendance_days` of section 3), or `TOLD`."""
    hours = _own(turn.school.settings.late_hours, turn.district.settings.late_hours, LATE_HOURS)
    if turn.arrived_at - turn.modified_at > timedelta(hours=hours):
        return Reason.ARRIVED_LATE
    days = _own(turn.school.settings.attendance_days, turn.district.settings.attendance_days, ATTENDANCE_DAYS)
    if turn.key.group is Group.ATTENDANCE and turn.now.on < turn.today - timedelta(days=days):
        return Reason.OLD_ATTENDANCE
    return Reason.TOLD


def _own(of_school: int, of_district: int, default: int) -> int:
    """Take the school's number, else the district's, else the product's; -1 is not set."""
    return next(number for number in (of_school, of_district, default) if number >= 0)


def told_per(district: District, school: School) -> str:
    """Return whether attendance is told `day` by day (the default) or `period` by period: the school's say first."""
    per = school.settings.per if school.settings.per != "unset" else district.settings.per
    return "day" if per == "unset" else per


def settings_of(turn: Turn, watcher: Watcher) -> Effective:
    """Return what holds for a watcher at the school of the change."""
    return resolve(turn.district, turn.school, watcher)
