"""What product time sets going: reminders, looked for every few seconds in one process at a time."""

from collections.abc import Callable

from bellwire_kit import faults
from bellwire_kit.postgres import Connection

from update_scheduler.adapters.postgres.queue import PostgresQueue
from update_scheduler.remind import Remind

_LOOK_EVERY = 2.0


class ReminderDrain:
    """One look at what is due, in one transaction."""

    def __init__(self, remind: Remind) -> None:
        self._remind = remind

    async def __call__(self, connection: Connection, stopping: Callable[[], bool]) -> float:
        """Put what is due into the mail outbox; return the seconds until the next look."""
        async with connection.transaction():
            await self._remind(PostgresQueue(connection))
            faults.point("update_scheduler.remind.before_commit")
        return _LOOK_EVERY
