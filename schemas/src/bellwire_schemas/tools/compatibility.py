"""Whether a schema may replace a published one of the same version: old producers and readers go on."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
_LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
_EXACT = ("type", "format", "pattern", "const")


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """Return one sentence for each change that an old producer or reader would meet; empty is compatible.

    Allowed: a new optional property, a wider bound, words (title, description, examples).
    """
    return list(_compare(old, new, old, new, "", 0))


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref", "")
    if reference.startswith("#/$defs/"):
        target: Schema = root["$defs"][reference.removeprefix("#/$defs/")]
        return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _compare(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str, depth: int
) -> Iterator[str]:
    if depth > 20:
        return
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    here = at or "/"
    yield from _bounds(old, new, here)
    yield from _enumeration(old, new, here)
    yield from _properties(old, new, here)
    for name in old.get("properties", {}).keys() & new.get("properties", {}).keys():
        pair = old["properties"][name], new["properties"][name]
        yield from _compare(*pair, old_root, new_root, f"{at}/{name}", depth + 1)
    for word in ("items", "additionalProperties"):
        if isinstance(old.get(word), dict) and isinstance(new.get(word), dict):
            yield from _compare(old[word], new[word], old_root, new_root, f"{at}/*", depth + 1)
    choices = old.get("anyOf", []), new.get("anyOf", [])
    if len(choices[0]) != len(choices[1]):
        yield f"{here}: the alternatives are not the same"
    else:
        for before, after in zip(*choices, strict=True):
            yield from _compare(before, after, old_root, new_root, at, depth + 1)


def _bounds(old: Schema, new: Schema, here: str) -> Iterator[str]:
    for word in _EXACT:
        if old.get(word) != new.get(word):
            yield f"{here}: {word} was {old.get(word)!r} and is {new.get(word)!r}"
    for word in _UPPER:
        if word in new and (word not in old or new[word] < old[word]):
            yield f"{here}: {word} is tighter than it was"
    for word in _LOWER:
        if word in new and (word not in old or new[word] > old[word]):
            yield f"{here}: {word} is tighter than it was"


def _enumeration(old: Schema, new: Schema, here: str) -> Iterator[str]:
    if set(old.get("enum", [])) != set(new.get("enum", [])):
        yield f"{here}: the values allowed are not the same"


def _properties(old: Schema, new: Schema, here: str) -> Iterator[str]:
    gone = old.get("properties", {}).keys() - new.get("properties", {}).keys()
    for name in sorted(gone):
        yield f"{here}: property {name} is gone"
    if added := sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{here}: now required: {', '.join(added)}"
    if dropped := sorted(set(old.get("required", [])) - set(new.get("required", [])) - gone):
        yield f"{here}: no longer required: {', '.join(dropped)}"
