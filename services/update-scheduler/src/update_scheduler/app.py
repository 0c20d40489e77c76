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
from bellwire_kit.postgres import Pool, open_pool
from bellwire_kit.running import Background, serve
from bellwire_kit.streams.open import open_producer
from bellwire_kit.streams.settings import StreamSettings
from bellwire_kit.web.application import application

from update_scheduler.adapters.events import EventDrain
from update_scheduler.adapters.letters import TemplateLetters
from update_scheduler.adapters.postgres.outbox import OutboxWorker
from update_scheduler.adapters.postgres.pages.news import PostgresNews
from update_scheduler.adapters.postgres.pages.rollouts import PostgresRollouts
from update_scheduler.adapters.postgres.pages.store import PostgresPages
from update_scheduler.adapters.postgres.queue import PostgresQueues
from update_scheduler.adapters.postgres.registry import PostgresRegistry
from update_scheduler.adapters.smtp import MailDrain
from update_scheduler.adapters.timers import ReminderDrain
from update_scheduler.api import (
    audit,
    blackouts,
    contacts,
    exports,
    feeds,
    groups,
    messages,
    releases,
    requests,
    reschedules,
    rollouts,
    sites,
    stream,
    transitions,
    windows,
)
from update_scheduler.api.openapi import described
from update_scheduler.api.parts import PARTS, Parts
from update_scheduler.api.view import queue_problems
from update_scheduler.create import Create
from update_scheduler.create_group import CreateGroup
from update_scheduler.discuss import Discuss, DiscussGroup
from update_scheduler.pages import routes as pages
from update_scheduler.pages.oidc import Oidc
from update_scheduler.pages.parts import PageParts
from update_scheduler.pages.settings import PagesSettings
from update_scheduler.recording import Scribe
from update_scheduler.registry import Registry
from update_scheduler.remind import Remind
from update_scheduler.remove import Remove, RemoveGroup
from update_scheduler.settings import Settings
from update_scheduler.transition import Transition
from update_scheduler.transition_group import TransitionGroup

SCHEMA = "update_scheduler"


@dataclass(frozen=True, slots=True)
class Service:
    """The application and what runs beside it."""

    app: web.Application
    background: Sequence[Background]


@asynccontextmanager
async def open_registry(settings: Settings) -> AsyncIterator[Registry]:
    """The registry by itself, for the command line."""
    async with open_pool(settings.database_url, SCHEMA, maximum=2) as pool:
        yield PostgresRegistry(pool)


def parts_on(pool: Pool, clock: Clock, settings: Settings) -> Parts:
    """The use cases on a database."""
    queues = PostgresQueues(pool)
    scribe = Scribe(TemplateLetters(), settings.mail_domain)
    secret = settings.cursor_secret.get_secret_value() or secrets.token_hex(32)
    return Parts(
        clock=clock,
        cursors=Cursors(secret.encode()),
        registry=PostgresRegistry(pool),
        create=Create(queues, clock, scribe),
        create_group=CreateGroup(queues, clock, scribe),
        transition=Transition(queues, clock, scribe),
        transition_group=TransitionGroup(queues, clock, scribe),
        remove=Remove(queues, clock, scribe),
        remove_group=RemoveGroup(queues, clock, scribe),
        discuss=Discuss(queues, clock, scribe),
        discuss_group=DiscussGroup(queues, clock, scribe),
    )


def application_of(parts: Parts, verifier: TokenVerifier, pool: Pool) -> web.Application:
    """The HTTP application with every resource."""

    async def database() -> bool:
        return bool(await pool.fetchval("select true"))

    around = (described(), queue_problems)
    app = application(
        title="update-scheduler", version="1", checks={"database": database}, middlewares=around
    )
    app[PARTS] = parts
    app[VERIFIER] = verifier
    for resource in (
        sites,
        releases,
        contacts,
        blackouts,
        windows,
        groups,
        requests,
        reschedules,
        rollouts,
        transitions,
        messages,
        audit,
        exports,
        stream,
        feeds,
    ):
        resource.add_routes(app)
    return app


def page_parts(app: web.Application, pool: Pool, issuer: str, session: aiohttp.ClientSession) -> PageParts:
    """What the pages have besides the use cases, from the environment (PagesSettings)."""
    told = PagesSettings()
    secret = told.oidc_client_secret.get_secret_value()
    oidc = Oidc(issuer, told.oidc_client_id, secret, app[VERIFIER], session)
    return PageParts(PostgresPages(pool), oidc, PostgresNews(pool), told, PostgresRollouts(pool))


@asynccontextmanager
async def service(settings: Settings, clock: Clock) -> AsyncIterator[Service]:
    """The service on its database, ready to be served."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(settings.database_url, SCHEMA, maximum=10))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        oidc = OidcSettings(
            oidc_issuer=settings.oidc_issuer,
            oidc_audience=settings.oidc_audience,
            oidc_user_claim=settings.oidc_user_claim,
        )
        app = application_of(parts_on(pool, clock, settings), TokenVerifier(oidc, session), pool)
        pages.add_routes(app, page_parts(app, pool, settings.oidc_issuer, session))
        streams = StreamSettings(
            bootstrap_servers=settings.kafka_bootstrap_servers,
            runtime=settings.stream_runtime,
            client_id="update-scheduler",
            connect_seconds=5,
        )
        events = EventDrain(lambda: open_producer(streams), settings.update_events_topic)
        stack.push_async_callback(events.close)
        mail = OutboxWorker(pool, "mail_outbox", MailDrain(settings.smtp_url, settings.mail_from))
        publish = OutboxWorker(pool, "event_outbox", events)
        remind = Remind(clock, Scribe(TemplateLetters(), settings.mail_domain))
        timer = OutboxWorker(pool, "reminders", ReminderDrain(remind))
        yield Service(
            app,
            (
                Background("mail", mail.run, mail.stop),
                Background("events", publish.run, publish.stop),
                Background("reminders", timer.run, timer.stop),
            ),
        )


async def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    async with service(settings, clock_from_environment()) as made:
        await serve(made.app, host=settings.http_host, port=settings.http_port, background=made.background)
