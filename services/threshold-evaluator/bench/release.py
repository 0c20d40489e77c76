"""Measure the release of alerts that are all due at one minute, urgent first, and the API beside a running stream.

`python services/threshold-evaluator/bench/release.py --alerts 100000`, with KAFKA_BOOTSTRAP_SERVERS and
DATABASE_URL (a server on which a database may be made). Other programs call `measure_release(...)`.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from bellwire_kit.clock import ManualClock
from bellwire_kit.memory import calm_collector
from bellwire_kit.postgres import Pool, migrate, open_pool
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.settings import StreamSettings
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore
from threshold_evaluator.release import Pace, Release

sys.path.insert(0, str(Path(__file__).parent))
from measure import NOW, SCHEMA, OwnTopics, _database, _drop
from traffic import fill

DUE = NOW.replace(hour=11)  # 06:00 in Chicago: the end of everybody's quiet hours

_HELD = """
insert into states (district_id, environment, student_id, thing, thing_id, school_id, calendar_id, modified_at,
                    seen, memory, data, deleted)
select 'bench', 'production', 'student-' || n, case when n % 10 = 0 then 'attendance' else 'assignments' end,
       'thing-' || n, 'school-' || n % 50, 'cal', $1, 'e-' || n,
       case when n % 10 = 0 then '[false,"absent","unknown","2026-10-14"]'
            else '[false,"none","0","",["missing"]]' end,
       case when n % 10 = 0 then '{"status":"absent","date":"2026-10-14","course_name":"Algebra I"}'
            else '{"title":"Chapter quiz","course_name":"Algebra I"}' end::jsonb, false
from generate_series(0, $3::int - 1) n;
insert into user_counters (district_id, environment, user_id)
select 'bench', 'production', who || n from generate_series(0, $3::int - 1) n, (values ('parent-'), ('child-')) w(who);
select ensure_day($2::date);
insert into effective_settings select $2::date, '00000000-0000-0000-0000-000000000001', '{}';
create temporary table made on commit drop as
select gen_random_uuid() as alert_id, who || n as user_id, n
from generate_series(0, $3::int - 1) n, (values ('parent-'), ('child-')) w(who);
insert into decisions (day, alert_id, district_id, environment, user_id, student_id, event_id, thing, kinds, outcome,
    reason, due_at, open_gates, verdicts, settings_id, decided_at)
select $2::date, alert_id, 'bench', 'production', user_id, 'student-' || n, 'e-' || n, 'assignments',
       '{assignment.missing}', 'hold', 'quiet_hours', $2, 127, '{}', '00000000-0000-0000-0000-000000000001', $1
from made;
insert into due_alerts (alert_id, district_id, environment, user_id, student_id, thing, thing_id, school_id,
    calendar_id, kinds, event_source, event_id, day, memory_before, modified_at, accepted_at, first_at, grace_until,
    due_at, wake_at, hold, delivery, in_inbox, urgency, phase)
select alert_id, 'bench', 'production', user_id, 'student-' || n,
       case when n % 10 = 0 then 'attendance' else 'assignments' end, 'thing-' || n, 'school-' || n % 50, 'cal',
       case when n % 10 = 0 then '{attendance.marked}' else '{assignment.missing}' end::text[],
       '/districts/bench/production', 'e-' || n, $2::date, '', $1, $1, $1, $1, $2, $2, 'quiet', 'immediate', true,
       case when n % 10 = 0 then 0 else 1 end, 'held'
from made;
analyze
"""


@dataclass(frozen=True)
class ReleaseFigures:
    """What one release measured. `urgent_seconds`: until the last urgent alert; CPU is of this process."""

    alerts: int
    seconds: float
    cpu_seconds: float
    urgent: int
    urgent_seconds: float
    urgent_first: bool
    memory_mb: int

    @property
    def per_second(self) -> float:
        """Alerts a second of wall time."""
        return self.alerts / self.seconds


async def held(pool: Pool, alerts: int) -> None:
    """Fill an empty database with a district and two alerts a student, all due at `DUE`, a tenth urgent."""
    await fill(pool, alerts // 2)
    first = "timestamptz '" + (DUE - timedelta(hours=6)).isoformat() + "'"
    script = _HELD.replace("$1", first).replace("$2", f"timestamptz '{DUE.isoformat()}'")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(script.replace("$3", str(alerts // 2)), timeout=600)


async def measure_release(
    bootstrap: str, database: str, *, alerts: int = 100_000, batch: int = 1_000, per_second: float = 1e9
) -> ReleaseFigures:
    """Time one worker from the minute at which all are due until all are acknowledged by the broker."""
    prefix = f"release{uuid.uuid4().hex[:8]}."
    topic = f"{prefix}bellwire.alerts.v1"
    streams = StreamSettings(bootstrap_servers=bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 6, 1)])
    url = await _database(database, prefix[:-1])
    await asyncio.to_thread(migrate, url, SCHEMA, Path(str(files("threshold_evaluator") / "migrations")))
    try:
        async with open_pool(url, SCHEMA, maximum=8) as pool, open_producer(streams) as raw:
            await held(pool, alerts)
            clock = ManualClock(DUE - timedelta(minutes=1))
            pace = Pace(batch, per_second=per_second, idle_seconds=0.01)
            release = Release(PostgresStore(pool), OwnTopics(raw, prefix), clock, pace)
            assert await release.once() == 0, "nothing is due a minute before"
            calm_collector()  # as `python -m threshold_evaluator run` does
            clock.set(DUE)
            started, cpu, urgent_seconds = time.perf_counter(), time.process_time(), 0.0
            released = 0
            while count := await release.once():
                released += count
                if released >= alerts // 10 and not urgent_seconds:
                    urgent_seconds = time.perf_counter() - started
            seconds, used = time.perf_counter() - started, time.process_time() - cpu
            assert released == alerts, f"{released} of {alerts}"
            order = await _order(bootstrap, topic, alerts)
            return ReleaseFigures(
                alerts,
                seconds,
                used,
                alerts // 10,
                urgent_seconds,
                order,
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            )
    finally:
        await admin.delete_topics([topic])
        await admin.close()
        await _drop(database, prefix[:-1])


async def _order(bootstrap: str, topic: str, alerts: int) -> bool:
    """Read the topic back: in each partition all urgent alerts stand before the others, and none is missing."""
    reader = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await reader.start()
    try:
        ids: set[str] = set()
        bulk: set[int] = set()
        in_order = True
        while len(ids) < alerts:
            for part, batch in (await reader.getmany(timeout_ms=5_000, max_records=5_000)).items():
                for record in batch:
                    alert = json.loads(record.value)
                    ids.add(alert["alert_id"])
                    if alert["urgency"] != "urgent":
                        bulk.add(part.partition)
                    elif part.partition in bulk:
                        in_order = False
        return in_order
    finally:
        await reader.stop()


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1_000)
    options = parser.parse_args()
    figures = uvloop.run(
        measure_release(
            os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            os.environ["DATABASE_URL"],
            alerts=options.alerts,
            batch=options.batch,
        )
    )
    print(json.dumps({**asdict(figures), "per_second": round(figures.per_second)}))


if __name__ == "__main__":
    main()
