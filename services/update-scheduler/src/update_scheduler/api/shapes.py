"""Requests as JSON: what goes in, what comes out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from bellwire_schemas.names import Environment, RequestKind
from pydantic import Field as PydanticField
from pydantic import RootModel

from update_scheduler.api.fields import In, Key, Moment, Note, Out, Slug, Version
from update_scheduler.domain.groups import rollup
from update_scheduler.domain.requests import Member, NoDate
from update_scheduler.domain.slots import NoWindow, Slot
from update_scheduler.domain.states import (
    Cancelled,
    Completed,
    Deleted,
    NewVersionRequested,
    PendingInput,
    UnableToComplete,
    held_slot,
    overdue,
)
from update_scheduler.domain.statuses import Status, label
from update_scheduler.domain.transitions import allowed
from update_scheduler.ports import GroupRequest
from update_scheduler.registry import Shown


class RequestIn(In):
    """A request for one site (`site_id`), or for all linked districts of a group (`group_id` and `target`).

    A version update names its `version`; a database refresh has `site_name` typed as the site is called,
    since it overwrites its data. `preferred_at` is a wish: it takes no slot.
    """

    kind: RequestKind
    site_id: Key | None = None
    group_id: Slug | None = None
    target: Environment = Environment.PRODUCTION
    version: Version | None = None
    site_name: Annotated[str, PydanticField(max_length=200)] = ""
    preferred_at: Moment | None = None
    note: Note = ""


class TransitionIn(In):
    """The next status; `at` only to schedule; `note` is mailed (why, when it could not be done)."""

    to: Status
    at: Moment | None = None
    note: Note = ""


class SlotOut(Out):
    """The slot that is held: `at` within the occurrence."""

    at: datetime
    starts_at: datetime
    ends_at: datetime
    window_id: UUID | None


class RequestOut(Out):
    """A request. `revision` is what If-Match names; `may_become` what an operator can move it to."""

    id: UUID
    type: Literal["request"] = "request"
    district_id: str
    kind: RequestKind
    target: Environment
    site_id: str
    site_ids: list[str]
    version: str | None
    status: Status
    status_label: str
    scheduled_for: datetime | None
    slot: SlotOut | None
    preferred_at: datetime | None
    overdue: bool
    in_blackout: bool
    came_from: Status | None
    answered: bool
    reason: str | None
    newer_request_id: UUID | None
    replaces: list[UUID]
    group_request_id: UUID | None
    scrubbed: bool
    note: str
    requested_by: str
    revision: int
    may_become: list[Status]
    created_at: datetime
    moved_at: datetime
    completed_at: datetime | None
    cancelled_at: datetime | None
    deleted_at: datetime | None


class RequestsOut(Out):
    """A page of requests, newest first."""

    items: list[RequestOut]
    next_cursor: str | None


class GroupRequestOut(Out):
    """A group request: `status` is the rollup of its members; `skipped` stood at the version already."""

    id: UUID
    type: Literal["group_request"] = "group_request"
    group_id: str
    group_name: str
    kind: RequestKind
    target: Environment
    version: str
    status: Status
    status_label: str
    preferred_at: datetime | None
    note: str
    requested_by: str
    revision: int
    skipped: list[str]
    members: list[RequestOut]
    created_at: datetime


class AnyRequestOut(RootModel[Annotated[RequestOut | GroupRequestOut, PydanticField(discriminator="type")]]):
    """A request, or a group request with its members; `type` says which."""


def slot_out(slot: Slot) -> SlotOut:
    """The answer for a slot."""
    window = None if isinstance(slot.window, NoWindow) else slot.window
    return SlotOut(at=slot.at, starts_at=slot.starts_at, ends_at=slot.ends_at, window_id=window)


def request_out(shown: Shown, now: datetime) -> RequestOut:
    """The answer for a request at `now`."""
    r = shown.request
    live = r.state.last if isinstance(r.state, Cancelled | Deleted) else r.state
    slot = held_slot(live)
    return RequestOut(
        id=r.id,
        district_id=r.district_id,
        kind=r.kind,
        target=r.target,
        site_id=r.sites[0],
        site_ids=list(r.sites),
        version=r.version or None,
        status=r.state.status,
        status_label=label(r.state.status),
        scheduled_for=slot.at if isinstance(slot, Slot) else None,
        slot=slot_out(slot) if isinstance(r.slot, Slot) and isinstance(slot, Slot) else None,
        preferred_at=None if isinstance(r.preferred, NoDate) else r.preferred,
        overdue=overdue(r.state, now),
        in_blackout=shown.in_blackout,
        came_from=live.back.status if isinstance(live, PendingInput) else None,
        answered=isinstance(live, PendingInput) and live.answered,
        reason=live.reason if isinstance(live, UnableToComplete) else None,
        newer_request_id=live.newer if isinstance(live, NewVersionRequested) else None,
        replaces=list(shown.replaces),
        group_request_id=r.group.group_request if isinstance(r.group, Member) else None,
        scrubbed=isinstance(live, Completed) and r.kind is RequestKind.DATABASE_REFRESH,
        note=r.note,
        requested_by=r.requested_by,
        revision=r.revision,
        may_become=[s for s in Status if s in allowed(r.state)],
        created_at=r.created_at,
        moved_at=r.moved_at,
        completed_at=live.at if isinstance(live, Completed) else None,
        cancelled_at=r.moved_at if isinstance(r.state, Cancelled) else None,
        deleted_at=r.moved_at if isinstance(r.state, Deleted) else None,
    )


def standing(members: Sequence[Shown]) -> Status:
    """The rollup of a group request: of the members that are in and not cancelled, else of all."""
    inside = [m for m in members if not (isinstance(m.request.group, Member) and m.request.group.left)]
    kept = [m for m in inside if not isinstance(m.request.state, Cancelled)]
    return rollup([m.request.state.status for m in kept or inside or members])


def group_out(whole: GroupRequest, members: list[Shown], now: datetime) -> GroupRequestOut:
    """The answer for a group request and its members at `now`."""
    status = standing(members)
    return GroupRequestOut(
        id=whole.id,
        group_id=whole.group_id,
        group_name=whole.group_name,
        kind=RequestKind.VERSION_UPDATE,
        target=whole.target,
        version=whole.version,
        status=status,
        status_label=label(status),
        preferred_at=None if isinstance(whole.preferred, NoDate) else whole.preferred,
        note=whole.note,
        requested_by=whole.requested_by,
        revision=whole.revision,
        skipped=list(whole.skipped),
        members=[request_out(m, now) for m in members],
        created_at=whole.created_at,
    )
