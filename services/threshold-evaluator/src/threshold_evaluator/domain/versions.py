"""Which of two versions of a thing stands (product.md section 3)."""

from datetime import datetime
from enum import Enum

from threshold_evaluator.domain.things import ThingState

SEEN_KEPT = 64
"""Ids kept of one moment: more contents of one `modified_at` than this are no longer told from a re-post."""


class Version(Enum):
    """How an arriving version stands to the stored one."""

    APPLIES = "applies"
    DUPLICATE = "duplicate"
    STALE = "stale_version"
    AGAIN = "again"
    """The very event that was applied, delivered or posted once more: it has no effect and no explanation."""


def compare(stored: ThingState, event_id: str, modified_at: datetime, digest: str) -> Version:
    """Compare: older is stale; of one moment, the same content is a duplicate and other content wins."""
    if stored.first or modified_at > stored.modified_at:
        return Version.APPLIES
    if modified_at < stored.modified_at:
        return Version.STALE
    if event_id in stored.seen:
        return Version.AGAIN
    return Version.DUPLICATE if digest == stored.digest else Version.APPLIES


def seen_after(stored: ThingState, event_id: str, modified_at: datetime) -> tuple[str, ...]:
    """Return the ids of the events at the moment that stands once this one is applied."""
    if stored.first or modified_at > stored.modified_at:
        return (event_id,)
    return (*stored.seen, event_id)[-SEEN_KEPT:]
