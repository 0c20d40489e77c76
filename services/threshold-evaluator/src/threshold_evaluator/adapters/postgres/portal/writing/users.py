"""What administrators do to users: look, and erase."""

from datetime import datetime
from uuid import uuid4

from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Pool
from bellwire_schemas.alerts import UserErased
from bellwire_schemas.catalogue import USER_ERASED

from threshold_evaluator.adapters.postgres.portal.writing.audit import write_line
from threshold_evaluator.adapters.postgres.portal.writing.erasing import erase_all
from threshold_evaluator.adapters.postgres.portal.writing.queries import place_of, writing_queries
from threshold_evaluator.api.audit import AuditLine

_URGENT = 0


class PostgresUsers:
    """See `threshold_evaluator.api.admin_users.Users`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def known(self, caller: Caller, user_id: str) -> bool:
        """See `Users.known`."""
        found: bool = await writing_queries().user_known(self._pool, **place_of(caller), user_id=user_id)
        return found

    async def note(self, caller: Caller, line: AuditLine) -> None:
        """See `Users.note`."""
        async with self._pool.acquire() as connection:
            await write_line(connection, caller, line)

    async def erase(self, caller: Caller, user_id: str, now: datetime, line: AuditLine) -> None:
        """See `Users.erase`."""
        queries, scope = writing_queries(), {**place_of(caller), "user_id": user_id}
        event = UserErased(
            district_id=caller.source.district_id, environment=caller.environment, user_id=user_id, at=now
        )
        async with self._pool.acquire() as connection, connection.transaction():
            await erase_all(connection, **scope)
            await queries.put_into_outbox(
                connection,
                **scope,
                message_id=uuid4(),
                urgency=_URGENT,
                type=USER_ERASED,
                payload=event.model_dump_json(),
            )
            await write_line(connection, caller, line)
