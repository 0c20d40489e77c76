"""Deliveries per second beside a bare pyreqwest loop to the same server, in one run, for APNs and for FCM.

`measure(database_url, described, kafka)` is what `make bench` calls; `described` is the simulators'
providers.json. By hand: `python services/push-dispatcher/bench/throughput.py DATABASE_URL providers.json
[profile.txt]`; with KAFKA_BOOTSTRAP_SERVERS set, results are told to that broker, else to one in memory.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import uvloop
from bellwire_kit.clock import SystemClock
from bellwire_kit.memory import calm_collector
from bellwire_kit.postgres import migrate, open_pool
from bellwire_kit.streams.memory import MemoryBroker
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.protocol import Producer, Record
from bellwire_kit.streams.settings import StreamSettings
from bellwire_schemas.alerts import AlertRequested, AlertText
from bellwire_schemas.catalogue import ALERT_REQUESTED
from bellwire_schemas.envelope import CloudEvent, to_kafka
from bellwire_schemas.ids import alert_id, slot_id
from bellwire_schemas.keys import user_key
from bellwire_schemas.names import Area, Environment, Group, Kind, Privacy, Urgency
from bellwire_schemas.source import Source
from bellwire_schemas.topics import ALERTS
from push_dispatcher.adapters.apns.provider_token import ProviderToken, load_signing_key
from push_dispatcher.adapters.fcm.oauth import AccessToken, load_service_account
from push_dispatcher.adapters.http2 import Http2Settings, open_client
from push_dispatcher.adapters.postgres.rows import digest
from push_dispatcher.adapters.postgres.store import PostgresStore
from push_dispatcher.app import MIGRATIONS, SCHEMA, compose, open_providers
from push_dispatcher.settings import Settings
from pyinstrument import Profiler

BATCH = 500
IN_FLIGHT = 100


@dataclass(frozen=True, slots=True)
class Figures:
    """Rates per second: the bare loop, and deliveries from an alert record to a written result.

    The `_cpu` ones are this process's CPU microseconds a delivery: they hold on a busy machine too.
    """

    provider: str
    bare: float
    dispatcher: float
    bare_cpu: float
    dispatcher_cpu: float

    @property
    def share(self) -> float:
        """What the dispatcher reaches of the bare loop."""
        return self.dispatcher / self.bare

    def __str__(self) -> str:
        return (
            f"{self.provider:4} bare pyreqwest loop {self.bare:,.0f}/s ({self.bare_cpu:.0f} us CPU each), "
            f"dispatcher {self.dispatcher:,.0f} deliveries/s ({self.dispatcher_cpu:.0f} us CPU each): "
            f"{self.share:.0%}"
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One provider: what its devices are, and the request that the bare loop sends again and again."""

    platform: str
    request: Callable[[Mapping[str, str], int], tuple[str, bytes]]
    headers: Callable[[Mapping[str, str]], Awaitable[list[tuple[str, str]]]]


def measure(
    database_url: str,
    described: Mapping[str, str],
    kafka: str = "",
    *,
    deliveries: int = 20_000,
    profile: Path | None = None,
) -> list[Figures]:
    """Measure both providers; `kafka` (host:port) tells results to a real broker, else to one in memory."""
    migrate(database_url, SCHEMA, MIGRATIONS)
    figures = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for provider, case in CASES.items():
            file = profile and profile.with_stem(f"{profile.stem}-{provider}")
            bare = runner.run(_bare(case, described, deliveries))
            full = runner.run(_dispatcher(case, database_url, described, deliveries, kafka, file))
            figures.append(Figures(provider, bare[0], full[0], bare[1], full[1]))
    return figures


