"""What a source says of one thing, as the content of one of our events, and the event that carries it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from bellwire_schemas.envelope import BACKFILL, CloudEvent
from bellwire_schemas.ids import event_id
from bellwire_schemas.source import Source

Json = str | bool | int | float | None


class ThingKind(StrEnum):
    """The kinds of thing that a OneRoster source speaks of; `type_name` is the event's type."""

    DISTRICT = "district"
    SCHOOL = "school"
    STUDENT = "student"
    ENROLLMENT = "enrollment"
    PORTAL_ACCESS = "portal_access"
    ASSIGNMENT = "assignment"

    @property
    def type_name(self) -> str:
        """CloudEvents `type`."""
        return f"bellwire.{self.value}.changed.v1"


_SUBJECTS = {ThingKind.DISTRICT: "districts", ThingKind.SCHOOL: "schools"}
_ENDED: dict[ThingKind, Mapping[str, Json]] = {
    ThingKind.ENROLLMENT: {"active": False},
    ThingKind.PORTAL_ACCESS: {"role": "guardian", "portal": False},
    ThingKind.ASSIGNMENT: {"deleted": True},
}


@dataclass(frozen=True)
class Thing:
    """The present state of one thing. `identity` names it, `content` is the rest of the event's data.

    `needed` is what every event about the thing must say beside its identity, its end included.

    `scope` is what it is derived from as a whole: a class for assignments, a student for the roster.
    `owner` is whom the event's subject names. `told_again` is when the source said other content under a version
    that it had said before: what tells the two apart, and empty otherwise.
    """

    kind: ThingKind
    scope: str
    owner: str
    identity: Mapping[str, str]
    content: Mapping[str, Json]
    modified_at: datetime
    needed: Mapping[str, str] = field(default_factory=dict)
    told_again: str = ""

    @cached_property
    def thing_id(self) -> str:
        """The identity as one text, unique among the things of its kind."""
        return json.dumps(sorted(self.identity.items()), ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def digest(self) -> bytes:
        """16 bytes of a hash of the content: what comparing with the version published before needs."""
        text = json.dumps(
            {**self.needed, **self.content}, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).digest()[:16]

    def after(self, moment: datetime, exported_at: datetime) -> "Thing":
        """Return it as it follows one published with that version: not older, so that it is not stale.

        Under the same version its event is another one, though the content may have been published before.
        """
        if self.modified_at > moment:
            return self
        return replace(self, modified_at=moment, told_again=exported_at.isoformat())


def ends(kind: ThingKind) -> bool:
    """Say whether a thing of this kind can be ended: a student, a school and a district cannot."""
    return kind in _ENDED


def ended(
    kind: ThingKind,
    scope: str,
    owner: str,
    identity: Mapping[str, str],
    needed: Mapping[str, str],
    at: datetime,
) -> Thing:
    """Return what a source no longer lists, ended at that moment. Only for kinds that `ends` names."""
    return Thing(kind, scope, owner, identity, _ENDED[kind], at, needed)


def event_of(thing: Thing, source: Source, origin: str, *, backfill: bool) -> CloudEvent:
    """Return the event. Its id is uuid5 of source, entity and version, so that a second run makes it again.

    `origin` is the publisher: two sources of one district may use the same ids.
    """
    identity = {name: value for name, value in thing.identity.items() if value}
    data = {
        "district_id": source.district_id,
        "modified_at": thing.modified_at.isoformat(),
        **identity,
        **thing.needed,
        **thing.content,
    }
    version = f"{thing.modified_at.isoformat()} {thing.digest.hex()}"
    if thing.told_again:
        version = f"{version} {thing.told_again}"
    return CloudEvent(
        id=str(event_id(str(source), origin, thing.kind.value, thing.thing_id, version)),
        source=str(source),
        type=thing.kind.type_name,
        subject=f"{_SUBJECTS.get(thing.kind, 'students')}/{thing.owner or source.district_id}",
        time=thing.modified_at,
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(),
        extensions={BACKFILL: "true"} if backfill else {},
    )
