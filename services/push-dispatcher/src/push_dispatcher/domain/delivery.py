"""A delivery row: its guarded states, and the ruling about a device's waiting rows (product.md section 6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

COLLAPSE_OVER = 3
COLLAPSE_AFTER = timedelta(minutes=10)


class State(StrEnum):
    """Where a row stands; every state but `queued` is an end."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    FAILED = "failed"
    MISSED = "missed"
    SUPERSEDED = "superseded"
    COLLAPSED = "collapsed"
    WITHDRAWN = "withdrawn"
    MUTED_BY_DEVICE = "muted_by_device"


_REVIVABLE = frozenset({State.MISSED, State.WITHDRAWN})


def may_move(before: State, after: State) -> bool:
    """Guard of the state machine.

    A queued row may end in any way; what ended stays, but a missed or withdrawn alert that the evaluator
    times again is queued again under its id. Nothing accepted ever goes out twice by our will.
    """
    if before is State.QUEUED:
        return after is not State.QUEUED
    return before in _REVIVABLE and after is State.QUEUED


@dataclass(frozen=True, slots=True)
class Waiting:
    """What ruling about a row needs; all times are product time.

    `in_flight` is true while its request may be out, `elsewhere` when that is in another process, whose
    requests this one cannot put in order with its own. `seq` orders badge rows, which have no things.
    """

    delivery_id: UUID
    state: State
    things: Mapping[str, datetime]
    written_at: datetime
    send_before: datetime
    seq: int = 0
    in_flight: bool = False
    elsewhere: bool = False
    withdrawn: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """The row goes out; `as_summary` when it also stands for others that end `collapsed`."""

    as_summary: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """The row ends without a request."""

    state: State


@dataclass(frozen=True, slots=True)
class Hold:
    """A request of an overlapping older row is out: wait for its answer, so that the newer shows last."""


Ruling = Send | End | Hold
SEND, HOLD = Send(), Hold()


def overtaken(row: Waiting, rows: Sequence[Waiting]) -> bool:
    """Tell whether every thing in the row has a newer row for that device; a badge: a newer seq."""
    others = [other for other in rows if other.delivery_id != row.delivery_id]
    if row.silent:
        return any(other.seq > row.seq or (other.seq == row.seq and not other.silent) for other in others)
    return bool(row.things) and all(
        any(other.things.get(thing, version) > version for other in others)
        for thing, version in row.things.items()
    )


def rule(rows: Sequence[Waiting], now: datetime) -> dict[UUID, Ruling]:
    """Rule about the waiting rows among `rows`, which are all recent rows of one device, ended ones included.

    Order of reasons: withdrawn, superseded, missed (`send_before` reached), collapsed. A row in flight
    gets no ruling: its answer decides.
    """
    rulings: dict[UUID, Ruling] = {}
    staying: list[Waiting] = []
    for row in rows:
        if row.state is not State.QUEUED or row.in_flight:
            continue
        if row.withdrawn:
            rulings[row.delivery_id] = End(State.WITHDRAWN)
        elif overtaken(row, rows):
            rulings[row.delivery_id] = End(State.SUPERSEDED)
        elif now >= row.send_before:
            rulings[row.delivery_id] = End(State.MISSED)
        else:
            staying.append(row)
    late = [row for row in staying if not row.silent and now - row.written_at > COLLAPSE_AFTER]
    if len(late) > COLLAPSE_OVER:
        newest = max(late, key=lambda row: (row.written_at, row.delivery_id))
        rulings |= {row.delivery_id: End(State.COLLAPSED) for row in late if row is not newest}
        rulings[newest.delivery_id] = Send(as_summary=True)
    flying = [row for row in rows if row.in_flight and row.elsewhere and row.state is State.QUEUED]
    for row in staying:
        if rulings.get(row.delivery_id, SEND) == SEND:
            rulings[row.delivery_id] = HOLD if _follows(row, flying) else SEND
    return rulings


def _follows(row: Waiting, flying: Sequence[Waiting]) -> bool:
    return any(not row.things.keys().isdisjoint(other.things) for other in flying)
