"""Whether an unsent alert still says what is so when it is to go (section 3, "Told, not only stored")."""

from bellwire_schemas.names import Group, Kind

from threshold_evaluator.domain import attendance, grades
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.effective import Effective
from threshold_evaluator.domain.facts import FLAG_KINDS, MARKABLE, Fact, in_order
from threshold_evaluator.domain.lunch import low_at
from threshold_evaluator.domain.things import Content, ThingKey, ValueForm
from threshold_evaluator.domain.threshold import Passing, weigh

_FLAG_OF = {kind: flag for flag, kind in FLAG_KINDS.items()}


def kinds_standing(
    key: ThingKey, kinds: tuple[Kind, ...], before: Content, now: Content, settings: Effective
) -> tuple[Kind, ...]:
    """Return those of an alert's facts that still hold for its user, given what stood before and stands now.

    Empty also when the present content is what stood before its first unsent change.
    """
    if now.deleted and key.group is not Group.ATTENDANCE:
        return ()
    if _same(key.group, before, now):
        return ()
    held = {kind for kind in kinds if settings.kinds[kind].enabled and _holds(kind, before, now, settings)}
    if key.group is Group.ATTENDANCE and not held and now.mark != before.mark:
        # A mark that was news as absent or tardy and has become something else is news as modified.
        held = {Kind.ATTENDANCE_MODIFIED} if settings.kinds[Kind.ATTENDANCE_MODIFIED].enabled else set()
    return in_order(held)


def told_instead(due: DueAlert, now: Content) -> str:
    """Return what a user was told once an alert is dropped as resolved, as `told` stores it; empty: what stands.

    A mark whose item is marked corrected is known as it is now. Of a grade that is not posted any more, the user
    knows what was posted before: the same value is news when it is posted again. A balance keeps what its item
    said, or what cleared it.
    """
    match due.group:
        case Group.ATTENDANCE:
            return attendance.told_text(now.mark) if due.in_inbox else ""
        case Group.GRADES:
            return grades.told_text(due.before.posted) if now.unposted else ""
        case Group.ASSIGNMENTS | Group.LUNCH:
            return ""


def _same(group: Group, before: Content, now: Content) -> bool:
    match group:
        case Group.ASSIGNMENTS:
            return (before.score, before.flags) == (now.score, now.flags)
        case Group.GRADES:
            return before.posted == now.posted
        case Group.ATTENDANCE:
            return before.mark == now.mark
        case Group.LUNCH:
            # A balance is told against a threshold: an equal balance that is low is still low.
            return False


def _holds(kind: Kind, before: Content, now: Content, settings: Effective) -> bool:
    match kind:
        case Kind.ASSIGNMENT_SCORED:
            changed = now.score != before.score and now.score.form is not ValueForm.NONE
            return changed and _passes(Fact(kind, now.score, before.score), settings)
        case Kind.GRADE_POSTED | Kind.GRADE_MODIFIED:
            # What is not posted any more is not told: a value that a teacher took back would be.
            changed = now.posted != before.posted and not now.unposted
            return changed and _passes(Fact(kind, now.posted, before.posted), settings)
        case Kind.ATTENDANCE_MARKED:
            return now.mark.status in MARKABLE
        case Kind.ATTENDANCE_MODIFIED:
            return now.mark != before.mark
        case Kind.LUNCH_LOW:
            return now.balance < low_at(settings.kinds[kind])
        case _:
            return _FLAG_OF[kind] in now.flags and _FLAG_OF[kind] not in before.flags


def _passes(fact: Fact, settings: Effective) -> bool:
    return weigh(fact, settings.kinds[fact.kind]) is Passing.PASSES
