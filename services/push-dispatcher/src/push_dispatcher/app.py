"""Composition: the only module that imports adapters and puts the parts together."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
from aiohttp import web
from bellwire_kit.auth import VERIFIER, OidcSettings, TokenVerifier
from bellwire_kit.clock import Clock, clock_from_environment
from bellwire_kit.cursors import Cursors
from bellwire_kit.postgres import open_pool
from bellwire_kit.running import Background, serve
from bellwire_kit.streams.open import open_consumer, open_producer
from bellwire_kit.streams.protocol import Consumer, Producer, Subscription
from bellwire_kit.streams.settings import StreamSettings
from bellwire_kit.web.application import application
from bellwire_schemas.topics import ALERTS

from push_dispatcher.accept import Accept
from push_dispatcher.adapters.apns.provider_token import ProviderToken, load_signing_key
from push_dispatcher.adapters.apns.router import ApnsProvider
from push_dispatcher.adapters.fcm.oauth import AccessToken, load_service_account
from push_dispatcher.adapters.fcm.router import FcmProvider
from push_dispatcher.adapters.http2 import Http2Settings, open_client
from push_dispatcher.adapters.postgres.store import PostgresStore
from push_dispatcher.api.deliveries import CURSORS, STORE
from push_dispatcher.api.devices import CLOCK, DEVICES
from push_dispatcher.api.routes import add_routes
from push_dispatcher.domain.device import ApnsEnvironment, Provider
from push_dispatcher.domain.job import lane_of
from push_dispatcher.feed import Feed
from push_dispatcher.lane import Lane, LaneLimits
from push_dispatcher.lanes import Lanes
from push_dispatcher.ports.provider import PushProvider
from push_dispatcher.registering import Devices
from push_dispatcher.relay import Relay
from push_dispatcher.results import Results
from push_dispatcher.retain import Retain
from push_dispatcher.sending import Sending
from push_dispatcher.settings import Settings

SCHEMA = "push_dispatcher"
MIGRATIONS = Path(__file__).with_name("migrations")
VERSION = "0.1.0"


def open_providers(settings: Settings) -> dict[str, PushProvider]:
    """Make the doors that the settings have credentials for, by lane; nothing is connected yet.

    Raises `InvalidSigningKey`, `InvalidServiceAccount` or `OSError` that names what is wrong with a file.
    """
    http = Http2Settings(settings.request_seconds, settings.provider_ca_file)
    providers: dict[str, PushProvider] = {}
    if settings.has_apns:
        token = ProviderToken(
            load_signing_key(settings.apns_key_file), settings.apns_key_id, settings.apns_team_id
        )
        urls = {
            ApnsEnvironment.PRODUCTION: settings.apns_url,
            ApnsEnvironment.DEVELOPMENT: settings.development_url,
        }
        for environment, url in urls.items():
            lane = lane_of(Provider.APNS, environment)
            providers[lane] = ApnsProvider(url, settings.apns_topic, token, http)
    if settings.has_fcm:
        account = load_service_account(settings.fcm_service_account_file, settings.fcm_token_url)
        access = AccessToken(account, open_client(http, prior_knowledge=False))
        lane = lane_of(Provider.FCM, ApnsEnvironment.PRODUCTION)
        providers[lane] = FcmProvider(settings.fcm_url, settings.fcm_project_id, access, http)
    return providers


def lane_limits(settings: Settings, lane: str) -> LaneLimits:
    """Return how fast a lane may go; only FCM has a quota and a ramp."""
    fcm = lane == Provider.FCM.value
    return LaneLimits(
        streams=settings.provider_streams,
        start_streams=min(32, settings.provider_streams),
        room=settings.memory_rows,
        top_rate=settings.fcm_per_minute / 60 if fcm else 1_000_000.0,
        ramp_seconds=settings.fcm_ramp_seconds if fcm else 0.0,
        margin_seconds=settings.request_seconds * 1.2,
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """The service put together, before anything runs."""

    store: PostgresStore
    lanes: Lanes
    accept: Accept
    results: Results
    feed: Feed
    sending: Sending
    devices: Devices
    retain: Retain
    owner: UUID


def compose(
    settings: Settings,
    store: PostgresStore,
    producer: Producer,
    clock: Clock,
    providers: dict[str, PushProvider],
) -> Parts:
    """Put the parts together over open connections."""
    owner, turn = uuid4(), asyncio.Lock()
    relay = Relay(store, producer, owner)
    results = Results(store, clock, owner, relay)
    lanes = Lanes(
        Lane(name, provider, lane_limits(settings, name), results.add, results.gate)
        for name, provider in providers.items()
    )
    feed = Feed(store, lanes, clock, owner, settings.lease_seconds, relay, turn)
    return Parts(
        store=store,
        lanes=lanes,
        accept=Accept(store, lanes, clock, owner, settings.lease_seconds, relay, turn),
        results=results,
        feed=feed,
        sending=Sending(store, lanes, feed, results, relay, owner),
        devices=Devices(store, lanes, clock, owner, relay, patience_seconds=settings.lease_seconds + 5),
        retain=Retain(store, clock, owner, relay),
        owner=owner,
    )


@asynccontextmanager
async def opened(settings: Settings, clock: Clock) -> AsyncIterator[tuple[Parts, Consumer]]:
    """Open database, broker and providers; close them at the end."""
    streams = StreamSettings(
        bootstrap_servers=settings.kafka_bootstrap_servers, runtime=settings.stream_runtime
    )
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            open_pool(settings.database_url, SCHEMA, maximum=settings.database_connections)
        )
        producer = await stack.enter_async_context(open_producer(streams))
        providers = open_providers(settings)
        for provider in providers.values():
            stack.push_async_callback(provider.close)
        parts = compose(settings, PostgresStore(pool), producer, clock, providers)
        yield parts, open_consumer(streams, Subscription((ALERTS,), settings.consumer_group))


def background(parts: Parts, consumer: Consumer) -> tuple[Background, ...]:
    """Return what runs beside the HTTP server."""

    async def consume() -> None:
        await consumer.run(parts.accept)

    return (
        Background("alerts", consume, consumer.stop),
        Background("sending", parts.sending.run, parts.sending.stop),
        Background("retention", parts.retain.run, parts.retain.stop),
    )


def web_application(
    settings: Settings, parts: Parts, consumer: Consumer, clock: Clock, verifier: TokenVerifier
) -> web.Application:
    """Return the HTTP application."""

    async def broker_ready() -> bool:
        return consumer.ready

    app = application(
        title="Bellwire push-dispatcher",
        version=VERSION,
        checks={"database": parts.store.ready, "broker": broker_ready},
        body_limit=64 * 1024,
    )
    secret = settings.cursor_secret.get_secret_value().encode() or secrets.token_bytes(32)
    app[VERIFIER] = verifier
    app[DEVICES] = parts.devices
    app[STORE] = parts.store
    app[CURSORS] = Cursors(secret)
    app[CLOCK] = clock
    add_routes(app)
    return app


@asynccontextmanager
async def service(settings: Settings) -> AsyncIterator[tuple[web.Application, tuple[Background, ...]]]:
    """Everything that `run` serves."""
    clock = clock_from_environment()
    async with opened(settings, clock) as (parts, consumer), aiohttp.ClientSession() as session:
        verifier = TokenVerifier(OidcSettings(), session)
        yield web_application(settings, parts, consumer, clock, verifier), background(parts, consumer)


async def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    async with service(settings) as (app, parts):
        await serve(app, host=settings.http_host, port=settings.http_port, background=parts)
