"""Facts: what a change is news of. Detection finds them; settings decide which of them a user is told."""

from bellwire_schemas.names import AttendanceStatus, Kind
from msgspec import Struct

from threshold_evaluator.domain.things import NO_SCORE, Score, ValueForm

TELLING_ORDER: tuple[Kind, ...] = (
    Kind.ASSIGNMENT_CHEATED,
    Kind.ASSIGNMENT_MISSING,
    Kind.ASSIGNMENT_INCOMPLETE,
    Kind.ASSIGNMENT_LATE,
    Kind.ASSIGNMENT_EXEMPT,
    Kind.ASSIGNMENT_SCORED,
    Kind.GRADE_POSTED,
    Kind.GRADE_MODIFIED,
    Kind.ATTENDANCE_MARKED,
    Kind.ATTENDANCE_MODIFIED,
    Kind.LUNCH_LOW,
)
"""Several facts of one change are told together, in this order (product.md section 3)."""

FLAG_KINDS: dict[str, Kind] = {
    "cheated": Kind.ASSIGNMENT_CHEATED,
    "missing": Kind.ASSIGNMENT_MISSING,
    "incomplete": Kind.ASSIGNMENT_INCOMPLETE,
    "late": Kind.ASSIGNMENT_LATE,
    "exempt": Kind.ASSIGNMENT_EXEMPT,
}

_RANK = {kind: rank for rank, kind in enumerate(TELLING_ORDER)}


class Fact(Struct, frozen=True, gc=False):
    """One fact. `value` and `previous` are scores of kinds that have one; without a percent both pass."""

    kind: Kind
    value: Score = NO_SCORE
    previous: Score = NO_SCORE

    @property
    def scored(self) -> bool:
        """Whether a threshold can be compared with its value."""
        return self.value.form is ValueForm.PERCENT


def in_order(kinds: set[Kind] | frozenset[Kind]) -> tuple[Kind, ...]:
    """Return kinds in the order in which they are named."""
    return tuple(sorted(kinds, key=_RANK.__getitem__))


MARKABLE = frozenset({AttendanceStatus.ABSENT, AttendanceStatus.TARDY})
"""The statuses that are news where nothing, present or early_release stood."""