def _settings(database_url: str, described: Mapping[str, str]) -> Settings:
    return Settings(
        database_url=database_url,
        kafka_bootstrap_servers="unused",
        apns_url=described["apns"],
        apns_key_file=Path(described["apns_key_file"]),
        apns_key_id=described["apns_key_id"],
        apns_team_id=described["apns_team_id"],
        apns_topic=described["apns_topic"],
        fcm_url=described["fcm"],
        fcm_token_url=described["fcm_token_url"],
        fcm_project_id=described["fcm_project_id"],
        fcm_service_account_file=Path(described["fcm_service_account_file"]),
        fcm_per_minute=6_000_000,
        fcm_ramp_seconds=0.0,
        provider_ca_file=Path(described["ca_file"]),
        provider_streams=IN_FLIGHT,
    )


def _apns_request(described: Mapping[str, str], serial: int) -> tuple[str, bytes]:
    return f"{described['apns']}/3/device/{serial:064x}", _APNS_BODY


async def _apns_headers(described: Mapping[str, str]) -> list[tuple[str, str]]:
    key = load_signing_key(Path(described["apns_key_file"]))
    token = ProviderToken(key, described["apns_key_id"], described["apns_team_id"])
    return [
        ("authorization", token.authorization()),
        ("apns-topic", described["apns_topic"]),
        ("apns-push-type", "alert"),
        ("apns-priority", "5"),
    ]


def _fcm_request(described: Mapping[str, str], serial: int) -> tuple[str, bytes]:
    url = f"{described['fcm']}/v1/projects/{described['fcm_project_id']}/messages:send"
    return url, _FCM_BODY % serial


async def _fcm_headers(described: Mapping[str, str]) -> list[tuple[str, str]]:
    account = load_service_account(Path(described["fcm_service_account_file"]), described["fcm_token_url"])
    http = Http2Settings(10.0, Path(described["ca_file"]))
    access = AccessToken(account, open_client(http, prior_knowledge=False))
    try:
        return [("authorization", await access.authorization()), ("content-type", "application/json")]
    finally:
        await access.close()


_APNS_BODY = json.dumps({"aps": {"alert": {"title": "T" * 20, "body": "B" * 60}, "badge": 1}}).encode()
_FCM_BODY = (
    b'{"message":{"token":"bench-%d","data":{"bellwire":"{}"},'
    b'"android":{"priority":"normal","notification":{"title":"TTTTTTTTTT","body":"BBBBBBBBBBBBBBBBBBBB"}}}}'
)
CASES = {
    "apns": Case("ios", _apns_request, _apns_headers),
    "fcm": Case("android", _fcm_request, _fcm_headers),
}


async def _bare(case: Case, described: Mapping[str, str], number: int) -> tuple[float, float]:
    """The least that a client can do: the same request, again and again, by workers of one connection."""
    client = open_client(Http2Settings(10.0, Path(described["ca_file"])))
    headers = await case.headers(described)
    left = iter(range(number))

    async def work() -> None:
        for serial in left:
            url, body = case.request(described, serial)
            response = await client.post(url).headers(headers).body_bytes(body).build().send()
            assert response.status == 200, response.status

    url, body = case.request(described, number)
    await client.post(url).headers(headers).body_bytes(body).build().send()
    started, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    seconds = time.perf_counter() - started
    used = time.process_time() - used
    await client.close()
    return number / seconds, used / number * 1e6


async def _dispatcher(
    case: Case, url: str, described: Mapping[str, str], number: int, kafka: str, profile: Path | None
) -> tuple[float, float]:
    source = Source(f"bench-{uuid4().hex[:8]}", Environment.PRODUCTION)
    batches = await asyncio.to_thread(_records, source, number)
    async with open_pool(url, SCHEMA, maximum=6) as pool:
        await _register(pool, source, number, case.platform)
        if kafka:
            async with open_producer(StreamSettings(bootstrap_servers=kafka)) as producer:
                return await _run(pool, url, described, producer, batches, source, profile)
        return await _run(pool, url, described, MemoryBroker().producer(), batches, source, profile)


