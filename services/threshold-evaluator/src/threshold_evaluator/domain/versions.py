"""Which of two versions of a thing stands (product.md section 3)."""

import json
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

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


def compare(stored: ThingState, event_id: str, modified_at: datetime, data: str) -> Version:
    """Compare: older is stale; of one moment, the same content is a duplicate and other content wins."""
    if stored.first or modified_at > stored.modified_at:
        return Version.APPLIES
    if modified_at < stored.modified_at:
        return Version.STALE
    if event_id in stored.seen:
        return Version.AGAIN
    return Version.DUPLICATE if _same(data, stored.data) else Version.APPLIES


def _same(one: str, other: str) -> bool:
    """Compare JSON texts by what they say; exactly, so numbers as decimals."""
    return one == other or _read(one) == _read(other)


def _read(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def seen_after(stored: ThingState, event_id: str, modified_at: datetime) -> tuple[str, ...]:
    """Return the ids of the events at the moment that stands once this one is applied."""
    if stored.first or modified_at > stored.modified_at:
        return (event_id,)
    return (*stored.seen, event_id)[-SEEN_KEPT:]
