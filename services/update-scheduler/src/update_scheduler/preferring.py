"""A preferred slot takes nothing, but it lies in a window and in no blackout (product.md section 7, Windows)."""

from collections.abc import Sequence
from datetime import datetime

from bellwire_schemas.names import RequestKind

from update_scheduler.domain.booking import HORIZON, in_force, needs_window, slot_at
from update_scheduler.domain.refusals import FieldWrong
from update_scheduler.domain.requests import NoDate
from update_scheduler.domain.sites import Site
from update_scheduler.errors import Wrong
from update_scheduler.ports import Queue


async def check_preferred(
    queue: Queue, preferred: datetime | NoDate, kind: RequestKind, targets: Sequence[Site], now: datetime
) -> None:
    """Raises `Wrong` for a date (aware) past, too far, or outside the windows of a target's hosting type.

    Where no window is needed any time ahead will do.
    """
    if isinstance(preferred, NoDate):
        return
    if not now < preferred <= now + HORIZON:
        raise Wrong("/preferred_at", f"Give a date that lies ahead, within {HORIZON.days} days.")
    for hosting in sorted({site.hosting for site in targets}):
        windows, blackouts = await queue.lock_windows(hosting, kind)
        needed = needs_window(in_force(windows, preferred), hosting, kind)
        found = slot_at(preferred, windows, blackouts, {}, window_needed=needed)
        if isinstance(found, FieldWrong):
            raise Wrong("/preferred_at", found.detail)
