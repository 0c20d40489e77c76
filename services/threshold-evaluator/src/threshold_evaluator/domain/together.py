"""What goes as one: alerts of a user at the end of the same hold (product.md section 4)."""

from typing import Final, TypeAlias

from bellwire_schemas.names import Group

from threshold_evaluator.domain.due import DueAlert, Hold

_SHARED: Final = frozenset({Hold.QUIET, Hold.BELL, Hold.PAUSE, Hold.SURGE})
ALONE: Final = "alone"

Together: TypeAlias = tuple[str, ...]
"""A user, the hold that ends, and of a coalescing window its student and group."""


def place_of(due: DueAlert) -> tuple[str, Group]:
    """Return of whom and what an alert is: each has a coalescing window."""
    return (due.key.student_id, due.group)


def together_with(due: DueAlert, *, digest: bool) -> Together:
    """Return with what an alert that is due goes; `ALONE`, under its own id, when no such hold kept it."""
    if due.hold in _SHARED:
        return (due.user_id, "together")
    if digest:
        return (due.user_id, "digest")
    if due.hold is Hold.COALESCE:
        return (due.user_id, "coalesced", due.key.student_id, due.group.value)
    return (due.user_id, ALONE, due.alert_id.hex)
