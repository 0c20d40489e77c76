"""The pages' whole store: what they look at and the little they keep (pages.ports)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from update_scheduler.adapters.postgres.pages.looking import PAGES, PostgresLooking
from update_scheduler.adapters.postgres.queue import all_rows
from update_scheduler.pages.ports import Feed
from update_scheduler.ports import MISSING, Missing


class PostgresPages(PostgresLooking):
    """Preferences and feeds, besides what is looked at."""

    async def hides_complete(self, role: str, user_id: str, district_id: str) -> bool:  # noqa: D102
        return bool(await PAGES.hides_complete(self._p, role=role, user_id=user_id, district_id=district_id))

    async def hide_complete(  # noqa: D102
        self, role: str, user_id: str, district_id: str, *, hide: bool
    ) -> None:
        await PAGES.set_hide_complete(self._p, role=role, user_id=user_id, district_id=district_id, hide=hide)

    async def add_feed(self, feed: Feed, digest: bytes) -> None:  # noqa: D102
        await PAGES.insert_feed(
            self._p,
            id=feed.id,
            token_digest=digest,
            name=feed.name,
            role=feed.role,
            user_id=feed.user_id,
            district_id=feed.district_id,
            created_at=feed.created_at,
        )

    async def feeds(self, role: str, user_id: str, district_id: str) -> Sequence[Feed]:  # noqa: D102
        found = await all_rows(PAGES.feeds_of(self._p, role=role, user_id=user_id, district_id=district_id))
        return [_feed(r) for r in found]

    async def feed(self, digest: bytes) -> Feed | Missing:  # noqa: D102
        row = await PAGES.feed_by_digest(self._p, token_digest=digest)
        return MISSING if row is None else _feed(row)

    async def revoke_feed(  # noqa: D102
        self, feed_id: UUID, role: str, user_id: str, district_id: str, at: datetime
    ) -> bool:
        done = await PAGES.revoke_feed(
            self._p, id=feed_id, role=role, user_id=user_id, district_id=district_id, at=at
        )
        return not str(done).endswith(" 0")


def _feed(r: Mapping[str, Any]) -> Feed:
    return Feed(
        r["id"], r["name"], r["role"], r["user_id"], r["district_id"], r["created_at"], r["revoked_at"]
    )
