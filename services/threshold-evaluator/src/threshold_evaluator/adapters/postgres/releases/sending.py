"""Held alerts that go, written on the connection of one transaction."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from bellwire_kit.postgres import Connection, load_queries

from threshold_evaluator.adapters.postgres.decide.rows import kinds_text, packed
from threshold_evaluator.domain.due import NEVER, DueAlert
from threshold_evaluator.ports import Spoken


@cache
def _queries() -> Any:
    return load_queries(Path(__file__).with_name("queries.sql"))


def is_release(one: Spoken) -> bool:
    """Whether it is of alerts that stand in the table; what an event makes is new."""
    return not one.detected


async def send(connection: Connection, spoken: Sequence[Spoken]) -> None:
    """Note alerts that were held and go now: themselves, or in their summary."""
    going = sorted([each for one in spoken for each in one.going], key=lambda each: each.due.alert_id.int)
    if not going:
        return
    dues = [each.due for each in going]
    await _queries().send_due(
        connection,
        in_inbox=True,
        **packed(
            {
                "alert_ids": [due.alert_id.hex for due in dues],
                "kinds": [kinds_text(due.kinds) for due in dues],
                "due": [due.due_at.isoformat() for due in dues],
                "deliveries": [due.delivery.value for due in dues],
                "capped": ["" if due.capped_at == NEVER else due.capped_at.isoformat() for due in dues],
                "mandatory": ["t" if due.mandatory else "f" for due in dues],
                "sent_as": [each.sent_as.hex for each in going],
                "send_before": [each.send_before.isoformat() for each in going],
            }
        ),
    )


async def settle(
    connection: Connection, rows: Sequence[tuple[DueAlert, str, UUID, int]], at: datetime
) -> None:
    """Note what became of decisions: (alert, what, the alert that carried it, the gates that stood open)."""
    await _queries().settle(
        connection,
        at=at,
        **packed(
            {
                "days": [due.decided_at.date().isoformat() for due, *_ in rows],
                "alert_ids": [due.alert_id.hex for due, *_ in rows],
                "became": [became for _, became, *_ in rows],
                "sent_as": [sent_as.hex for _, _, sent_as, _ in rows],
                "gates": [str(gates) for *_, gates in rows],
            }
        ),
    )
