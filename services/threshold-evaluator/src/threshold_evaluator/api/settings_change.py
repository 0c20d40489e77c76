"""What a merge patch makes of a user's own document, or why it is refused (product.md section 4)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bellwire_kit.web.problems import Problem, json_pointer
from bellwire_schemas.names import Kind

from threshold_evaluator.domain.documents import (
    Fault,
    faults_of_student,
    faults_of_user,
    merge_patch,
    without_empty,
)
from threshold_evaluator.domain.effective import Effective, Layer
from threshold_evaluator.domain.preferences import bound
from threshold_evaluator.domain.settings import JSON

_DEPTH = 8
"""No settings document is deeper."""

_MOST_LISTED = 100
"""Faults in one answer: nobody reads more, and a body of odd keys is not answered by ten times as much."""


def refuse(faults: tuple[Fault, ...], title: str = "The settings are not valid") -> None:
    """Raise `Problem` 400 that lists the first faults and points at the first; do nothing when there are none."""
    if not faults:
        return
    found = [{"pointer": fault.pointer, "detail": fault.problem} for fault in faults[:_MOST_LISTED]]
    raise Problem(400, "invalid-settings", title, faults[0].problem, pointer=faults[0].pointer, errors=found)


def leaves(document: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield (JSON pointer, value) of every key that is no object. Raises `Problem` 400 when too deep."""
    if len(path) > _DEPTH:
        refuse((Fault(json_pointer(path), f"a settings document has at most {_DEPTH} levels"),))
    for key, value in document.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*path, key))
        else:
            yield json_pointer((*path, key)), value


def refuse_deep(patch: JSON) -> None:
    """Raise `Problem` 400 for a patch that is deeper than any settings document."""
    for _ in leaves(patch):
        pass


def changed_pointers(before: JSON, after: JSON) -> tuple[str, ...]:
    """Return the pointers of the keys that one document has and the other has not, or otherwise."""
    stood, stands = dict(leaves(before)), dict(leaves(after))
    every = {**stood, **stands}
    return tuple(pointer for pointer in every if stood.get(pointer) != stands.get(pointer))


def changed_document(before: JSON, patch: JSON, effective: Effective, of_student: bool) -> JSON:
    """Return the document after the patch.

    `of_student`: the document has only `groups` and `kinds`. Removing a key is always allowed, and so is what
    holds anyway. Raises `Problem` 400 for a value out of its range and 409 for another than the one that is
    locked or that a mandatory kind has, each naming the key by its pointer.
    """
    refuse_deep(patch)
    after = merge_patch(before, patch)
    refuse(faults_of_student(after) if of_student else faults_of_user(after))
    after = without_empty(after)
    stands = dict(leaves(after))
    for pointer in changed_pointers(before, after):
        if pointer in stands:
            _refuse_locked(pointer, stands[pointer], effective)
    return after


def _refuse_locked(pointer: str, value: Any, effective: Effective) -> None:
    lock = next((each for each in effective.locked if _within(pointer, each)), "")
    if not lock:
        return
    holds = effective.values()[lock]
    if _says(pointer.removeprefix(lock), value, lock, holds):
        return
    stays = json.dumps(holds)
    if effective.layers[lock] is Layer.MANDATORY:
        kind = Kind(lock.split("/")[2])
        detail = f"{kind.value} is mandatory in this district; {lock} stays {stays}."
        raise Problem(409, "mandatory-kind", "This kind cannot be turned off", detail, pointer=pointer)
    detail = f"An administrator has locked this at {stays}."
    raise Problem(409, "locked-setting", "This setting is locked", detail, pointer=pointer)


def _says(below: str, value: Any, lock: str, holds: Any) -> bool:
    """Whether a value, at the pointer `below` a locked one, says what holds there anyway, however it is written."""
    if lock.endswith(("/threshold", "/above")):
        return bound(value) == bound(holds)
    if below and isinstance(holds, Mapping):
        return bool(value == holds.get(below[1:]))
    return bool(value == holds)


def _within(pointer: str, lock: str) -> bool:
    return pointer == lock or pointer.startswith(lock + "/")
