"""What the wave planner looks at."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from update_scheduler.ports import Missing, Queue
from update_scheduler.roll_out import Rollout, RolloutBook, RolloutSite


class RolloutView(Protocol):
    """What the page looks at, and the transactions of the use cases."""

    def begin(self) -> AbstractAsyncContextManager[tuple[Queue, RolloutBook]]:
        """One transaction on the queue and the book."""

    async def newest(self, limit: int, after: tuple[datetime, UUID] | None = None) -> Sequence[Rollout]:
        """Rollouts, newest first; `after` is the last one of the page before."""

    async def one(self, rollout_id: UUID) -> Rollout | Missing:
        """A rollout."""

    async def sites(self, rollouts: Collection[UUID]) -> Mapping[UUID, Sequence[RolloutSite]]:
        """The districts of rollouts."""

    async def cloud_districts(self) -> Sequence[str]:
        """All districts with a cloud production site."""
