"""Run a service: its HTTP server and background work, until SIGTERM, then drain (architecture.md, 4)."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

from bellwire_kit.logs import logger
from bellwire_kit.memory import calm_collector

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Background:
    """Work beside the HTTP server: `run` returns after `stop` was called and its work is drained."""

    name: str
    run: Callable[[], Awaitable[None]]
    stop: Callable[[], None]


_Tasks = dict[asyncio.Future[None], Background]


class BackgroundFailed(Exception):
    """A background part ended by itself: the service stops, and whoever started it starts it again."""


async def serve(
    app: web.Application,
    *,
    host: str,
    port: int,
    background: Sequence[Background] = (),
    drain_seconds: float = 25.0,
    announce: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then stop fetching, finish what is in flight, and return.

    Raises `BackgroundFailed` when a background part raises or returns unasked. Port 0 takes a free port;
    `announce` is told the address once requests are answered.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    calm_collector()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    address = f"http://{host}:{runner.addresses[0][1]}"
    _log.info("serving", address=address)
    announce(address)
    tasks: _Tasks = {asyncio.ensure_future(part.run()): part for part in background}
    waiting = asyncio.ensure_future(_wait(stopping))
    try:
        done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        failed = [part for task, part in tasks.items() if task in done]
        await _drain(tasks, drain_seconds)
        if failed and not stopping.is_set():
            raise BackgroundFailed(", ".join(part.name for part in failed))
    finally:
        waiting.cancel()
        await runner.cleanup()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _drain(tasks: _Tasks, seconds: float) -> None:
    for part in tasks.values():
        part.stop()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            _log.warning("did not drain in time", part=tasks[task].name, seconds=seconds)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    for task, part in tasks.items():
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("background part failed", part=part.name, exc_info=error)
