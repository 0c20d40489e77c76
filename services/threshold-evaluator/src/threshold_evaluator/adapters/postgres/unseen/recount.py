"""What users have not seen, counted again, and their devices told (product.md section 4, "Inbox")."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from bellwire_kit.postgres import Connection, load_queries
from bellwire_schemas.alerts import InboxChanged
from bellwire_schemas.catalogue import INBOX_CHANGED
from bellwire_schemas.ids import event_id

from threshold_evaluator.project import UserRef


@cache
def _queries() -> Any:
    return load_queries(Path(__file__).with_name("queries.sql"))


async def hold(connection: Connection, users: Iterable[UserRef]) -> None:
    """Hold the counters of users until the transaction ends, as whoever writes to their inboxes does."""
    await _queries().hold_counters(connection, **_columns(sorted(set(users))))


async def recount(connection: Connection, users: Iterable[UserRef], now: datetime) -> None:
    """Count again what users may see and have not seen; where that changed their devices are told."""
    listed = sorted(set(users))
    if not listed:
        return
    await hold(connection, listed)
    changed = [
        InboxChanged.model_validate({**row, "at": now})
        async for row in _queries().count_again(connection, **_columns(listed))
    ]
    if changed:
        await _queries().announce(
            connection,
            **_columns([UserRef(each.district_id, each.environment.value, each.user_id) for each in changed]),
            message_ids=[_message_id(each) for each in changed],
            type=INBOX_CHANGED,
            payloads=[each.model_dump_json() for each in changed],
        )


def _message_id(change: InboxChanged) -> UUID:
    place = (change.environment.value, change.district_id, change.user_id)
    return event_id("inbox-changed", *place, str(change.seq), change.at.isoformat())


def _columns(users: Iterable[UserRef]) -> dict[str, list[str]]:
    listed = list(users)
    return {
        "district_ids": [each.district_id for each in listed],
        "environments": [each.environment for each in listed],
        "user_ids": [each.user_id for each in listed],
    }