async def _run(
    pool: asyncpg.Pool,
    url: str,
    described: Mapping[str, str],
    producer: Producer,
    batches: Sequence[Sequence[Record]],
    source: Source,
    profile: Path | None,
) -> tuple[float, float]:
    settings = _settings(url, described)
    doors = open_providers(settings)
    parts = compose(settings, PostgresStore(pool), producer, SystemClock(), doors)
    sending = asyncio.create_task(parts.sending.run())
    calm_collector()
    profiler = Profiler(async_mode="disabled")
    if profile is not None:
        profiler.start()
    started, used = time.perf_counter(), time.process_time()
    for batch in batches:
        await parts.accept(batch)
    while await pool.fetchval(_WAITING, source.district_id):
        await asyncio.sleep(0.05)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    if profile is not None:
        profiler.stop()
        await asyncio.to_thread(profile.write_text, profiler.output_text(show_all=True))
    states = await pool.fetch(_STATES, source.district_id)
    accepted = sum(row["number"] for row in states if row["state"] == "accepted")
    parts.sending.stop()
    await sending
    for door in doors.values():
        await door.close()
    await pool.execute("delete from deliveries where district_id = $1", source.district_id)
    await pool.execute("delete from devices where district_id = $1", source.district_id)
    assert accepted == sum(map(len, batches)), dict(states)
    return accepted / seconds, used / accepted * 1e6


_WAITING = "select exists(select 1 from deliveries where state = 'queued' and district_id = $1)"
_STATES = "select state, count(*) as number from deliveries where district_id = $1 group by state"


async def _register(pool: asyncpg.Pool, source: Source, number: int, platform: str) -> None:
    now = datetime.now(UTC)
    tokens = [UUID(int=uuid4().int).hex * 2 for _ in range(number)]
    names = (
        "district_id environment user_id installation_id platform app token token_digest token_kind "
        "apns_environment settings seen_at"
    )
    rows = [
        (
            source.district_id,
            source.environment.value,
            f"u{serial}",
            f"i{serial}",
            platform,
            "bellwire",
            token,
            digest(token),
            "token",
            "production",
            {},
            now,
        )
        for serial, token in enumerate(tokens)
    ]
    places = ", ".join(f"${index}" for index in range(1, 13))
    await pool.executemany(
        f"insert into devices ({', '.join(names.split())}) values ({places})",  # noqa: S608 - fixed names
        rows,
    )


def _records(source: Source, number: int) -> list[list[Record]]:
    records = [_record(source, serial) for serial in range(number)]
    return [records[start : start + BATCH] for start in range(0, number, BATCH)]


def _record(source: Source, serial: int) -> Record:
    now, user, thing = datetime.now(UTC), f"u{serial}", f"t{serial}"
    text = AlertText(title="Ana", body="Algebra I: the grade of the quarter is now 68 percent.")
    alert = AlertRequested(
        district_id=source.district_id,
        environment=source.environment,
        user_id=user,
        alert_id=alert_id(source, str(source), f"e{serial}", user),
        student_id=f"s{serial}",
        event_source=str(source),
        event_id=f"e{serial}",
        group=Group.GRADES,
        kinds=(Kind.GRADE_POSTED,),
        area=Area.GRADES,
        thing_id=thing,
        things={thing: now},
        slot=slot_id(source, user, thing),
        texts=dict.fromkeys(Privacy, text),
        summary_text=dict.fromkeys(Privacy, text),
        privacy=Privacy.FULL,
        urgency=Urgency.BULK,
        link=f"bellwire://students/s{serial}/grades/{thing}",
        send_before=now + timedelta(hours=12),
        unseen=1,
        seq=1,
        accepted_at=now,
        requested_at=now,
    )
    value, headers = to_kafka(
        CloudEvent(
            str(alert.alert_id),
            str(source),
            ALERT_REQUESTED,
            f"users/{user}",
            now,
            alert.model_dump_json().encode(),
        )
    )
    return Record(ALERTS, 0, serial, 0, user_key(source, user), value, headers)


if __name__ == "__main__":
    _, database, providers, *rest = sys.argv
    for line in measure(
        database,
        json.loads(Path(providers).read_text()),
        os.environ.get("KAFKA_BOOTSTRAP_SERVERS", ""),
        profile=Path(rest[0]) if rest else None,
    ):
        print(line)
