"""A real HTTP server of the portal on a real database, and a real issuer whose keys it fetches."""

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from bellwire_kit.auth import VERIFIER, OidcSettings, TokenVerifier
from bellwire_kit.clock import ManualClock
from bellwire_kit.cursors import Cursors
from bellwire_kit.postgres import Pool, migrate, open_pool
from bellwire_kit.web.application import application
from bellwire_schemas.ids import alert_id
from bellwire_schemas.names import Environment, PortalRole
from bellwire_schemas.roster import (
    DistrictChanged,
    EnrollmentChanged,
    PortalAccessChanged,
    SchoolChanged,
    StudentChanged,
)
from bellwire_schemas.source import Source
from joserfc import jwt
from joserfc.jwk import RSAKey
from threshold_evaluator.adapters.postgres.portal.open import postgres_portal
from threshold_evaluator.adapters.postgres.portal.roster.tables import PostgresRosterTransactions
from threshold_evaluator.api.rates import PublicRate
from threshold_evaluator.api.routes import add_portal
from threshold_evaluator.project import RosterData, Sourced, project

SCHEMA = "threshold_evaluator"
NOW = datetime(2026, 10, 14, 15, 30, tzinfo=UTC)  # a Wednesday
T0 = NOW - timedelta(days=40)


@dataclass(frozen=True)
class Served:
    """The portal's address, its clock, and a way to sign tokens."""

    url: str
    clock: ManualClock
    key: RSAKey
    issuer: str

    def token(
        self,
        user: str,
        district: str,
        role: str = "guardian",
        environment: str = "production",
        **claims: Any,
    ) -> str:
        now = int(time.time())
        body = {
            "iss": self.issuer,
            "aud": "bellwire",
            "iat": now,
            "exp": now + 600,
            "sub": user,
            "role": role,
            "district": district,
            "environment": environment,
            **claims,
        }
        return jwt.encode({"alg": "RS256", "kid": "test"}, body, self.key)


async def _issuer(stack: AsyncExitStack, key: RSAKey) -> str:
    app = web.Application()
    server = TestServer(app)

    async def configuration(_request: web.Request) -> web.Response:
        return web.json_response({"jwks_uri": str(server.make_url("/jwks"))})

    async def jwks(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [key.as_dict(private=False)]})

    app.router.add_get("/.well-known/openid-configuration", configuration)
    app.router.add_get("/jwks", jwks)
    await server.start_server()
    stack.push_async_callback(server.close)
    return str(server.make_url("")).rstrip("/")


async def portal_at(
    stack: AsyncExitStack, database_url: str, issuer: str, clock: ManualClock, rate: PublicRate
) -> str:
    """Serve the portal until the stack closes; return its address."""
    pool = await stack.enter_async_context(open_pool(database_url, SCHEMA))
    session = await stack.enter_async_context(aiohttp.ClientSession())
    app = application(title="threshold-evaluator", version="1", checks={})
    app[VERIFIER] = TokenVerifier(OidcSettings(oidc_issuer=issuer), session)
    portal = postgres_portal(pool, clock, Cursors(b"test"))
    add_portal(app, portal, rate)
    server = TestServer(app)
    await server.start_server()
    stack.push_async_callback(server.close)
    return str(server.make_url("")).rstrip("/")


@pytest.fixture(scope="session")
def migrated(database_url: str) -> str:
    """The database's address, migrated."""
    migrate(database_url, SCHEMA, Path(str(files("threshold_evaluator") / "migrations")))
    return database_url


@pytest.fixture(scope="session")
def served(migrated: str) -> Iterator[Served]:
    """The portal in a thread of its own, so that blocking clients can call it too."""
    key = RSAKey.generate_key(2048, {"kid": "test"})
    loop = asyncio.new_event_loop()
    started: list[Served] = []
    up = threading.Event()
    over = asyncio.Event()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            clock = ManualClock(NOW)
            issuer = await _issuer(stack, key)
            unbounded = PublicRate(per_second=1e6, burst=1e6)
            url = await portal_at(stack, migrated, issuer, clock, unbounded)
            started.append(Served(url, clock, key, issuer))
            up.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert up.wait(30)
    yield started[0]
    loop.call_soon_threadsafe(over.set)
    thread.join(10)


