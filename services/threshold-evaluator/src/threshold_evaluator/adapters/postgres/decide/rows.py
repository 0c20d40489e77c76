"""Rows of due alerts and states as domain values, and back."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

from bellwire_schemas.names import Group, Kind, Urgency
from bellwire_schemas.source import Source

from threshold_evaluator.adapters.postgres.decide.codec import (
    SEEN_SEPARATOR,
    SEPARATOR,
    moment_or_never,
    moment_or_null,
    read_memory,
    write_content,
)
from threshold_evaluator.domain.due import DueAlert, Hold
from threshold_evaluator.domain.effective import Delivery
from threshold_evaluator.domain.things import ThingKey, ThingState

Row: TypeAlias = Any
Columns: TypeAlias = dict[str, Any]

_GROUPS = {group.value: group for group in Group}
_KINDS = {kind.value: kind for kind in Kind}


def key_of(row: Row) -> ThingKey:
    """Return the thing that a row is about."""
    return ThingKey(_GROUPS[row["thing"]], row["student_id"], row["thing_id"])


def state_of(key: ThingKey, row: Row) -> ThingState:
    """Read a row of `states` about a thing."""
    _, school_id, calendar_id, modified_at, seen, memory, data = row
    return ThingState(
        key=key,
        school_id=school_id,
        calendar_id=calendar_id,
        modified_at=modified_at,
        seen=tuple(seen.split(SEEN_SEPARATOR)),
        content=read_memory(key.group, memory),
        data=data,
    )


def packed(columns: Columns) -> Columns:
    """Pack columns of text as the queries' `split` takes them; other parameters stay.

    Raises `ValueError` for a text with a unit separator in it.
    """
    return {name: _pack(values) for name, values in columns.items()}


def _pack(values: Any) -> Any:
    if type(values) is not list or (values and not isinstance(values[0], str)):
        return values
    text = SEPARATOR.join(["", *values])
    if text.count(SEPARATOR) != len(values):
        raise ValueError("a text has a unit separator (U+001F) in it, which no id may have")
    return text


def scope_columns(sources: Iterable[Source]) -> Columns:
    """Return the two columns that every row has. Enums of text go as they are: they are text."""
    listed = list(sources)
    return {
        "district_ids": [source.district_id for source in listed],
        "environments": [source.environment for source in listed],
    }


def thing_columns(keys: Iterable[ThingKey]) -> Columns:
    """Return the columns that name a thing."""
    listed = list(keys)
    return {
        "student_ids": [key.student_id for key in listed],
        "things": [key.group for key in listed],
        "thing_ids": [key.thing_id for key in listed],
    }


def kinds_text(kinds: Iterable[Kind]) -> str:
    """Write kinds as a query takes them."""
    return ",".join(kinds)


def due_of(row: Row) -> DueAlert:
    """Read a row of `due_alerts`."""
    key = key_of(row)
    return DueAlert(
        alert_id=UUID(int=row["alert_id"].int),
        user_id=row["user_id"],
        key=key,
        school_id=row["school_id"],
        calendar_id=row["calendar_id"],
        kinds=tuple(_KINDS[kind] for kind in row["kinds"]),
        event_source=row["event_source"],
        event_id=row["event_id"],
        before=read_memory(key.group, row["memory_before"]),
        modified_at=row["modified_at"],
        accepted_at=row["accepted_at"],
        first_at=row["first_at"],
        grace_until=row["grace_until"],
        due_at=row["due_at"],
        delivery=Delivery(row["delivery"]),
        hold=Hold(row["hold"]),
        capped_at=moment_or_never(row["capped_at"]),
        in_inbox=row["in_inbox"],
        mandatory=row["mandatory"],
        decided_at=datetime.combine(row["day"], datetime.min.time(), UTC),
        attempt=row["attempt"],
        traceparent=row["traceparent"],
    )


def due_columns(
    rows: Sequence[tuple[Source, DueAlert, str, UUID | None, datetime | None]],
) -> Columns:
    """Write rows of `due_alerts`: (source, alert, phase, sent as, send before)."""
    dues = [row[1] for row in rows]
    return {
        **scope_columns(row[0] for row in rows),
        **thing_columns(due.key for due in dues),
        "alert_ids": [due.alert_id for due in dues],
        "user_ids": [due.user_id for due in dues],
        "school_ids": [due.school_id for due in dues],
        "calendar_ids": [due.calendar_id for due in dues],
        "kinds": [kinds_text(due.kinds) for due in dues],
        "event_sources": [due.event_source for due in dues],
        "event_ids": [due.event_id for due in dues],
        "days": [due.decided_at.date() for due in dues],
        "befores": [write_content(due.key.group, due.before) for due in dues],
        "modified": [due.modified_at for due in dues],
        "accepted": [due.accepted_at for due in dues],
        "first": [due.first_at for due in dues],
        "grace": [due.grace_until for due in dues],
        "due": [due.due_at for due in dues],
        "wake": [due.wake_at for due in dues],
        "holds": [due.hold.value for due in dues],
        "deliveries": [due.delivery.value for due in dues],
        "capped": [moment_or_null(due.capped_at) for due in dues],
        "in_inbox": [due.in_inbox for due in dues],
        "mandatory": [due.mandatory for due in dues],
        "urgencies": [0 if due.urgency is Urgency.URGENT else 1 for due in dues],
        "phases": [row[2] for row in rows],
        "sent_as": [row[3] for row in rows],
        "send_before": [row[4] for row in rows],
        "attempts": [due.attempt for due in dues],
        "traceparents": [due.traceparent for due in dues],
    }
