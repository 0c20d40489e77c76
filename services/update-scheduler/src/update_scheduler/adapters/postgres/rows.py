"""Between rows of `requests` and `windows` and the domain's values."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bellwire_schemas.names import Environment, RequestKind, Weekday

from update_scheduler.domain.recurrence import Monthly, Weekly
from update_scheduler.domain.requests import ALONE, NO_DATE, Member, NoDate, Request
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.slots import NO_WINDOW, NoWindow, Slot
from update_scheduler.domain.states import (
    Cancelled,
    Completed,
    Deferred,
    Deleted,
    InProgress,
    Live,
    NewVersionRequested,
    NotStarted,
    PendingInput,
    Scheduled,
    State,
    ToBeScheduled,
    UnableToComplete,
    held_slot,
)
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.windows import Window
from update_scheduler.ports import GroupRequest

Row = Mapping[str, Any]


def state_of(row: Row) -> State:
    """The state that a row stands for."""
    status = Status(row["status"])
    if row["cancelled_at"] is not None:
        last = _live(status, row)
        assert isinstance(last, ToBeScheduled | Scheduled)
        return Cancelled(last)
    live = _live(status, row)
    if row["deleted_at"] is not None and isinstance(live, Completed | NewVersionRequested | UnableToComplete):
        return Deleted(live)
    return live


def _live(status: Status, row: Row) -> Live:
    match status:
        case Status.PENDING_INPUT:
            back = _live(Status(row["came_from"]), row)
            assert isinstance(back, ToBeScheduled | Scheduled | NotStarted | InProgress)
            return PendingInput(back, row["answered"])
        case Status.SCHEDULED:
            return Scheduled(_slot(row))
        case Status.NOT_STARTED:
            return NotStarted(_slot(row))
        case Status.IN_PROGRESS:
            return InProgress(_slot(row), row["began_at"])
        case _:
            return _slotless(status, row)


def _slotless(status: Status, row: Row) -> Live:
    match status:
        case Status.COMPLETED:
            return Completed(row["completed_at"])
        case Status.NEW_VERSION_REQUESTED:
            return NewVersionRequested(row["newer_id"])
        case Status.UNABLE_TO_COMPLETE:
            return UnableToComplete(row["reason"])
        case Status.DEFERRED:
            return Deferred()
        case _:
            return ToBeScheduled()


def _slot(row: Row) -> Slot:
    window = row["window_id"]
    return Slot(
        row["slot_at"], row["slot_starts_at"], row["slot_ends_at"], NO_WINDOW if window is None else window
    )


def slot_columns(state: State) -> dict[str, datetime | str | None]:
    """The slot of a state; a cancelled one keeps its date and gives its place back (no window)."""
    kept = held_slot(state.last) if isinstance(state, Cancelled) else held_slot(state)
    if not isinstance(kept, Slot):
        return {"slot_at": None, "slot_starts_at": None, "slot_ends_at": None, "window_id": None}
    free = isinstance(state, Cancelled) or isinstance(kept.window, NoWindow)
    return {
        "slot_at": kept.at,
        "slot_starts_at": kept.starts_at,
        "slot_ends_at": kept.ends_at,
        "window_id": None if free else str(kept.window),
    }


def request_of(row: Row) -> Request:
    """The request that a row stands for."""
    whole = row["group_request_id"]
    return Request(
        id=row["id"],
        district_id=row["district_id"],
        target=Environment(row["environment"]),
        kind=RequestKind(row["kind"]),
        version=row["version"],
        sites=tuple(row["site_ids"]),
        state=state_of(row),
        revision=row["revision"],
        requested_by=row["requested_by"],
        note=row["note"],
        preferred=_date(row["preferred_at"]),
        group=ALONE if whole is None else Member(whole, row["group_left"]),
        created_at=row["created_at"],
        moved_at=row["moved_at"],
    )


def row_of(request: Request) -> dict[str, Any]:
    """The row of a request, as JSON values for `jsonb_populate_recordset`."""
    state = request.state
    live = state.last if isinstance(state, Cancelled | Deleted) else state
    back = live.back if isinstance(live, PendingInput) else live
    refresh_done = request.kind is RequestKind.DATABASE_REFRESH and isinstance(live, Completed)
    group = request.group if isinstance(request.group, Member) else None
    return {
        "id": str(request.id),
        "district_id": request.district_id,
        "environment": request.target.value,
        "kind": request.kind.value,
        "version": request.version,
        "site_ids": list(request.sites),
        "status": state.status.value,
        "revision": request.revision,
        **slot_columns(state),
        "began_at": back.since if isinstance(back, InProgress) else None,
        "came_from": back.status.value if isinstance(live, PendingInput) else None,
        "answered": isinstance(live, PendingInput) and live.answered,
        "completed_at": live.at if isinstance(live, Completed) else None,
        "newer_id": str(live.newer) if isinstance(live, NewVersionRequested) else None,
        "reason": live.reason if isinstance(live, UnableToComplete) else "",
        "cancelled_at": request.moved_at if isinstance(state, Cancelled) else None,
        "deleted_at": request.moved_at if isinstance(state, Deleted) else None,
        "scrubbed": refresh_done,
        "requested_by": request.requested_by,
        "note": request.note,
        "preferred_at": None if isinstance(request.preferred, NoDate) else request.preferred,
        "group_request_id": str(group.group_request) if group else None,
        "group_left": group.left if group else False,
        "moved_at": request.moved_at,
        "created_at": request.created_at,
    }


def group_request_of(row: Row) -> GroupRequest:
    """The group request that a row stands for."""
    return GroupRequest(
        id=row["id"],
        group_id=row["group_id"],
        group_name=row["group_name"],
        version=row["version"],
        target=Environment(row["environment"]),
        revision=row["revision"],
        requested_by=row["requested_by"],
        note=row["note"],
        preferred=_date(row["preferred_at"]),
        skipped=tuple(row["skipped"]),
        created_at=row["created_at"],
    )


def group_row(whole: GroupRequest) -> dict[str, Any]:
    """The row of a group request, as JSON values."""
    return {
        "id": str(whole.id),
        "group_id": whole.group_id,
        "group_name": whole.group_name,
        "version": whole.version,
        "environment": whole.target.value,
        "revision": whole.revision,
        "requested_by": whole.requested_by,
        "note": whole.note,
        "preferred_at": None if isinstance(whole.preferred, NoDate) else whole.preferred,
        "skipped": list(whole.skipped),
        "created_at": whole.created_at,
    }


def window_of(row: Row) -> Window:
    """The window that a row stands for."""
    days = [Weekday(day) for day in row["weekdays"]]
    weekly = row["frequency"] == "weekly"
    return Window(
        id=row["id"],
        hosting=Hosting(row["hosting"]),
        kinds=frozenset(RequestKind(kind) for kind in row["kinds"]),
        zone=ZoneInfo(row["timezone"]),
        recurrence=Weekly(frozenset(days), row["every"]) if weekly else Monthly(days[0], row["every"]),
        opens=row["opens"],
        closes=row["closes"],
        capacity=row["capacity"],
        effective_from=row["effective_from"],
        effective_until=row["effective_until"] or date.max,
    )


def _date(value: datetime | None) -> datetime | NoDate:
    return NO_DATE if value is None else value
