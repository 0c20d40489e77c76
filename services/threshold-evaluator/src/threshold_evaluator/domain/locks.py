"""Locks: JSON pointers into defaults; who may still speak about a key (product.md section 4)."""

from collections.abc import Iterable
from enum import IntEnum

from bellwire_schemas.names import Group, Kind


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


def locked_by(key_pointers: frozenset[str], district: Iterable[str], school: Iterable[str]) -> Voice:
    """Return who may speak, given the locks of district and school."""
    if not key_pointers.isdisjoint(district):
        return Voice.DISTRICT
    return Voice.USER if key_pointers.isdisjoint(school) else Voice.SCHOOL
