"""Effective settings: precedence per key with the layer each value came from (product.md section 4)."""

from collections.abc import Iterator, Mapping
from datetime import time
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from bellwire_schemas.names import Group, Kind, PortalRole, Privacy, Weekday

from threshold_evaluator.domain.documents import merge_patch
from threshold_evaluator.domain.effective import (
    GROUP_OF,
    KEYS,
    Compare,
    Delivery,
    DigestTime,
    Effective,
    KindSettings,
    Layer,
    QuietHours,
    Unbounded,
)
from threshold_evaluator.domain.roster import District, School, Watcher
from threshold_evaluator.domain.settings import EMPTY, JSON, UserDocuments

DEFAULT_LUNCH_THRESHOLD = "10.00"
_CACHED = 10_000
"""Resolutions kept, about 10 kB each; most users set nothing and share one per school and role."""


_RULE_DEFAULTS: Mapping[str, Any] = {
    "enabled": True,
    "threshold": "always",
    "above": "off",
    "compare": "below",
    "delivery": "immediate",
    "grace_minutes": 0,
    "remind_days": "off",
}
_PRIVACY_RANK = {Privacy.PRIVATE: 0, Privacy.STANDARD: 1, Privacy.FULL: 2}


def resolve(district: District, school: School, watcher: Watcher) -> Effective:
    """Return what holds for this watcher about a student at this school.

    Cached per district, school and documents by identity, role and what the SIS stated.
    """
    return _resolve(district, school, watcher.role, watcher.documents, (watcher.locale, watcher.timezone))


@lru_cache(maxsize=_CACHED)
def _resolve(
    district: District, school: School, role: PortalRole, user: UserDocuments, stated: tuple[str, str]
) -> Effective:
    layers: dict[str, Layer] = {}
    locked: set[str] = set()
    weigh = _Weighing(district, school, role, user, layers, locked)
    groups = {group: weigh.rule(group) for group in Group}
    kinds = {kind: weigh.rule(kind) for kind in Kind}
    cap = min(
        district.settings.privacy_cap, school.settings.privacy_cap, key=lambda level: _PRIVACY_RANK[level]
    )
    privacy = Privacy(weigh.common("privacy", "standard"))
    if _PRIVACY_RANK[privacy] > _PRIVACY_RANK[cap]:
        privacy, layers["/privacy"] = cap, Layer.CAP
    locale, zone = stated
    return Effective(
        groups=groups,
        kinds=kinds,
        quiet_hours=_quiet(weigh.common("quiet_hours", {"from": "22:00", "to": "06:00"})),
        digest=DigestTime(
            time.fromisoformat(weigh.digest("at", "18:00")), Weekday(weigh.digest("weekday", "sunday"))
        ),
        coalesce_minutes=weigh.common("coalesce_minutes", 10),
        daily_cap=weigh.common("daily_cap", 30),
        privacy=privacy,
        privacy_cap=cap,
        locale=weigh.stated("locale", locale, "en", Layer.PRODUCT),
        timezone=ZoneInfo(weigh.stated("timezone", zone, district.timezone.key, Layer.DISTRICT)),
        layers=layers,
        locked=frozenset(locked),
    )


def forget_resolved() -> None:
    """Empty the cache: for measurements."""
    _resolve.cache_clear()


