"""A dispatcher in this process on a real database, real providers (the simulators) and a broker in memory."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from bellwire_kit.clock import ManualClock
from bellwire_kit.postgres import migrate, open_pool
from bellwire_kit.streams.memory import MemoryBroker
from bellwire_kit.streams.protocol import Record
from bellwire_schemas.alerts import AlertRequested, AlertText
from bellwire_schemas.catalogue import ALERT_REQUESTED, ALERT_WITHDRAWN, INBOX_CHANGED, USER_ERASED
from bellwire_schemas.envelope import CloudEvent, from_kafka, to_kafka
from bellwire_schemas.fields import Contract
from bellwire_schemas.ids import slot_id
from bellwire_schemas.keys import user_key
from bellwire_schemas.names import Area, Environment, Group, Kind, Privacy, Urgency
from bellwire_schemas.source import Source
from bellwire_schemas.topics import ALERTS, DELIVERIES
from push_dispatcher.adapters.postgres.store import PostgresStore
from push_dispatcher.app import MIGRATIONS, SCHEMA, Parts, compose, open_providers
from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.device import UNNARROWED, ApnsEnvironment, DeviceSettings, Platform
from push_dispatcher.domain.payload import Token
from push_dispatcher.ports.devices import Registration
from push_dispatcher.settings import Settings

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
TABLES = "devices, deliveries, inboxes, outbox"


class Simulators:
    """The provider simulators as a process of their own; `described` is their providers.json."""

    def __init__(self, folder: Path, *, faulty: bool) -> None:
        argv = [sys.executable, "-m", "bellwire_simulators", "providers", "--state", str(folder)]
        self.process = subprocess.Popen([*argv, *(["--faulty"] if faulty else [])])
        described = folder / "providers.json"
        _until(described.exists, "the simulators to listen", self.process)
        self.described: dict[str, str] = json.loads(described.read_text())
        self.mark = 0

    def control(self, method: str, path: str = "", body: object = None) -> Any:
        """Call the control API."""
        data = None if body is None else orjson.dumps(body)
        request = urllib.request.Request(self.described["control"] + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return orjson.loads(text) if text else None

    def rule(self, provider: str, token: str = "", times: int = 0, **outcome: object) -> None:
        """Have a provider do `outcome` for the next `times` pushes to a token (all, for ever, by default)."""
        self.control("POST", "", {"provider": provider, "token": token, "times": times, "outcome": outcome})

    def ledger(self) -> list[dict[str, Any]]:
        """Every push accepted since the test began."""
        with urllib.request.urlopen(f"{self.described['ledger']}?after={self.mark}", timeout=30) as answer:
            entries: list[dict[str, Any]] = orjson.loads(answer.read())
        return entries

    def reset(self) -> None:
        """Forget rules, and read the ledger from here on."""
        self.control("DELETE")
        entries = self.ledger()
        self.mark = max((entry["n"] for entry in entries), default=self.mark)

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def _until(
    condition: Callable[[], object], what: str, process: "subprocess.Popen[bytes] | None" = None
) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert process is None or process.poll() is None, f"ended while waiting for {what}"
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def _running(folder: Path, *, faulty: bool) -> Iterator[Simulators]:
    simulators = Simulators(folder, faulty=faulty)
    try:
        yield simulators
    finally:
        simulators.stop()


@pytest.fixture(scope="session")
def fast_simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    yield from _running(tmp_path_factory.mktemp("providers"), faulty=False)


@pytest.fixture(scope="session")
def faulty_simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    yield from _running(tmp_path_factory.mktemp("faulty"), faulty=True)


@pytest.fixture
def providers(fast_simulators: Simulators) -> Simulators:
    fast_simulators.reset()
    return fast_simulators


@pytest.fixture
def faulty_providers(faulty_simulators: Simulators) -> Simulators:
    faulty_simulators.reset()
    return faulty_simulators


@pytest.fixture(scope="session")
def migrated_url(database_url: str) -> str:
    migrate(database_url, SCHEMA, MIGRATIONS)
    return database_url


def settings_for(url: str, described: dict[str, str], **changes: Any) -> Settings:
    """The settings of a dispatcher on a database and simulators."""
    values: dict[str, Any] = {
        "database_url": url,
        "kafka_bootstrap_servers": "unused:1",
        "apns_url": described["apns"],
        "apns_key_file": described["apns_key_file"],
        "apns_key_id": described["apns_key_id"],
        "apns_team_id": described["apns_team_id"],
        "apns_topic": described["apns_topic"],
        "fcm_url": described["fcm"],
        "fcm_token_url": described["fcm_token_url"],
        "fcm_project_id": described["fcm_project_id"],
        "fcm_service_account_file": described["fcm_service_account_file"],
        "provider_ca_file": described["ca_file"],
        "fcm_ramp_seconds": 0.0,
    }
    return Settings(**(values | changes))


@dataclass
class Town:
    """A dispatcher with hands to drive it: devices, alerts, time, and eyes on rows and the ledger."""

    parts: Parts
    clock: ManualClock
    broker: MemoryBroker
    pool: Any
    settings: Settings
    district: str = field(default_factory=lambda: f"d-{uuid4().hex[:8]}")
    environment: Environment = Environment.PRODUCTION
    _serial: int = 0

    @property
    def source(self) -> Source:
        return Source(self.district, self.environment)

    def user(self, name: str) -> UserKey:
        return UserKey(self.district, self.environment, name)

    async def phone(
        self,
        user: str,
        platform: Platform = Platform.IOS,
        *,
        token: str = "",
        installation: str = "",
        settings: DeviceSettings = UNNARROWED,
    ) -> str:
        """Register a device; return its token."""
        token = token or (uuid4().hex * 2 if platform is Platform.IOS else f"fcm-{uuid4().hex}")
        await self.parts.devices.register(
            Registration(
                user=self.user(user),
                installation_id=installation or f"{user}-{platform}",
                platform=platform,
                app="bellwire",
                token=Token(token),
                token_kind="token",
                apns_environment=ApnsEnvironment.PRODUCTION,
                settings=settings,
            )
        )
        return token

    def alert(self, user: str, thing: str = "t1", version: datetime = NOW, **changes: Any) -> AlertRequested:
        """An alert as the evaluator writes it; every call is another one."""
        self._serial += 1
        texts = {level: AlertText(title=f"T {level}", body=f"B {level}") for level in Privacy}
        values: dict[str, Any] = {
            "district_id": self.district,
            "environment": self.environment,
            "user_id": user,
            "alert_id": uuid4(),
            "student_id": "s1",
            "event_source": str(self.source),
            "event_id": f"e{self._serial}",
            "group": Group.GRADES,
            "kinds": (Kind.GRADE_POSTED,),
            "area": Area.GRADES,
            "thing_id": thing,
            "things": {thing: version},
            "slot": slot_id(self.source, user, thing),
            "texts": texts,
            "summary_text": {level: AlertText(title="S", body=f"S {level}") for level in Privacy},
            "privacy": Privacy.STANDARD,
            "urgency": Urgency.BULK,
            "link": "bellwire://grades",
            "send_before": self.clock.now() + timedelta(hours=12),
            "unseen": self._serial,
            "seq": self._serial,
            "accepted_at": self.clock.now(),
            "requested_at": self.clock.now(),
        }
        return AlertRequested(**(values | changes))

    async def take(self, *events: Contract) -> Sequence[object]:
        """Hand events to the handler as one batch of the alerts topic."""
        return await self.parts.accept([record(event) for event in events])

    async def rows(self, user: str = "") -> list[dict[str, Any]]:
        """The delivery rows of the district, oldest first."""
        found = await self.pool.fetch(
            "select * from deliveries where district_id = $1 and ($2 = '' or user_id = $2) order by written_at, seq",
            self.district,
            user,
        )
        return [dict(row) for row in found]

    async def states(self, user: str = "") -> list[str]:
        return [row["state"] for row in await self.rows(user)]

    async def until(self, condition: Callable[[], Any], seconds: float = 20.0) -> Any:
        """Wait for a condition, sync or async."""
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            found = await found if asyncio.iscoroutine(found) else found
            if found:
                return found
            assert time.monotonic() < deadline, f"waited in vain; rows are {await self.states()}"
            await asyncio.sleep(0.02)

    async def settled(self, *states: str, user: str = "", seconds: float = 20.0) -> None:
        """Wait until the rows' states, sorted, are these."""

        async def reached() -> bool:
            return sorted(await self.states(user)) == sorted(states)

        await self.until(reached, seconds)

    async def due_now(self) -> None:
        """Let postponed rows be due at once: Retry-After keeps real time, which a test does not wait for."""
        await self.pool.execute("update deliveries set due_at = now() where state = 'queued'")

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """(type, data) of everything told to the deliveries topic about the district."""
        events = [from_kafka(r.value, r.headers) for r in self.broker.records(DELIVERIES)]
        found = [(event.type, orjson.loads(event.data)) for event in events]
        return [(kind, data) for kind, data in found if data["district_id"] == self.district]


