"""Two processes and one import: who has lost the lease writes nothing, and nothing that waits is forgotten."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from gradebook_events.adapters.postgres.derivation import PostgresDerivation
from gradebook_events.adapters.postgres.imports import PostgresImports
from gradebook_events.adapters.postgres.staging import PostgresStaging
from gradebook_events.domain.oneroster.names import FileName, Mode
from gradebook_events.import_jobs import MOST_ATTEMPTS
from gradebook_events.import_ports import Job, LeaseLost
from gradebook_events.receive_package import MOST_OPEN

from ..conftest import Running, Starter, bearer
from ..packages import dated, package, roster


async def submitted(running: Running, key: str, body: bytes) -> str:
    answer = await running.client.post("/v1/imports/oneroster", data=body, headers=bearer(key))
    assert answer.status == 202, await answer.text()
    return str((await answer.json())["id"])


async def taken(running: Running, import_id: str) -> Job:
    """Lease this import, as a process of its own does; others of the shared database are given back."""
    jobs, owner, others = PostgresImports(running.pool), uuid4(), []
    while True:
        job = await jobs.claim(owner)
        assert job is not None
        if str(job.import_id) == import_id:
            break
        others.append(job)
    for other in others:
        await jobs.release(other, timedelta(), blameless=True)
    return job


async def expire(running: Running, import_id: str) -> None:
    await running.pool.execute(
        "update imports set leased_until = '-infinity' where import_id = $1", import_id
    )


async def test_who_has_lost_the_lease_writes_nothing(start: Starter) -> None:
    async with start(worker=False) as running:
        _, key = await running.publisher()
        import_id = await submitted(running, key, package(roster()))
        late = await taken(running, import_id)
        await expire(running, import_id)
        heir = await taken(running, import_id)
        jobs, staging = PostgresImports(running.pool), PostgresStaging(running.pool)
        derivation = PostgresDerivation(running.pool)
        for write in (
            jobs.hold(late),
            jobs.begin_file(late, FileName.USERS),
            jobs.progress(late, late.progress),
            jobs.wait(late, 1),
            jobs.finish(late, "completed", "", running.clock.now()),
            staging.prepare(late, 1),
            derivation.clean(late),
            derivation.keep(late, (), 1, (), late.progress),
        ):
            with pytest.raises(LeaseLost):
                await write
        await jobs.release(late, timedelta(), blameless=True)
        await jobs.hold(heir)
        row = await running.pool.fetchrow("select status, stage from imports where import_id = $1", import_id)
        assert (row["status"], row["stage"]) == ("running", "staging")


async def test_of_one_publisher_one_import_is_worked_on(start: Starter) -> None:
    async with start(worker=False) as running:
        _, key = await running.publisher()
        first = await submitted(running, key, package(roster()))
        second = await submitted(running, key, package(roster()))
        await taken(running, first)
        found = []
        jobs = PostgresImports(running.pool)
        while (job := await jobs.claim(uuid4())) is not None:
            found.append(job)
        for job in found:
            await jobs.release(job, timedelta(), blameless=True)
        assert second not in {str(job.import_id) for job in found}


async def test_an_import_that_ends_its_process_again_and_again_is_failed(start: Starter) -> None:
    async with start(worker=False) as running:
        _, key = await running.publisher()
        import_id = await submitted(running, key, package(roster()))
        for _ in range(MOST_ATTEMPTS):
            await taken(running, import_id)
            await expire(running, import_id)
        async with start() as heir:
            done: dict[str, Any] = await heir.finished(f"/v1/imports/{import_id}", key)
        assert done["status"] == "failed"
        assert "attempts" in done["failure"]


async def test_attempts_that_were_given_back_are_not_counted(start: Starter) -> None:
    async with start(worker=False) as running:
        _, key = await running.publisher()
        import_id = await submitted(running, key, package(roster()))
        jobs = PostgresImports(running.pool)
        for _ in range(MOST_ATTEMPTS + 2):
            await jobs.release(await taken(running, import_id), timedelta(), blameless=True)
        async with start() as heir:
            assert (await heir.finished(f"/v1/imports/{import_id}", key))["status"] == "completed"


async def test_an_overtaken_import_leaves_no_package(running: Running) -> None:
    _, key = await running.publisher()
    rows = roster()
    await running.upload(key, package(rows))
    fewer = {**rows, FileName.RESULTS: [], FileName.ENROLLMENTS: rows[FileName.ENROLLMENTS][:1]}
    waiting = await running.upload(key, package(fewer))
    assert waiting["status"] == "waiting_for_confirmation"
    delta = dated({FileName.RESULTS: rows[FileName.RESULTS][:1]}, "2026-03-04T10:00:00Z")
    await running.upload(key, package(delta, Mode.DELTA))
    answer = await running.client.get(f"/v1/imports/{waiting['id']}", headers=bearer(key))
    assert (await answer.json())["status"] == "superseded"
    chunks = await running.pool.fetchval(
        "select count(*) from import_chunks where district_id = $1", running.district
    )
    assert chunks == 0


async def test_imports_that_have_not_ended_are_bounded(start: Starter) -> None:
    async with start(worker=False) as running:
        _, key = await running.publisher()
        delta = package(dated({FileName.RESULTS: []}), Mode.DELTA)
        for _ in range(MOST_OPEN):
            await submitted(running, key, delta)
        answer = await running.client.post("/v1/imports/oneroster", data=delta, headers=bearer(key))
        assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
        await running.pool.execute("delete from imports where district_id = $1", running.district)
