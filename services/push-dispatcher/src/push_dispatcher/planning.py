"""What one batch of alerts comes to: rows to write, and the jobs of those with room in memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from push_dispatcher.candidates import Candidate
from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.delivery import SEND, End, Ruling, Send, State
from push_dispatcher.domain.job import Job
from push_dispatcher.ports.rows import NewRow
from push_dispatcher.prepare import Messages, job_of

HOLD_SECONDS = 0.5
"""How long a held row waits before it is looked at again."""


@dataclass(slots=True)
class Plan:
    """Rows to write, and jobs that may begin once their rows are committed."""

    rows: list[NewRow] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)

    def leave(self, known: Collection[UUID]) -> None:
        """Take rows out that the database has already, and their jobs."""
        self.rows = [row for row in self.rows if row.delivery_id not in known]
        self.jobs = [job for job in self.jobs if job.delivery_id not in known]


@dataclass(frozen=True, slots=True)
class Lease:
    """How long new rows are this process's: `ends` is a monotonic second, not after the database's end."""

    seconds: float
    ends: float


def planned(
    candidates: Sequence[Candidate],
    rulings: Mapping[UUID, Ruling],
    badges: Mapping[UserKey, int],
    room_in: Callable[[str], int],
    lease: Lease,
    now: datetime,
) -> Plan:
    """Settle each candidate's state, wait and lease; `room_in(lane)` says how many jobs it would take.

    A device without a ruling has nothing else that waits: its row goes. `now` is product time.
    """
    plan = Plan()
    room: dict[str, int] = {}
    real_now = datetime.now(UTC)
    messages = Messages(now)
    for row, device in candidates:
        plan.rows.append(row)
        if row.state is not State.QUEUED:
            continue
        ruling = rulings.get(row.delivery_id, SEND)
        if type(ruling) is End:
            row.state = ruling.state
            continue
        if type(ruling) is not Send:
            row.wait_seconds = max(row.wait_seconds, HOLD_SECONDS)
        else:
            row.as_summary = ruling.as_summary
        if device.spare_until > real_now:
            row.wait_seconds = max(row.wait_seconds, (device.spare_until - real_now).total_seconds())
        left = room.get(row.lane)
        if left is None:
            left = room_in(row.lane)
        if row.wait_seconds <= 0 and left > 0:
            left -= 1
            row.lease_seconds = lease.seconds
            badge = badges.get(row.user, row.unseen)
            plan.jobs.append(job_of(messages.of(row, device, badge), row, device, lease.ends, now))
        room[row.lane] = left
    return plan
