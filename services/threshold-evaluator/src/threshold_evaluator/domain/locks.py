"""Locks: JSON pointers into defaults; who may still speak about a key (product.md section 4)."""

from collections.abc import Iterable, Sequence
from enum import IntEnum

from bellwire_schemas.names import Group, Kind

from threshold_evaluator.domain.documents import Fault
from threshold_evaluator.domain.effective import GROUP_OF, KEYS


class Voice(IntEnum):
    """The closest layer that a key is taken from. A lock of the district holds over one of the school."""

    USER = 0
    SCHOOL = 1
    DISTRICT = 2


def pointers_of(key: str, group: Group, kind: Kind | None) -> frozenset[str]:
    """Return every pointer whose lock holds this key: the key, what contains it, and its group's.

    A lock on a group's key binds the group's kinds too: an override by kind would make it mean nothing.
    """
    found = {f"/groups/{group.value}/{key}", f"/groups/{group.value}", "/groups"}
    if kind is not None:
        found |= {f"/kinds/{kind.value}/{key}", f"/kinds/{kind.value}", "/kinds"}
    return frozenset(found)


def faults_of_locks(locks: Sequence[str], of_school: bool) -> tuple[Fault, ...]:
    """Return which of a place's locks name nothing that it could lock, with what they can name.

    Only what is set here is checked: of what the SIS sent, such a lock locks nothing and the others hold.
    """
    return tuple(
        Fault(f"/locks/{place}", f"{lock} names no setting; {_CAN_BE[of_school]}")
        for place, lock in enumerate(locks)
        if lock not in (_OF_RULES if of_school else _OF_RULES | _COMMON)
    )


_OF_RULES = frozenset(
    {"/groups", "/kinds"}
    | {f"/groups/{group.value}" for group in Group}
    | {f"/groups/{group.value}/{key}" for group, keys in KEYS.items() for key in keys}
    | {f"/kinds/{kind.value}" for kind in Kind}
    | {f"/kinds/{kind.value}/{key}" for kind in Kind for key in KEYS[GROUP_OF[kind]]}
)
_COMMON = frozenset(
    f"/{name}"
    for name in (
        "quiet_hours",
        "digest",
        "digest/at",
        "digest/weekday",
        "coalesce_minutes",
        "daily_cap",
        "privacy",
        "locale",
        "timezone",
    )
)
_CAN_BE = {
    True: "a school locks /groups, /kinds, one of them (/groups/grades) or its key (/groups/grades/threshold)",
    False: f"a lock is /groups, /kinds, one of them (/groups/grades), its key (/groups/grades/threshold), or one of "
    f"{', '.join(sorted(_COMMON))}",
}


def locked_by(key_pointers: frozenset[str], district: Iterable[str], school: Iterable[str]) -> Voice:
    """Return who may speak, given the locks of district and school."""
    if not key_pointers.isdisjoint(district):
        return Voice.DISTRICT
    return Voice.USER if key_pointers.isdisjoint(school) else Voice.SCHOOL
