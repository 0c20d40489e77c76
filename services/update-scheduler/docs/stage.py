"""The service with a local issuer on a database of its own, in one process, on a clock that can be moved.

For screenshots and for looking around: `python services/update-scheduler/docs/stage.py` serves it until it is
stopped. DATABASE_URL names the server (a database is made and dropped), KAFKA_BOOTSTRAP_SERVERS a broker;
nothing is published there, since the outboxes are not emptied.
"""

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from bellwire_kit.clock import ManualClock
from bellwire_kit.postgres import migrate
from bellwire_local.databases import temporary_database
from bellwire_local.issuer.service import issuer_application
from bellwire_local.issuer.signing import Signer, kept_key
from example import play
from update_scheduler.api.parts import PARTS
from update_scheduler.app import SCHEMA, service
from update_scheduler.pages.parts import PAGE_PARTS
from update_scheduler.settings import Settings

NOW = datetime(2026, 11, 23, 15, 10, tzinfo=UTC)
"""A Monday morning in Chicago, three days before the next cloud window."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where it is served."""

    url: str
    clock: ManualClock


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


async def _serve(stack: AsyncExitStack, app: web.Application, port: int) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return f"http://127.0.0.1:{port}"


@asynccontextmanager
async def stage(server: str, kafka: str, port: int = 0) -> AsyncIterator[Stage]:
    """The service with the example's districts and requests, at NOW."""
    with temporary_database(server) as url, tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            issuer_port = _free_port()
            issuer = f"http://127.0.0.1:{issuer_port}"
            app, close = issuer_application(Signer(issuer, kept_key(Path(folder) / "key.json")), "")
            stack.push_async_callback(close)
            await _serve(stack, app, issuer_port)
            settings = Settings(database_url=url, kafka_bootstrap_servers=kafka, oidc_issuer=issuer)
            await asyncio.to_thread(migrate, url, SCHEMA, settings.migrations)
            clock = ManualClock(NOW)
            made = await stack.enter_async_context(service(settings, clock))
            await play(made.app[PARTS], made.app[PAGE_PARTS].rollouts, clock, settings, NOW)
            yield Stage(await _serve(stack, made.app, port or _free_port()), clock)


async def _main() -> None:
    broker = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    async with stage(os.environ["DATABASE_URL"], broker, int(os.environ.get("HTTP_PORT", "8084"))) as made:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        print(made.url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_main())