@dataclass
class Answered:
    """An answer: status, JSON body and headers."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Api:
    """Calls the portal as one user."""

    session: aiohttp.ClientSession
    url: str
    token: str = ""

    async def call(self, method: str, path: str, **options: Any) -> Answered:
        headers = {"Content-Type": "application/json"} if "data" in options else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        async with self.session.request(method, self.url + path, headers=headers, **options) as response:
            body = await response.json(content_type=None)
            return Answered(response.status, body, dict(response.headers))

    async def get(self, path: str, **query: Any) -> Answered:
        return await self.call("GET", path, params={name: str(value) for name, value in query.items()})

    async def ok(self, path: str, **query: Any) -> Any:
        answered = await self.get(path, **query)
        assert answered.status == 200, answered.body
        return answered.body

    async def post(self, path: str, body: Any) -> Answered:
        return await self.call("POST", path, json=body)

    async def patch(self, path: str, body: Any) -> Answered:
        return await self.call("PATCH", path, json=body)


@dataclass
class Town:
    """A district of its own in a test: a school "north", and ways to fill the tables."""

    pool: Pool
    served: Served
    session: aiohttp.ClientSession
    source: Source

    @property
    def id(self) -> str:
        return self.source.district_id

    def api(self, user: str, role: str = "guardian", **claims: Any) -> Api:
        token = self.served.token(user, self.id, role, self.source.environment.value, **claims)
        return Api(self.session, self.served.url, token)

    async def tell(self, *data: RosterData) -> None:
        async with PostgresRosterTransactions(self.pool).begin() as tables:
            await project([Sourced(self.source, each) for each in data], tables)

    def _fields(self, at: datetime, fields: dict[str, Any]) -> dict[str, Any]:
        return {"district_id": self.id, "modified_at": at, **fields}

    async def district(self, at: datetime = T0, **fields: Any) -> None:
        base = {"name": "Lincoln", "state": "NE", "timezone": "America/Chicago"}
        await self.tell(DistrictChanged.model_validate(self._fields(at, {**base, **fields})))

    async def school(self, school_id: str = "north", at: datetime = T0, **fields: Any) -> None:
        base = {"school_id": school_id, "name": school_id.title()}
        await self.tell(SchoolChanged.model_validate(self._fields(at, {**base, **fields})))

    async def student(self, student_id: str, name: str = "Ana", school_id: str = "north") -> None:
        own = {"student_id": student_id, "school_id": school_id}
        await self.tell(
            StudentChanged.model_validate(self._fields(T0, {**own, "display_name": name})),
            EnrollmentChanged.model_validate(self._fields(T0, own)),
        )

    async def access(
        self, user: str, student_id: str, *, portal: bool = True, at: datetime = T0, **fields: Any
    ) -> None:
        base = {"user_id": user, "student_id": student_id, "role": PortalRole.GUARDIAN, "portal": portal}
        await self.tell(PortalAccessChanged.model_validate(self._fields(at, {**base, **fields})))

    async def state(
        self, student_id: str, thing: str, thing_id: str, data: dict[str, Any], *, deleted: bool = False
    ) -> None:
        names = {
            "assignments": "assignment_id",
            "grades": "grade_id",
            "attendance": "attendance_id",
            "lunch": "account_id",
        }
        own = {"student_id": student_id, "school_id": "north", "modified_at": NOW.isoformat()}
        stored = {**own, names[thing]: thing_id, **data}
        await self.pool.execute(
            "insert into states (district_id, environment, student_id, thing, thing_id, school_id, modified_at,"
            " seen, memory, data, deleted) values ($1, $2, $3, $4, $5, $6, $7, '{}', '', $8, $9)"
            " on conflict (district_id, environment, student_id, thing, thing_id) do update"
            " set data = excluded.data, deleted = excluded.deleted, changed_in = pg_current_xact_id()",
            self.id,
            self.source.environment.value,
            student_id,
            thing,
            thing_id,
            stored["school_id"],
            NOW,
            stored,
            deleted,
        )

    async def item(self, user: str, student_id: str, at: datetime = NOW) -> uuid.UUID:
        item_id = uuid.uuid4()
        await self.pool.execute(
            "insert into inbox (district_id, environment, user_id, item_id, entered_at, student_id, thing,"
            " thing_id, kinds, event_source, event_id, locale, title, body) values ($1, $2, $3, $4, $5, $6,"
            " 'grades', 'g1', '{grade.posted}', $7, 'e1', 'en', 'Ana', 'A grade was posted')",
            self.id,
            self.source.environment.value,
            user,
            item_id,
            at,
            student_id,
            str(self.source),
        )
        return item_id

    async def change(
        self, event_id: str, student_id: str, at: datetime = NOW, detection: str = "facts"
    ) -> None:
        await self.pool.execute("select ensure_day($1)", at.date())
        await self.pool.execute(
            "insert into changes (day, district_id, environment, event_source, event_id, student_id, school_id,"
            " thing, thing_id, modified_at, accepted_at, decided_at, detection, kinds) values ($1, $2, $3, $4,"
            " $5, $6, 'north', 'assignments', 'a1', $7, $7, $7, $8, '{assignment.scored}')",
            at.date(),
            self.id,
            self.source.environment.value,
            str(self.source),
            event_id,
            student_id,
            at,
            detection,
        )

    async def decision(self, event_id: str, user: str, student_id: str, at: datetime = NOW) -> None:
        settings_id, alert = uuid.uuid4(), alert_id(self.source, str(self.source), event_id, user)
        await self.pool.execute(
            "insert into effective_settings (day, settings_id, document) values ($1, $2, $3)",
            at.date(),
            settings_id,
            {"/privacy": {"value": "standard", "layer": "product"}},
        )
        await self.pool.execute(
            "insert into decisions (day, alert_id, district_id, environment, user_id, student_id, event_id,"
            " thing, kinds, outcome, reason, open_gates, verdicts, settings_id, decided_at, became, sent_as)"
            " values ($1, $2, $3, $4, $5, $6, $7, 'assignments', '{assignment.scored}', 'send', 'told', $8,"
            " '{\"assignment.scored\": \"told\"}', $9, $10, 'sent', $2)",
            at.date(),
            alert,
            self.id,
            self.source.environment.value,
            user,
            student_id,
            event_id,
            0b1111110,
            settings_id,
            at,
        )
        await self.pool.execute(
            "insert into device_outcomes (day, alert_id, installation_id, district_id, environment, user_id,"
            " outcome, reason, at) values ($1, $2, 'phone', $3, $4, $5, 'accepted', '', $6)",
            at.date(),
            alert,
            self.id,
            self.source.environment.value,
            user,
            at,
        )


@pytest.fixture
async def pool(migrated: str) -> AsyncIterator[Pool]:
    """A pool on the service's schema."""
    async with open_pool(migrated, SCHEMA, maximum=3) as pool:
        yield pool


@pytest.fixture
async def town(pool: Pool, served: Served) -> AsyncIterator[Town]:
    """A district of its own, with one school and nobody in it."""
    served.clock.set(NOW)
    async with aiohttp.ClientSession() as session:
        town = Town(pool, served, session, Source(f"d{uuid.uuid4().hex[:12]}", Environment.PRODUCTION))
        await town.district()
        await town.school()
        yield town
