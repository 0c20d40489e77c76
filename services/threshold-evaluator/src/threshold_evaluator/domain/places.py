"""What district, school and product say of every key, weighed once for all users of a role (section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bellwire_schemas.names import Group, Kind, PortalRole, Privacy

from threshold_evaluator.domain.documents import merge_patch
from threshold_evaluator.domain.effective import GROUP_OF, KEYS, Layer
from threshold_evaluator.domain.locks import Voice, locked_by, pointers_of
from threshold_evaluator.domain.roster import District, School
from threshold_evaluator.domain.settings import EMPTY, JSON

_RULE_DEFAULTS: JSON = {
    "enabled": True,
    "threshold": "always",
    "above": "off",
    "compare": "below",
    "delivery": "immediate",
    "grace_minutes": 0,
    "remind_days": "off",
}
_LUNCH_THRESHOLD = "10.00"
_COMMON: JSON = {
    "/quiet_hours": {"from": "22:00", "to": "06:00"},
    "/digest/at": "18:00",
    "/digest/weekday": "sunday",
    "/coalesce_minutes": 10,
    "/daily_cap": 30,
    "/privacy": "standard",
    "/locale": "en",
}
_PRIVACY_RANK = {Privacy.PRIVATE: 0, Privacy.STANDARD: 1, Privacy.FULL: 2}


@dataclass(frozen=True, eq=False)
class Place:
    """`rules` maps `/groups/...` and `/kinds/...` to their keys, `common` the pointers of the other keys.

    `locked` has the pointers that a user cannot set, mandatory ones included; `layers` where each came from.
    """

    rules: Mapping[str, Mapping[str, Any]]
    common: Mapping[str, Any]
    layers: Mapping[str, Layer]
    locked: frozenset[str]
    mandatory: frozenset[Kind]
    privacy_cap: Privacy


def weighed_place(district: District, school: School, role: PortalRole) -> Place:
    """Weigh school kind, school group, district kind, district group, product, per key."""
    layers: dict[str, Layer] = {}
    locked: set[str] = set()
    documents = (
        (Voice.SCHOOL, Layer.SCHOOL_KIND, Layer.SCHOOL_GROUP, _defaults(school, role)),
        (Voice.DISTRICT, Layer.DISTRICT_KIND, Layer.DISTRICT_GROUP, _defaults(district, role)),
    )
    mandatory = district.settings.mandatory_kinds | school.settings.mandatory_kinds
    rules: dict[str, dict[str, Any]] = {}
    for owner in (*Group, *Kind):
        kind = owner if isinstance(owner, Kind) else None
        group = GROUP_OF[owner] if isinstance(owner, Kind) else owner
        at = f"/kinds/{owner.value}" if kind else f"/groups/{group.value}"
        found = dict(_RULE_DEFAULTS)
        for key in KEYS[group]:
            pointer = f"{at}/{key}"
            voice = locked_by(pointers_of(key, group, kind), district.settings.locks, school.settings.locks)
            if voice is not Voice.USER:
                locked.add(pointer)
            found[key], layers[pointer] = _weigh(key, group, kind, voice, documents, role)
        if kind in mandatory:
            for key, value in _mandated(group).items():
                found[key], layers[f"{at}/{key}"] = value, Layer.MANDATORY
                locked.add(f"{at}/{key}")
        rules[at] = found
    common = _common(district, role, layers, locked)
    caps = (district.settings.privacy_cap, school.settings.privacy_cap)
    cap = min(caps, key=lambda level: _PRIVACY_RANK[level])
    return Place(rules, common, layers, frozenset(locked), mandatory, cap)


def _defaults(place: District | School, role: PortalRole) -> JSON:
    everyone, students = place.settings.defaults, place.settings.student_defaults
    return merge_patch(everyone, students) if role is PortalRole.STUDENT and students else everyone


def _weigh(
    key: str,
    group: Group,
    kind: Kind | None,
    voice: Voice,
    documents: tuple[tuple[Voice, Layer, Layer, JSON], ...],
    role: PortalRole,
) -> tuple[Any, Layer]:
    for speaker, of_kind, of_group, document in documents:
        if speaker < voice:
            continue
        if kind is not None and key in (said := document.get("kinds", EMPTY).get(kind.value, EMPTY)):
            return said[key], of_kind
        if key in (said := document.get("groups", EMPTY).get(group.value, EMPTY)):
            return said[key], of_group
    if group is Group.LUNCH and key == "threshold":
        return _LUNCH_THRESHOLD, Layer.PRODUCT
    if group is Group.LUNCH and key == "enabled":
        return role is not PortalRole.STUDENT, Layer.PRODUCT
    return _RULE_DEFAULTS[key], Layer.PRODUCT


def _mandated(group: Group) -> JSON:
    """A mandatory kind is enabled, always, immediate; a low balance keeps its threshold."""
    scored: JSON = {"threshold": "always"} if group in (Group.ASSIGNMENTS, Group.GRADES) else EMPTY
    return {"enabled": True, "delivery": "immediate", **scored}


def _common(district: District, role: PortalRole, layers: dict[str, Layer], locked: set[str]) -> JSON:
    given = _defaults(district, role)
    flat = {f"/{key}": value for key, value in given.items() if key not in ("groups", "kinds", "digest")}
    flat.update({f"/digest/{key}": value for key, value in given.get("digest", EMPTY).items()})
    zone = {"/timezone": district.timezone.key}
    layers.update(dict.fromkeys(_COMMON, Layer.PRODUCT), **{"/timezone": Layer.DISTRICT})
    layers.update(dict.fromkeys(flat, Layer.DISTRICT))
    locks = set(district.settings.locks)
    locked.update(
        pointer for pointer in (*_COMMON, *zone) if pointer in locks or f"/{pointer.split('/')[1]}" in locks
    )
    return {**_COMMON, **zone, **flat}
