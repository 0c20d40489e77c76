"""What a pulling runtime reads from: partitions of a group, assigned and taken away at any await."""

import asyncio
from typing import Protocol

from bellwire_kit.streams.settling import Batch


class OpenFailed(Exception):
    """The broker or a topic is not there yet."""


class FetchFailed(Exception):
    """The broker's answer could not be used this time."""


class CommitLost(Exception):
    """The partitions have gone to another worker: it reads the batch again."""


class Source(Protocol):
    """The partitions that one worker of a group reads, behind the loop that all pulling runtimes share."""

    @property
    def handing_over(self) -> asyncio.Lock:
        """Held around handle-and-commit, never around `fetch`; a rebalance takes it before it goes on."""

    @property
    def assignment(self) -> int:
        """The number of the present assignment; a batch of another number is not ours any more."""

    @property
    def ready(self) -> bool:
        """Whether partitions are assigned and the broker answers."""

    async def open(self) -> None:
        """Join the group. Raises `OpenFailed` (try again) or `StreamUnavailable` (pointless)."""

    async def fetch(self) -> Batch | None:
        """The next records, or None after a short wait. Raises `FetchFailed` or `StreamUnavailable`."""

    async def commit(self, batch: Batch) -> None:
        """Commit the batch's ends. Raises `CommitLost`."""

    async def close(self) -> None:
        """Leave the group; commits nothing."""
