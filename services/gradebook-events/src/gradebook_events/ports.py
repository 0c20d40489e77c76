"""What the door and its keys need from outside: protocols, and the values that cross them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bellwire_schemas.source import Source

from gradebook_events.domain.publishers import Publisher, PublisherKey


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key that holds now: the hash of its secret and whose it is."""

    digest: bytes
    publisher: Publisher


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """No such key, or one that was revoked or has expired."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what, ids only; `detail` holds no personal data."""

    source: Source
    at: datetime
    actor: str
    action: str
    detail: Mapping[str, str | int]


class Keys(Protocol):
    """Where keys are looked up."""

    async def find(self, key_id: str) -> KeptKey | UnknownKey:
        """Return the key of that id, if it holds now."""
        ...


class Audit(Protocol):
    """Where audit lines go."""

    async def write(self, lines: Sequence[AuditLine]) -> None:
        """Keep the lines, in one statement."""


class Publishers(Protocol):
    """Publishers of a district, as its administrators see them."""

    async def create(
        self, publisher: Publisher, name: str, agents_have_portal: bool, key: PublisherKey, line: AuditLine
    ) -> None:
        """Keep a new publisher with its first key and the audit line, in one transaction."""

    async def exists(self, source: Source, publisher_id: str) -> bool:
        """Say whether the district has such a publisher, revoked or not."""
        ...

    async def rotate(
        self, source: Source, publisher_id: str, key: PublisherKey, overlap: timedelta, line: AuditLine
    ) -> Sequence[str] | None:
        """Add a key and let the others expire; return the ids of those, or None for no such publisher."""

    async def revoke(self, source: Source, publisher_id: str, line: AuditLine) -> Sequence[str] | None:
        """End a publisher and its keys; return the ids of those, or None for no such publisher."""

    async def page(
        self, source: Source, after: tuple[datetime, str], count: int
    ) -> Sequence[Mapping[str, Any]]:
        """Return publishers of a district after a place in the list."""
