"""Settings documents of users, and what decides about them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Connection, Pool
from bellwire_schemas.names import PortalRole, Role

from threshold_evaluator.adapters.postgres.decide.people import district_of, school_of
from threshold_evaluator.adapters.postgres.portal.reading.queries import of
from threshold_evaluator.adapters.postgres.portal.writing.queries import writing_queries
from threshold_evaluator.api.settings import Decide, Standing
from threshold_evaluator.domain.documents import read_user
from threshold_evaluator.domain.roster import Watcher
from threshold_evaluator.domain.settings import JSON, UserDocuments


# Resolving is cached by identity: the same stored text gives the same object, one with the evaluator's, so
# that reading settings again adds nothing to that cache.
@lru_cache(maxsize=5_000)
def documents_of(own: str, of_student: str) -> UserDocuments:
    """Return a user's documents, one object a text."""
    return read_user(orjson.loads(own), orjson.loads(of_student))


class PostgresSettings:
    """See `threshold_evaluator.api.settings.SettingsTables`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def standing(self, caller: Caller, student_id: str) -> Sequence[Standing]:
        """See `SettingsTables.standing`."""
        async with self._pool.acquire() as connection:
            return await _read(connection, caller, student_id)

    async def documents(self, caller: Caller) -> Mapping[str, JSON]:
        """See `SettingsTables.documents`."""
        rows = writing_queries().documents(self._pool, **of(caller))
        return {row["student_id"]: orjson.loads(row["document"]) async for row in rows}

    async def change(self, caller: Caller, student_id: str, decide: Decide) -> Sequence[Standing]:
        """See `SettingsTables.change`."""
        queries, scope = writing_queries(), of(caller)
        async with self._pool.acquire() as connection, connection.transaction():
            found = await _read(connection, caller, student_id)
            if not found:
                return ()
            await queries.lock_document(connection, **scope, student_id=student_id)
            [stands] = await _read(connection, caller, student_id)
            document = decide(stands)
            if document == stands.document:
                return (stands,)
            await queries.store_document(
                connection, **scope, student_id=student_id, document=orjson.dumps(document).decode()
            )
            await queries.request_recalculation(
                connection,
                district_id=scope["district_id"],
                environment=scope["environment"],
                scope="user",
                scope_id=caller.user_id,
            )
            return await _read(connection, caller, student_id)


async def _read(connection: Connection, caller: Caller, student_id: str) -> Sequence[Standing]:
    row = await writing_queries().standing(connection, **of(caller), student_id=student_id)
    if row is None:
        return ()
    return (_standing(caller, row, student_id),)


def _standing(caller: Caller, row: Mapping[str, Any], student_id: str) -> Standing:
    source = caller.source
    documents = documents_of(row["own"], row["of_student"])
    spoken = PortalRole.STUDENT if caller.role is Role.STUDENT else PortalRole.GUARDIAN
    return Standing(
        district=district_of(
            source,
            row["district_name"],
            row["district_zone"],
            row["district_settings"],
            row["district_version"],
        ),
        school=school_of(
            source,
            row["school_id"],
            row["school_name"],
            row["school_zone"],
            row["school_bell"],
            row["school_settings"],
            row["school_version"],
        ),
        watcher=Watcher(
            user_id=caller.user_id,
            role=PortalRole(row["role"]) if row["role"] else spoken,
            portal=True,
            locale=row["locale"] or "",
            timezone=row["timezone"] or "",
            documents=documents,
        ),
        document=documents.of_student if student_id else documents.own,
    )
