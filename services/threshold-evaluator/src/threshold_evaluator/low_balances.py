"""What users were told of low lunch balances, as the timer needs it (product.md section 3, "lunch")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bellwire_schemas.source import Source

from threshold_evaluator.domain.reminders import LowBalance


@dataclass(frozen=True, slots=True)
class Looked:
    """When to look again at what a user was told of an account."""

    source: Source
    account_id: str
    user_id: str
    at: datetime


class ReminderTables(Protocol):
    """What users were told of low balances, inside one transaction."""

    async def low_balances(self, now: datetime, limit: int) -> Sequence[LowBalance]:
        """Return what is to be looked at by now, each with the states that its user may see.

        What has none is put off.
        """

    async def look_again(self, looked: Sequence[Looked]) -> None:
        """Note when to look next."""
