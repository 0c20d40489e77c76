"""The next free windows that forms offer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bellwire_schemas.names import RequestKind

from update_scheduler.domain.booking import free_slots, in_force, needs_window
from update_scheduler.domain.sites import Hosting
from update_scheduler.registry import Registry

OFFERED = 12


@dataclass(frozen=True, slots=True)
class Offer:
    """A window with places left."""

    starts_at: datetime
    ends_at: datetime
    left: int


@dataclass(frozen=True, slots=True)
class Offers:
    """What a form offers; `any_time` when no window bounds it: any instant may be typed."""

    slots: Sequence[Offer]
    any_time: bool


async def offers(
    registry: Registry,
    hosting: Hosting,
    kinds: Collection[RequestKind],
    now: datetime,
    places: int = 1,
) -> Offers:
    """The next free windows for any of these kinds of request, `places` in each."""
    found: dict[datetime, Offer] = {}
    any_time = False
    for kind in kinds:
        load = await registry.load(hosting, kind, now)
        any_time = any_time or not needs_window(in_force(load.windows, now), hosting, kind)
        for free in free_slots(load.windows, load.blackouts, load.taken, now, OFFERED, places):
            o = free.occurrence
            found.setdefault(o.starts_at, Offer(o.starts_at, o.ends_at, free.left))
    return Offers([found[at] for at in sorted(found)][:OFFERED], any_time)
