"""What to publish of a scope: what is new or differs from what was published, and what has ended."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gradebook_events.domain.oneroster.things import Thing, ThingKind, ended, ends


@dataclass(frozen=True, slots=True)
class Before:
    """A thing as it was last published."""

    kind: ThingKind
    thing_id: str
    scope: str
    owner: str
    identity: Mapping[str, str]
    needed: Mapping[str, str]
    digest: bytes
    modified_at: datetime
    ended: bool


@dataclass(frozen=True, slots=True)
class News:
    """A thing to publish; `is_end` when the source no longer lists it."""

    thing: Thing
    is_end: bool


def news(things: Iterable[Thing], before: Iterable[Before], exported_at: datetime) -> Iterator[News]:
    """Compare what scopes say now with what was published of them; ends come first.

    A thing whose content is the same is no news, whatever its date says. A version is never older than the one
    published before, so that no reader takes it for stale.
    """
    known = {(item.kind, item.thing_id): item for item in before}
    now = {(thing.kind, thing.thing_id): thing for thing in things}
    for key, item in known.items():
        if key not in now and ends(item.kind) and not item.ended:
            at = max(exported_at, item.modified_at)
            yield News(ended(item.kind, item.scope, item.owner, item.identity, item.needed, at), True)
    for key, thing in now.items():
        last = known.get(key)
        if last is None:
            yield News(thing, False)
        elif last.ended or last.digest != thing.digest:
            yield News(thing.after(last.modified_at, exported_at), False)
