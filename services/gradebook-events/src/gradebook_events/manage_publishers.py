"""Make, rotate and revoke publishers: the secret is shown once and only its hash is kept."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bellwire_kit.auth import Caller
from bellwire_kit.clock import Clock
from bellwire_kit.web.problems import not_found

from gradebook_events.authenticate import Authenticator
from gradebook_events.domain.publishers import Publisher, PublisherKey
from gradebook_events.ports import AuditLine, Publishers


def new_id() -> str:
    """Return 16 random characters of a-z and 2-7."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


def new_key() -> PublisherKey:
    """Return a new key with 32 random bytes of secret."""
    return PublisherKey(new_id(), secrets.token_urlsafe(32))


class ManagePublishers:
    """What a district's administrator does with its publishers."""

    def __init__(self, publishers: Publishers, authenticator: Authenticator, clock: Clock) -> None:
        self._publishers = publishers
        self._authenticator = authenticator
        self._clock = clock

    def _line(self, caller: Caller, action: str, publisher_id: str) -> AuditLine:
        actor = f"{caller.role.value}:{caller.user_id}"
        return AuditLine(caller.source, self._clock.now(), actor, action, {"publisher": publisher_id})

    async def create(
        self, caller: Caller, name: str, *, agents_have_portal: bool
    ) -> tuple[Publisher, PublisherKey, datetime]:
        """Make a publisher for the caller's district and environment, with its first key."""
        publisher, key = Publisher(new_id(), caller.source), new_key()
        line = self._line(caller, "publisher.created", publisher.publisher_id)
        await self._publishers.create(publisher, name, agents_have_portal, key, line)
        return publisher, key, line.at

    async def check(self, caller: Caller, publisher_id: str) -> None:
        """Raises `Problem` 404 unless the caller's district has such a publisher, revoked or not."""
        if not await self._publishers.exists(caller.source, publisher_id):
            raise not_found("publisher")

    async def rotate(self, caller: Caller, publisher_id: str, overlap: timedelta) -> PublisherKey:
        """Give a publisher a new key; the ones it has hold for the overlap. Raises `Problem` 404."""
        key = new_key()
        line = self._line(caller, "publisher.rotated", publisher_id)
        ended = await self._publishers.rotate(caller.source, publisher_id, key, overlap, line)
        if ended is None:
            raise not_found("publisher")
        self._authenticator.forget(ended)
        return key

    async def revoke(self, caller: Caller, publisher_id: str) -> None:
        """End a publisher; its keys stop here at once, elsewhere in seconds. Raises `Problem` 404."""
        line = self._line(caller, "publisher.revoked", publisher_id)
        ended = await self._publishers.revoke(caller.source, publisher_id, line)
        if ended is None:
            raise not_found("publisher")
        self._authenticator.forget(ended)

    async def page(
        self, caller: Caller, after: tuple[datetime, str], count: int
    ) -> Sequence[Mapping[str, Any]]:
        """Return publishers of the caller's district and environment, oldest first."""
        return await self._publishers.page(caller.source, after, count)