_TYPES = {
    "AlertRequested": ALERT_REQUESTED,
    "AlertWithdrawn": ALERT_WITHDRAWN,
    "InboxChanged": INBOX_CHANGED,
    "UserErased": USER_ERASED,
}


def message(event: Any) -> tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]:
    """Key, value and headers of an event on the alerts topic."""
    source = Source(event.district_id, event.environment)
    value, headers = to_kafka(
        CloudEvent(
            id=str(uuid4()),
            source=str(source),
            type=_TYPES[type(event).__name__],
            subject=f"users/{event.user_id}",
            time=NOW,
            data=event.model_dump_json().encode(),
        )
    )
    return user_key(source, event.user_id), value, headers


def record(event: Any) -> Record:
    """The event as a record of the alerts topic."""
    key, value, headers = message(event)
    return Record(ALERTS, 0, 0, 0, key, value, headers)


@asynccontextmanager
async def town_on(url: str, described: dict[str, str], **changes: Any) -> AsyncIterator[Town]:
    """Run a dispatcher until the block ends; it drains then."""
    settings = settings_for(url, described, **changes)
    clock, broker = ManualClock(NOW), MemoryBroker()
    async with open_pool(url, SCHEMA, maximum=6) as pool:
        await pool.execute(f"truncate {TABLES}")
        doors = open_providers(settings)
        parts = compose(settings, PostgresStore(pool), broker.producer(), clock, doors)
        running = asyncio.create_task(parts.sending.run())
        try:
            yield Town(parts, clock, broker, pool, settings)
        finally:
            parts.sending.stop()
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(running, 30)
            for door in doors.values():
                await door.close()


@pytest.fixture
async def town(migrated_url: str, providers: Simulators) -> AsyncIterator[Town]:
    async with town_on(migrated_url, providers.described) as running:
        yield running


@pytest.fixture
def start_town() -> Callable[..., Any]:
    """`async with start_town(url, described, setting=...) as town`: for tests with parts of their own."""
    return town_on


@pytest.fixture
def messages() -> Callable[[Any], tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]]:
    return message