class _Weighing:
    """One resolution under way: walks the layers of a key, closest first, and notes where it stopped."""

    def __init__(
        self,
        district: District,
        school: School,
        role: PortalRole,
        user: UserDocuments,
        layers: dict[str, Layer],
        locked: set[str],
    ) -> None:
        self._district, self._school, self._role, self._user = district, school, role, user
        self._district_defaults = _defaults(
            district.settings.defaults, district.settings.student_defaults, role
        )
        self._school_defaults = _defaults(school.settings.defaults, school.settings.student_defaults, role)
        self._layers, self._locked = layers, locked

    def rule(self, owner: Group | Kind) -> KindSettings:
        """Weigh every key of a group, or of a kind and its group."""
        kind = owner if isinstance(owner, Kind) else None
        group = GROUP_OF[owner] if isinstance(owner, Kind) else owner
        at = f"/kinds/{owner.value}" if kind else f"/groups/{group.value}"
        found: dict[str, Any] = dict(_RULE_DEFAULTS)
        for key in KEYS[group]:
            found[key] = self._weigh(f"{at}/{key}", key, group, kind)
        mandatory = kind is not None and kind in (
            self._district.settings.mandatory_kinds | self._school.settings.mandatory_kinds
        )
        if mandatory:
            self._mandate(at, group, found)
        return KindSettings(
            enabled=found["enabled"],
            threshold=_bound(found["threshold"]),
            above=_bound(found["above"]),
            compare=Compare(found["compare"]),
            delivery=Delivery(found["delivery"]),
            grace_minutes=found["grace_minutes"],
            remind_days=0 if found["remind_days"] == "off" else found["remind_days"],
            mandatory=mandatory,
        )

    def _mandate(self, at: str, group: Group, found: dict[str, Any]) -> None:
        """A mandatory kind is enabled, always, immediate; a low balance keeps its threshold, it is what low is."""
        forced: dict[str, Any] = {"enabled": True, "delivery": "immediate"}
        if group in (Group.ASSIGNMENTS, Group.GRADES):
            forced["threshold"] = "always"
        for key, value in forced.items():
            found[key] = value
            self._layers[f"{at}/{key}"] = Layer.MANDATORY
            self._locked.add(f"{at}/{key}")

    def _weigh(self, pointer: str, key: str, group: Group, kind: Kind | None) -> Any:
        lowest = self._locking(key, group, kind)
        if lowest:
            self._locked.add(pointer)
        for depth, layer, rules in self._walk(group, kind):
            if depth >= lowest and key in rules:
                self._layers[pointer] = layer
                return rules[key]
        self._layers[pointer] = Layer.PRODUCT
        if group is Group.LUNCH and key == "threshold":
            return DEFAULT_LUNCH_THRESHOLD
        if group is Group.LUNCH and key == "enabled":
            return self._role is not PortalRole.STUDENT
        return _RULE_DEFAULTS[key]

    def _walk(self, group: Group, kind: Kind | None) -> Iterator[tuple[int, Layer, JSON]]:
        """Yield (0 user, 1 school, 2 district), layer and rules, closest first."""
        for depth, document, of_kind, of_group in (
            (0, self._user.of_student, Layer.USER_STUDENT_KIND, Layer.USER_STUDENT_GROUP),
            (0, self._user.own, Layer.USER_KIND, Layer.USER_GROUP),
            (1, self._school_defaults, Layer.SCHOOL_KIND, Layer.SCHOOL_GROUP),
            (2, self._district_defaults, Layer.DISTRICT_KIND, Layer.DISTRICT_GROUP),
        ):
            if kind is not None:
                yield depth, of_kind, document.get("kinds", EMPTY).get(kind.value, EMPTY)
            yield depth, of_group, document.get("groups", EMPTY).get(group.value, EMPTY)

    def _locking(self, key: str, group: Group, kind: Kind | None) -> int:
        """Return the closest layer that may speak: 0 user, 1 school, 2 district (district over school)."""
        pointers = {f"/groups/{group.value}/{key}", f"/groups/{group.value}", "/groups"}
        if kind is not None:
            pointers |= {f"/kinds/{kind.value}/{key}", f"/kinds/{kind.value}", "/kinds"}
        if not pointers.isdisjoint(self._district.settings.locks):
            return 2
        return 0 if pointers.isdisjoint(self._school.settings.locks) else 1

    def common(self, key: str, default: Any) -> Any:
        """Weigh a key that is not of a group: user, district, product."""
        return self._of_user(f"/{key}", key, self._user.own, self._district_defaults, default)

    def digest(self, key: str, default: str) -> str:
        """Weigh a key of `digest`."""
        own, given = self._user.own.get("digest", EMPTY), self._district_defaults.get("digest", EMPTY)
        text: str = self._of_user(f"/digest/{key}", key, own, given, default)
        return text

    def _of_user(self, pointer: str, key: str, own: JSON, given: JSON, default: Any) -> Any:
        if self._is_locked(pointer):
            self._locked.add(pointer)
        elif key in own:
            self._layers[pointer] = Layer.USER
            return own[key]
        if key in given:
            self._layers[pointer] = Layer.DISTRICT
            return given[key]
        self._layers[pointer] = Layer.PRODUCT
        return default

    def stated(self, key: str, stated: str, default: str, fallback: Layer) -> str:
        """Weigh locale or timezone: the user's, else the newest portal access, else the district's."""
        pointer = f"/{key}"
        locked = self._is_locked(pointer)
        if stated and not locked and key not in self._user.own:
            self._layers[pointer] = Layer.PORTAL_ACCESS
            return stated
        text: str = self._of_user(pointer, key, self._user.own, self._district_defaults, default)
        if self._layers[pointer] is Layer.PRODUCT:
            self._layers[pointer] = fallback
        return text

    def _is_locked(self, pointer: str) -> bool:
        head = "/" + pointer.split("/")[1]
        return pointer in self._district.settings.locks or head in self._district.settings.locks


def _defaults(everyone: JSON, students: JSON, role: PortalRole) -> JSON:
    return merge_patch(everyone, students) if role is PortalRole.STUDENT and students else everyone


def _bound(value: Any) -> Decimal | Unbounded:
    if value in ("always", "off"):
        return Unbounded(value)
    # A JSON number of two decimals is exact again once its shortest text is read as decimal.
    return Decimal(str(value))


def _quiet(value: Any) -> QuietHours:
    if value == "off":
        return QuietHours()
    return QuietHours(time.fromisoformat(value["from"]), time.fromisoformat(value["to"]))
