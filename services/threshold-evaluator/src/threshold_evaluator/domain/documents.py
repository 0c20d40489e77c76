"""Settings documents as JSON: merge patch, checks that name the field, lenient reading of what is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from threshold_evaluator.domain.settings import (
    JSON,
    DistrictDocument,
    PlaceSettings,
    SchoolDocument,
    StudentDocument,
    UserDocument,
    UserDocuments,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a document: where (JSON pointer), and what would be right."""

    pointer: str
    problem: str


def merge_patch(target: JSON, patch: JSON) -> dict[str, Any]:
    """Apply a JSON merge patch (RFC 7396) and return a new document: null removes a key, and does nothing else.

    An object that nulls leave empty goes too, so that "nothing set" has one form. An empty object of the patch
    stands where no object stood: whoever checks the document finds it where a value belongs.
    """
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            before = merged.get(key)
            inner = merge_patch(before if isinstance(before, Mapping) else {}, value)
            if inner or not value:
                merged[key] = inner
            elif isinstance(before, Mapping):
                merged.pop(key)
        else:
            merged[key] = value
    return merged


def without_empty(document: JSON) -> dict[str, Any]:
    """Return the document without objects that set nothing."""
    inner = {
        key: without_empty(value) if isinstance(value, Mapping) else value for key, value in document.items()
    }
    return {key: value for key, value in inner.items() if value != {}}


def _pointer(location: tuple[int | str, ...], document: Any) -> str:
    """Follow a validation error's location as far as it lies in the document: union branches do not."""
    path, here = "", document
    for part in location:
        within_list = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if within_list or (isinstance(here, Mapping) and part in here):
            here = here[part]
            path += "/" + str(part).replace("~", "~0").replace("/", "~1")
    return path


def _keys_beside(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """List the keys that can stand where a validation error's location ends."""
    for part in location[:-1]:
        kinds = [field for name, field in model.model_fields.items() if part == (field.alias or name)]
        parts = [each for field in kinds for each in (field.annotation, *get_args(field.annotation))]
        model = next(
            (each for each in parts if isinstance(each, type) and issubclass(each, BaseModel)), model
        )
    return ", ".join(field.alias or name for name, field in model.model_fields.items())


def _in_words(entry: Any, model: type[BaseModel]) -> str:
    match entry["type"]:
        case "extra_forbidden":
            return f"this is no setting; here can be: {_keys_beside(model, entry['loc'])}"
        case "missing":
            return f"{entry['loc'][-1]} is missing"
        case _:
            message: str = entry["msg"]
            return message.removeprefix("Value error, ")


def _faults(error: ValidationError, document: JSON, model: type[BaseModel]) -> tuple[Fault, ...]:
    by_pointer: dict[str, list[str]] = {}
    for entry in error.errors(include_url=False, include_context=False, include_input=False):
        by_pointer.setdefault(_pointer(entry["loc"], document), []).append(_in_words(entry, model))
    # Of a value that could be one thing or another, what is wrong deeper in it says which was meant.
    above = {each[:end] for each in by_pointer for end, letter in enumerate(each) if letter == "/"}
    return tuple(
        Fault(pointer, "; or ".join(problems))
        for pointer, problems in by_pointer.items()
        if pointer not in above
    )


def faults_of_user(document: JSON) -> tuple[Fault, ...]:
    """Return what is wrong with a user's document, or a district's defaults; empty when it is right."""
    return _check(UserDocument, document)


def faults_of_student(document: JSON) -> tuple[Fault, ...]:
    """Return what is wrong with a document that has only `groups` and `kinds`."""
    return _check(StudentDocument, document)


def faults_of_district(document: JSON) -> tuple[Fault, ...]:
    """Return what is wrong with a district's settings."""
    return _check(DistrictDocument, document)


def faults_of_school(document: JSON) -> tuple[Fault, ...]:
    """Return what is wrong with a school's settings."""
    return _check(SchoolDocument, document)


def _check(model: type[BaseModel], document: JSON) -> tuple[Fault, ...]:
    try:
        model.model_validate(document)
    except ValidationError as error:
        return _faults(error, document, model)
    return ()


def read_district(document: JSON) -> PlaceSettings:
    """Read a stored or published district document; what does not validate, or is null, counts as not set."""
    return PlaceSettings(*_readable(DistrictDocument, document))


def read_school(document: JSON) -> PlaceSettings:
    """Read a stored or published school document; what does not validate, or is null, counts as not set."""
    return PlaceSettings(*_readable(SchoolDocument, document))


def counting(document: JSON, *, of_school: bool) -> tuple[JSON, tuple[str, ...]]:
    """Return what counts of a place's stored or published document, and the pointers of what does not."""
    read, ignored = _readable(SchoolDocument if of_school else DistrictDocument, document)
    return without_empty(read), ignored


def read_user(own: JSON, of_student: JSON) -> UserDocuments:
    """Read a user's stored documents; keys that do not validate count as not set."""
    return UserDocuments(_readable(UserDocument, own)[0], _readable(StudentDocument, of_student)[0])


def _readable(model: type[BaseModel], document: JSON) -> tuple[JSON, tuple[str, ...]]:
    ignored: list[str] = []
    document = merge_patch({}, document)
    while True:
        faults = _check(model, document)
        if not faults:
            return document, tuple(ignored)
        pointers = [fault.pointer for fault in faults]
        ignored += pointers
        if "" in pointers:
            return {}, tuple(ignored)
        document = _without(document, [_keys(pointer) for pointer in pointers])


def _keys(pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _without(document: JSON, paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Return the document without what lies at the paths, in one walk: an SIS may have sent any number."""
    below: dict[str, list[tuple[str, ...]]] = {}
    for head, *rest in paths:
        below.setdefault(head, []).append(tuple(rest))
    kept: dict[str, Any] = {}
    for key, value in document.items():
        wrong = below.get(key, [])
        if not wrong:
            kept[key] = value
        elif () in wrong:
            continue
        elif isinstance(value, Mapping):
            kept[key] = _without(value, wrong)
        elif isinstance(value, list):
            # The others still hold: a kind that is not known here must not set free all that a list leaves out.
            places = {int(path[0]) for path in wrong}
            kept[key] = [member for place, member in enumerate(value) if place not in places]
    return kept
