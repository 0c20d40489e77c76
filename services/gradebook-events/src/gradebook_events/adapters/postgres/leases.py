"""The lease of an import, held within each transaction that writes for it: who has lost it writes nothing."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from bellwire_kit.postgres import Connection, Pool, load_queries

from gradebook_events.import_ports import Job, LeaseLost, Progress

_queries = load_queries(Path(__file__).with_name("import_queries.sql"))

LEASE = timedelta(seconds=60)


def held(status: str) -> None:
    """Raise `LeaseLost` unless a command's tag names a row."""
    if status.endswith(" 0"):
        raise LeaseLost


def scope_of(job: Job) -> dict[str, Any]:
    """Return the columns that every table has."""
    return {
        "district_id": job.publisher.source.district_id,
        "environment": job.publisher.source.environment.value,
    }


def counts_of(progress: Progress) -> Mapping[str, Any]:
    """Return the counts as they are kept and shown."""
    return {"files": progress.files, "events": progress.events}


async def hold(connection: Connection | Pool, job: Job) -> None:
    """Keep the lease; in a transaction the import is locked until its end, so that nobody takes it over meanwhile.

    Raises `LeaseLost`.
    """
    held(await _queries.hold_lease(connection, import_id=job.import_id, owner=job.owner, lease=LEASE))


async def write_progress(connection: Connection | Pool, job: Job, progress: Progress) -> None:
    """Write how far an import has come, and keep the lease. Raises `LeaseLost`."""
    kept = await _queries.set_progress(
        connection,
        import_id=job.import_id,
        owner=job.owner,
        counts=counts_of(progress),
        faults=progress.faults,
        staged=[file.value for file in progress.staged],
        lease=LEASE,
    )
    held(kept)
