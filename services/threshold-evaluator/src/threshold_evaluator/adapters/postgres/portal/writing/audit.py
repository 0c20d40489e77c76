"""Audit lines, in the transaction of what they tell of."""

from bellwire_kit.auth import Caller
from bellwire_kit.postgres import Connection

from threshold_evaluator.adapters.postgres.portal.writing.queries import place_of, writing_queries
from threshold_evaluator.api.audit import AuditLine


async def write_line(connection: Connection, caller: Caller, line: AuditLine) -> None:
    """Write one line."""
    await writing_queries().add_audit_line(
        connection,
        **place_of(caller),
        at=line.at,
        actor_id=caller.user_id,
        actor_role=caller.role.value,
        action=line.action,
        subject_kind=line.subject_kind,
        subject_id=line.subject_id,
        event_id=line.event_id,
        pointers=list(line.pointers),
    )
