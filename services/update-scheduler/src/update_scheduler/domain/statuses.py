"""The nine statuses of an update request and the operator's moves between them (product.md section 7)."""

from collections.abc import Mapping
from types import MappingProxyType

from bellwire_schemas.names import RequestStatus as Status

__all__ = ["BEGUN", "CANCELLABLE", "CLOSED", "OPERATOR_MOVES", "Status", "label"]

_LABELS = {
    Status.TO_BE_SCHEDULED: "To Be Scheduled",
    Status.SCHEDULED: "Scheduled",
    Status.NOT_STARTED: "Not Started",
    Status.IN_PROGRESS: "In Progress",
    Status.COMPLETED: "Completed",
    Status.PENDING_INPUT: "Pending Input",
    Status.DEFERRED: "Deferred",
    Status.NEW_VERSION_REQUESTED: "New Version Requested",
    Status.UNABLE_TO_COMPLETE: "Unable to Complete",
}


def label(status: Status) -> str:
    """The words people read: "To Be Scheduled"."""
    return _LABELS[status]


OPERATOR_MOVES: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.TO_BE_SCHEDULED: frozenset(
            {Status.SCHEDULED, Status.PENDING_INPUT, Status.DEFERRED, Status.UNABLE_TO_COMPLETE}
        ),
        Status.SCHEDULED: frozenset(
            {
                Status.SCHEDULED,
                Status.NOT_STARTED,
                Status.PENDING_INPUT,
                Status.DEFERRED,
                Status.UNABLE_TO_COMPLETE,
            }
        ),
        Status.NOT_STARTED: frozenset(
            {
                Status.IN_PROGRESS,
                Status.SCHEDULED,
                Status.PENDING_INPUT,
                Status.DEFERRED,
                Status.UNABLE_TO_COMPLETE,
            }
        ),
        Status.IN_PROGRESS: frozenset({Status.COMPLETED, Status.PENDING_INPUT, Status.UNABLE_TO_COMPLETE}),
        Status.PENDING_INPUT: frozenset(
            {Status.TO_BE_SCHEDULED, Status.SCHEDULED, Status.DEFERRED, Status.UNABLE_TO_COMPLETE}
        ),
        Status.DEFERRED: frozenset({Status.TO_BE_SCHEDULED, Status.SCHEDULED, Status.UNABLE_TO_COMPLETE}),
        Status.COMPLETED: frozenset(),
        Status.NEW_VERSION_REQUESTED: frozenset(),
        Status.UNABLE_TO_COMPLETE: frozenset(),
    }
)
"""What an operator may do next. From Pending Input the status it came from is allowed besides these."""

CLOSED = frozenset({Status.COMPLETED, Status.NEW_VERSION_REQUESTED, Status.UNABLE_TO_COMPLETE})
"""Nothing more happens to a request in one of these; its district may delete it."""

BEGUN = frozenset({Status.NOT_STARTED, Status.IN_PROGRESS})
"""Work has begun (pulled from the queue): no newer request supersedes it, group members move singly."""

CANCELLABLE = frozenset({Status.TO_BE_SCHEDULED, Status.SCHEDULED})
"""A contact may still take the request back."""
