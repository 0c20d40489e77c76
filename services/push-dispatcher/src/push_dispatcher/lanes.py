"""Every provider's lane of this process."""

from collections.abc import Collection, Iterable, Iterator
from uuid import UUID

from push_dispatcher.domain.job import Job
from push_dispatcher.lane import Lane


class Lanes:
    """Every lane of this process, by name; a lane that is not configured takes nothing."""

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self._lanes = {lane.name: lane for lane in lanes}

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def room(self, lane: str) -> int:
        """How many jobs the lane would take."""
        known = self._lanes.get(lane)
        return known.room() if known is not None else 0

    def put(self, jobs: Iterable[Job]) -> None:
        """Queue each job in its lane."""
        by_lane: dict[str, list[Job]] = {}
        for job in jobs:
            by_lane.setdefault(job.lane, []).append(job)
        for name, of_lane in by_lane.items():
            self._lanes[name].put(of_lane)

    def recall(self, delivery_ids: Collection[UUID]) -> list[Job]:
        """Take back jobs that were not begun, from whichever lane."""
        if not delivery_ids:
            return []
        return [job for lane in self._lanes.values() for job in lane.recall(delivery_ids)]
