"""Effective settings: precedence per key with the layer each value came from (product.md section 4).

What district and school say is weighed once per (district, school, role); a user's documents are laid
over it, farthest layer first, so that a user costs only what the user set.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import time
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from bellwire_schemas.names import Group, Kind, PortalRole, Privacy, Weekday

from threshold_evaluator.domain.effective import (
    KINDS_OF,
    Compare,
    Delivery,
    DigestTime,
    Effective,
    KindSettings,
    Layer,
    QuietHours,
    Unbounded,
)
from threshold_evaluator.domain.places import Place, weighed_place
from threshold_evaluator.domain.roster import District, School, Watcher
from threshold_evaluator.domain.settings import EMPTY, JSON, UserDocuments

_USERS_KEPT = 50_000
_PLACES_KEPT = 10_000
_PRIVACY_RANK = {Privacy.PRIVATE: 0, Privacy.STANDARD: 1, Privacy.FULL: 2}

Owner: TypeAlias = Group | Kind


def resolve(district: District, school: School, watcher: Watcher) -> Effective:
    """Return what holds for this watcher about a student at this school.

    Cached per district, school and documents by identity, role and what the SIS stated.
    """
    return _resolve(district, school, watcher.role, watcher.documents, watcher.locale, watcher.timezone)


@dataclass(frozen=True, eq=False)
class _Base:
    """What holds at a school of a district for everybody of a role who set nothing."""

    place: Place
    groups: Mapping[Group, KindSettings]
    kinds: Mapping[Kind, KindSettings]


@lru_cache(maxsize=_PLACES_KEPT)
def _at_place(district: District, school: School, role: PortalRole) -> _Base:
    place = weighed_place(district, school, role)
    return _Base(
        place,
        {group: _rule(place.rules[f"/groups/{group.value}"]) for group in Group},
        {
            kind: replace(_rule(place.rules[f"/kinds/{kind.value}"]), mandatory=kind in place.mandatory)
            for kind in Kind
        },
    )


@lru_cache(maxsize=_USERS_KEPT)
def _resolve(
    district: District, school: School, role: PortalRole, user: UserDocuments, locale: str, zone: str
) -> Effective:
    base = _at_place(district, school, role)
    place = base.place
    layers: dict[str, Layer] = {}
    changed: dict[Owner, dict[str, Any]] = {}
    _lay_over(user.own, Layer.USER_GROUP, Layer.USER_KIND, place.locked, changed, layers)
    _lay_over(
        user.of_student, Layer.USER_STUDENT_GROUP, Layer.USER_STUDENT_KIND, place.locked, changed, layers
    )
    common = dict(place.common)
    _lay_common(user.own, {"/locale": locale, "/timezone": zone}, place.locked, common, layers)
    privacy = Privacy(common["/privacy"])
    if _PRIVACY_RANK[privacy] > _PRIVACY_RANK[place.privacy_cap]:
        privacy, layers["/privacy"] = place.privacy_cap, Layer.CAP
    return Effective(
        groups={group: _laid(rule, changed.get(group)) for group, rule in base.groups.items()},
        kinds={kind: _laid(rule, changed.get(kind)) for kind, rule in base.kinds.items()},
        quiet_hours=_quiet(common["/quiet_hours"]),
        digest=DigestTime(time.fromisoformat(common["/digest/at"]), Weekday(common["/digest/weekday"])),
        coalesce_minutes=common["/coalesce_minutes"],
        daily_cap=common["/daily_cap"],
        privacy=privacy,
        privacy_cap=place.privacy_cap,
        locale=common["/locale"],
        timezone=ZoneInfo(common["/timezone"]),
        layers=ChainMap(layers, place.layers),  # type: ignore[arg-type]  # the base is only read
        locked=place.locked,
    )


def _lay_over(
    document: JSON,
    of_group: Layer,
    of_kind: Layer,
    locked: frozenset[str],
    changed: dict[Owner, dict[str, Any]],
    layers: dict[str, Layer],
) -> None:
    for name, rules in document.get("groups", EMPTY).items():
        group = Group(name)
        for owner, pointer in _POINTERS[group]:
            _lay(owner, pointer, rules, of_group, locked, changed, layers)
    for name, rules in document.get("kinds", EMPTY).items():
        _lay(Kind(name), f"/kinds/{name}", rules, of_kind, locked, changed, layers)


def _lay(
    owner: Owner,
    at: str,
    rules: JSON,
    layer: Layer,
    locked: frozenset[str],
    changed: dict[Owner, dict[str, Any]],
    layers: dict[str, Layer],
) -> None:
    for key, value in rules.items():
        pointer = f"{at}/{key}"
        if pointer not in locked:
            changed.setdefault(owner, {})[key] = value
            layers[pointer] = layer


def _lay_common(
    own: JSON,
    stated: Mapping[str, str],
    locked: frozenset[str],
    common: dict[str, Any],
    layers: dict[str, Layer],
) -> None:
    for pointer, value in stated.items():
        if value and pointer not in locked:
            common[pointer], layers[pointer] = value, Layer.PORTAL_ACCESS
    flat = {f"/{key}": value for key, value in own.items() if key not in ("groups", "kinds", "digest")}
    flat.update({f"/digest/{key}": value for key, value in own.get("digest", EMPTY).items()})
    for pointer, value in flat.items():
        if pointer not in locked:
            common[pointer], layers[pointer] = value, Layer.USER


def bound(value: Any) -> Decimal | Unbounded:
    """Read a `threshold` or `above` of a settings document, however it is written: 70, 70.0, "70"."""
    if value in ("always", "off"):
        return Unbounded(value)
    # A JSON number of two decimals is exact again once its shortest text is read as decimal.
    return Decimal(str(value))


_READ: Mapping[str, Callable[[Any], Any]] = {
    "enabled": bool,
    "threshold": bound,
    "above": bound,
    "compare": Compare,
    "delivery": Delivery,
    "grace_minutes": int,
    "remind_days": lambda value: 0 if value == "off" else value,
}


def _laid(rule: KindSettings, changed: Mapping[str, Any] | None) -> KindSettings:
    return replace(rule, **{key: _READ[key](value) for key, value in changed.items()}) if changed else rule


def _rule(values: JSON) -> KindSettings:
    return KindSettings(**{key: read(values[key]) for key, read in _READ.items()})


def _quiet(value: Any) -> QuietHours:
    if value == "off":
        return QuietHours()
    return QuietHours(time.fromisoformat(value["from"]), time.fromisoformat(value["to"]))


_POINTERS: Mapping[Group, tuple[tuple[Owner, str], ...]] = {
    group: (
        (group, f"/groups/{group.value}"),
        *((kind, f"/kinds/{kind.value}") for kind in KINDS_OF[group]),
    )
    for group in Group
}
