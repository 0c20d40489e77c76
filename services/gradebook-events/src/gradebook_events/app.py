"""Composition: the only module that knows the adapters."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from bellwire_kit.auth import VERIFIER, OidcSettings, TokenVerifier
from bellwire_kit.clock import Clock, clock_from_environment
from bellwire_kit.cursors import Cursors
from bellwire_kit.postgres import UNAVAILABLE, Pool, open_pool
from bellwire_kit.running import Background, serve
from bellwire_kit.streams.aiokafka_producer import AiokafkaProducer
from bellwire_kit.streams.protocol import Producer
from bellwire_kit.web.application import application

from gradebook_events.accept import Door
from gradebook_events.adapters.broker import BrokerCheck
from gradebook_events.adapters.postgres.derivation import PostgresDerivation
from gradebook_events.adapters.postgres.imports import PostgresImports
from gradebook_events.adapters.postgres.publishers import PostgresPublishers
from gradebook_events.adapters.postgres.staging import PostgresStaging
from gradebook_events.adapters.zip_packages import ZipPackages
from gradebook_events.api import events, imports, publishers
from gradebook_events.api.around import around
from gradebook_events.api.parts import PARTS, Parts
from gradebook_events.authenticate import Authenticator
from gradebook_events.gather import Gathering
from gradebook_events.import_jobs import ImportWorker
from gradebook_events.manage_publishers import ManagePublishers
from gradebook_events.publish import PublishedNews
from gradebook_events.receive_package import ReceivePackage
from gradebook_events.settings import Settings
from gradebook_events.shares import Shares
from gradebook_events.stage import Stager

SCHEMA = "gradebook_events"
IMPORT_STATEMENT_SECONDS = 600.0
"""How long one statement over all records of a source may take."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Parts that are open. Records of imports have a pool of their own: their statements may take minutes."""

    pool: Pool
    import_pool: Pool
    producer: Producer
    verifier: TokenVerifier
    broker: BrokerCheck


@dataclass(frozen=True, slots=True)
class Service:
    """The application and what runs beside it."""

    app: web.Application
    background: Sequence[Background]


def service_on(settings: Settings, clock: Clock, opened: Opened) -> Service:
    """The service on parts that are open."""
    pool, producer = opened.pool, opened.producer
    keys, jobs, packages = PostgresPublishers(pool), PostgresImports(pool), ZipPackages()
    authenticator, shares = Authenticator(keys), Shares(settings.share)
    worker = _worker(opened, packages, shares, clock)
    secret = settings.cursor_secret.get_secret_value() or secrets.token_hex(32)
    app = application(
        title="gradebook-events",
        version="1",
        checks={"database": lambda: _answers(pool), "broker": opened.broker.ready},
        body_limit=settings.body_limit_bytes,
        rates=around(),
    )
    app[VERIFIER] = opened.verifier
    app[PARTS] = Parts(
        clock=clock,
        cursors=Cursors(secret.encode()),
        authenticator=authenticator,
        shares=shares,
        door=Door(Gathering(producer), keys, clock, settings.most_pending_events),
        publishers=ManagePublishers(keys, authenticator, clock),
        packages=ReceivePackage(jobs, packages, clock, settings.package_limits, worker.wake),
        imports=jobs,
        most_items=settings.most_batch_items,
    )
    for resource in (events, imports, publishers):
        resource.add_routes(app)
    return Service(app, (Background("imports", worker.run, worker.stop),))


def _worker(opened: Opened, packages: ZipPackages, shares: Shares, clock: Clock) -> ImportWorker:
    pool = opened.import_pool
    jobs, staging = PostgresImports(opened.pool), PostgresStaging(pool)
    publishing = PublishedNews(jobs, PostgresDerivation(pool), opened.producer, shares)
    return ImportWorker(jobs, staging, Stager(jobs, staging, packages, clock), publishing, clock)


async def _answers(pool: Pool) -> bool:
    try:
        return bool(await pool.fetchval("select true", timeout=2))
    except UNAVAILABLE:
        return False


@asynccontextmanager
async def service(settings: Settings, clock: Clock) -> AsyncIterator[Service]:
    """The service on its database and broker, ready to be served."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(settings.database_url, SCHEMA, maximum=10))
        import_pool = await stack.enter_async_context(
            open_pool(settings.database_url, SCHEMA, maximum=4, command_timeout=IMPORT_STATEMENT_SECONDS)
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        # Not entered: it connects on the first send, so that a broker that is away does not stop the start.
        producer = AiokafkaProducer(settings.streams)
        stack.push_async_callback(producer.close)
        broker = BrokerCheck(settings.streams)
        stack.push_async_callback(broker.close)
        oidc = OidcSettings(
            oidc_issuer=settings.oidc_issuer,
            oidc_audience=settings.oidc_audience,
            oidc_user_claim=settings.oidc_user_claim,
        )
        opened = Opened(pool, import_pool, producer, TokenVerifier(oidc, session), broker)
        yield service_on(settings, clock, opened)


async def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    async with service(settings, clock_from_environment()) as made:
        await serve(made.app, host=settings.http_host, port=settings.http_port, background=made.background)
