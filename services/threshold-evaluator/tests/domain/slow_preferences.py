"""The obvious resolver: for every key, list the layers as product.md section 4 does and take the first."""

from typing import Any

from bellwire_schemas.names import Group, Kind, PortalRole, Privacy
from threshold_evaluator.domain.documents import merge_patch
from threshold_evaluator.domain.effective import GROUP_OF, KEYS
from threshold_evaluator.domain.roster import District, School, Watcher

PRODUCT: dict[str, Any] = {
    "enabled": True,
    "threshold": "always",
    "above": "off",
    "compare": "below",
    "delivery": "immediate",
    "grace_minutes": 0,
    "remind_days": "off",
}
COMMON: dict[str, Any] = {
    "/quiet_hours": {"from": "22:00", "to": "06:00"},
    "/digest/at": "18:00",
    "/digest/weekday": "sunday",
    "/coalesce_minutes": 10,
    "/daily_cap": 30,
    "/privacy": "standard",
}
ORDER = list(Privacy)


Found = dict[str, tuple[Any, str, bool]]


def slow(district: District, school: School, watcher: Watcher) -> Found:
    """Return (value, layer, whether the user cannot change it) by pointer."""
    d, s, u, us = _documents(district, school, watcher)
    locks_d, locks_s = district.settings.locks, school.settings.locks
    mandatory = district.settings.mandatory_kinds | school.settings.mandatory_kinds
    found: Found = {}
    for owner in (*Group, *Kind):
        kind = owner.value if isinstance(owner, Kind) else ""
        group = GROUP_OF[owner] if isinstance(owner, Kind) else owner
        for key in KEYS[group]:
            layers = [
                (us, "user_student", 0),
                (u, "user", 0),
                (s, "school", 1),
                (d, "district", 2),
            ]
            names = [f"/groups/{group.value}/{key}", f"/groups/{group.value}", "/groups"]
            if kind:
                names += [f"/kinds/{kind}/{key}", f"/kinds/{kind}", "/kinds"]
            floor = 2 if any(n in locks_d for n in names) else 1 if any(n in locks_s for n in names) else 0
            candidates: list[tuple[Any, str]] = []
            for document, layer, depth in layers:
                if depth < floor:
                    continue
                if kind and key in document.get("kinds", {}).get(kind, {}):
                    candidates.append((document["kinds"][kind][key], f"{layer}_kind"))
                if key in document.get("groups", {}).get(group.value, {}):
                    candidates.append((document["groups"][group.value][key], f"{layer}_group"))
            default = PRODUCT[key]
            if group is Group.LUNCH and key == "threshold":
                default = "10.00"
            if group is Group.LUNCH and key == "enabled":
                default = watcher.role is not PortalRole.STUDENT
            value = [*candidates, (default, "product")][0]
            if isinstance(owner, Kind) and owner in mandatory:
                if key in ("enabled", "delivery"):
                    value = ({"enabled": True, "delivery": "immediate"}[key], "mandatory")
                if key == "threshold" and group in (Group.ASSIGNMENTS, Group.GRADES):
                    value = ("always", "mandatory")
            locked = floor > 0 or value[1] == "mandatory"
            found[f"/{'kinds' if kind else 'groups'}/{owner.value}/{key}"] = (*value, locked)
    found.update(_common(district, school, watcher, d, u))
    return found


def _documents(district: District, school: School, watcher: Watcher) -> tuple[Any, Any, Any, Any]:
    d, s = district.settings.defaults, school.settings.defaults
    if watcher.role is PortalRole.STUDENT:
        d = merge_patch(d, district.settings.student_defaults)
        s = merge_patch(s, school.settings.student_defaults)
    return d, s, watcher.documents.own, watcher.documents.of_student


def _common(district: District, school: School, watcher: Watcher, d: Any, u: Any) -> Found:
    found: Found = {}
    defaults = {
        **{pointer: (value, "product") for pointer, value in COMMON.items()},
        "/locale": ("en", "product"),
        "/timezone": (district.timezone.key, "district"),
    }
    for pointer, default in defaults.items():
        parts = pointer.split("/")[1:]
        candidates = []
        locked = any(lock in (pointer, f"/{parts[0]}") for lock in district.settings.locks)
        if not locked:
            candidates += _at(u, parts, "user")
            stated = {"/locale": watcher.locale, "/timezone": watcher.timezone}.get(pointer, "")
            candidates += [(stated, "portal_access")] if stated else []
        candidates += _at(d, parts, "district")
        found[pointer] = (*[*candidates, default][0], locked)
    cap = min(district.settings.privacy_cap, school.settings.privacy_cap, key=ORDER.index)
    if ORDER.index(Privacy(found["/privacy"][0])) > ORDER.index(cap):
        found["/privacy"] = (cap.value, "cap", found["/privacy"][2])
    return found


def _at(document: Any, parts: list[str], layer: str) -> list[tuple[Any, str]]:
    for part in parts:
        if part not in document:
            return []
        document = document[part]
    return [(document, layer)]
