"""orgs.csv: schools become `school.changed`; a district only where extension columns say what it needs."""

import re
from collections.abc import Iterable, Iterator
from zoneinfo import available_timezones

from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.things import Json, Thing, ThingKind

_ZONES = frozenset(available_timezones())
_STATE = re.compile(r"[A-Z]{2}")
_NAME = 1_000


def _zone(org: Entity) -> str:
    zone = org.text("metadata.timezone")
    return zone if zone in _ZONES else ""


def organisations(orgs: Iterable[Entity]) -> Iterator[Thing]:
    """Return the things that organisations become, in their order.

    `district.changed` requires a state and a zone, for which OneRoster has no column: they are read from
    `metadata.state` and `metadata.timezone`, and a district without both says nothing here.
    """
    for org in orgs:
        if not org.live:
            continue
        zone, state, name = _zone(org), org.text("metadata.state"), org.text("name")[:_NAME]
        if org.text("type") == "school":
            content: dict[str, Json] = {"name": name}
            if zone:
                content["timezone"] = zone
            yield Thing(
                ThingKind.SCHOOL,
                "",
                org.sourced_id,
                {"school_id": org.sourced_id},
                content,
                org.modified_at,
            )
        elif org.text("type") == "district" and zone and _STATE.fullmatch(state):
            content = {"name": name, "state": state, "timezone": zone}
            yield Thing(ThingKind.DISTRICT, "", "", {}, content, org.modified_at)
