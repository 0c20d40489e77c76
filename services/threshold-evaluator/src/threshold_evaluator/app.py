"""Composition: the only module that imports adapters and puts the parts together."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from bellwire_kit.auth import VERIFIER, OidcSettings, TokenVerifier
from bellwire_kit.clock import Clock, clock_from_environment
from bellwire_kit.cursors import Cursors
from bellwire_kit.postgres import Pool, open_pool
from bellwire_kit.running import Background, serve
from bellwire_kit.streams.open import open_consumer, open_producer
from bellwire_kit.streams.protocol import Consumer, Handler, Producer, Subscription
from bellwire_kit.streams.settings import StreamSettings
from bellwire_kit.web.application import application
from bellwire_schemas.topics import CHANGE_EVENTS, DELIVERIES, ROSTER_EVENTS

from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.adapters.postgres.decide.retention import PostgresRetention
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore
from threshold_evaluator.adapters.postgres.portal.open import postgres_portal
from threshold_evaluator.adapters.postgres.portal.roster.tables import PostgresRosterTransactions
from threshold_evaluator.api.rates import PublicRate
from threshold_evaluator.api.routes import add_portal
from threshold_evaluator.deliveries import RecordDeliveries
from threshold_evaluator.domain.surge import NEVER_A_SURGE, SurgeLimits
from threshold_evaluator.evaluate import Evaluate
from threshold_evaluator.release import Pace, Release
from threshold_evaluator.remind import Remind
from threshold_evaluator.roster_records import ProjectPlaces
from threshold_evaluator.settings import Settings
from threshold_evaluator.unpark import Unpark
from threshold_evaluator.upkeep import Upkeep

SCHEMA = "threshold_evaluator"
MIGRATIONS = Path(__file__).with_name("migrations")
VERSION = "0.1.0"


@dataclass(frozen=True, slots=True)
class Stream:
    """One topic's reader and what it does with it."""

    name: str
    consumer: Consumer
    handler: Handler

    def background(self) -> Background:
        """Return it as work beside the HTTP server."""

        async def run() -> None:
            await self.consumer.run(self.handler)

        return Background(self.name, run, self.consumer.stop)


@dataclass(frozen=True, slots=True)
class Parts:
    """The service put together, before anything runs."""

    pool: Pool
    streams: tuple[Stream, ...]
    release: Release
    unpark: Unpark
    remind: Remind
    upkeep: Upkeep

    def background(self) -> tuple[Background, ...]:
        """Return what runs beside the HTTP server."""
        return (
            *(stream.background() for stream in self.streams),
            Background("release", self.release.run, self.release.stop),
            Background("unpark", self.unpark.run, self.unpark.stop),
            Background("remind", self.remind.run, self.remind.stop),
            Background("upkeep", self.upkeep.run, self.upkeep.stop),
        )


def compose(settings: Settings, pool: Pool, producer: Producer, clock: Clock) -> Parts:
    """Put the parts together over open connections."""
    streams = StreamSettings(
        bootstrap_servers=settings.kafka_bootstrap_servers, runtime=settings.stream_runtime
    )
    store = PostgresStore(pool)
    limits = SurgeLimits(settings.surge_facts or NEVER_A_SURGE, settings.surge_times_usual)
    evaluate = Evaluate(store, producer, clock, limits)

    def stream(name: str, topic: str, handler: Handler, batch: int) -> Stream:
        subscription = Subscription((topic,), f"{settings.consumer_group}.{name}", max_batch=batch)
        return Stream(name, open_consumer(streams, subscription), handler)

    return Parts(
        pool=pool,
        streams=(
            stream("changes", CHANGE_EVENTS, evaluate, settings.batch_events),
            stream("places", ROSTER_EVENTS, ProjectPlaces(PostgresRosterTransactions(pool)), 500),
            stream("deliveries", DELIVERIES, RecordDeliveries(PostgresOutcomes(pool), clock), 2_000),
        ),
        release=Release(store, producer, clock, Pace(settings.release_batch, settings.release_per_second)),
        unpark=Unpark(evaluate),
        remind=Remind(store, producer, clock),
        upkeep=Upkeep(
            store,
            PostgresRetention(pool),
            producer,
            clock,
            decisions_days=settings.decisions_kept_days,
            inbox_days=settings.inbox_kept_days,
        ),
    )


@asynccontextmanager
async def opened(settings: Settings, clock: Clock) -> AsyncIterator[Parts]:
    """Open database and broker; close them at the end."""
    streams = StreamSettings(bootstrap_servers=settings.kafka_bootstrap_servers)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            open_pool(settings.database_url, SCHEMA, maximum=settings.database_connections)
        )
        producer = await stack.enter_async_context(open_producer(streams))
        yield compose(settings, pool, producer, clock)


def web_application(
    settings: Settings, parts: Parts, clock: Clock, session: aiohttp.ClientSession
) -> web.Application:
    """Return the HTTP application: the portal, health, metrics, OpenAPI."""

    async def database_ready() -> bool:
        return bool(await parts.pool.fetchval("select true"))

    async def broker_ready() -> bool:
        return all(stream.consumer.ready for stream in parts.streams)

    app = application(
        title="Bellwire threshold-evaluator",
        version=VERSION,
        checks={"database": database_ready, "broker": broker_ready},
    )
    secret = settings.cursor_secret.get_secret_value().encode() or secrets.token_bytes(32)
    app[VERIFIER] = TokenVerifier(OidcSettings(), session)
    add_portal(app, postgres_portal(parts.pool, clock, Cursors(secret)), PublicRate())
    return app


@asynccontextmanager
async def service(settings: Settings) -> AsyncIterator[tuple[web.Application, tuple[Background, ...]]]:
    """Everything that `run` serves."""
    clock = clock_from_environment()
    async with opened(settings, clock) as parts, aiohttp.ClientSession() as session:
        yield web_application(settings, parts, clock, session), parts.background()


async def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    async with service(settings) as (app, parts):
        await serve(app, host=settings.http_host, port=settings.http_port, background=parts)
