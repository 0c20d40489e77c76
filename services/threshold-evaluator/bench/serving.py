"""The service as it is run, in a process of its own, with an issuer whose tokens it takes: for measurements."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice

import aiohttp
from aiohttp import web
from aiokafka import AIOKafkaConsumer
from bellwire_kit.streams.protocol import Message, Producer
from bellwire_schemas import topics
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

_TICK = 0.05


@dataclass(frozen=True)
class Issuer:
    """A real issuer: its address, and the key that its tokens are signed with."""

    url: str
    key: ECKey

    def token(self, user: str) -> str:
        """Return a guardian's token for an hour."""
        claims = {"iss": self.url, "aud": "bellwire", "sub": user, "role": "guardian", "district": "bench"}
        return jwt.encode(
            {"alg": "ES256", "kid": "bench"}, {**claims, "exp": int(time.time()) + 3_600}, self.key
        )


@asynccontextmanager
async def issuing() -> AsyncIterator[Issuer]:
    """Serve discovery and keys."""
    key = ECKey.generate_key("P-256", {"kid": "bench"})
    url = ""

    async def discovery(_request: web.Request) -> web.Response:
        return web.json_response({"issuer": url, "jwks_uri": f"{url}/jwks"})

    async def jwks(_request: web.Request) -> web.Response:
        return web.json_response(KeySet([key]).as_dict(private=False))

    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", discovery)
    app.router.add_get("/jwks", jwks)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield Issuer(url, key)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running(environment: Mapping[str, str], url: str) -> AsyncIterator[None]:
    """Run the service until it is ready, and end it afterwards."""
    command = [sys.executable, "-m", "threshold_evaluator", "run"]
    process = await asyncio.to_thread(
        subprocess.Popen, command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(60):
            while not await _is_ready(session, url):
                if process.poll() is not None:
                    raise SystemExit(f"the service ended with exit code {process.returncode}")
                await asyncio.sleep(0.1)
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 60)


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def start_at_the_end(bootstrap: str, group: str) -> None:
    """Have a group's readers begin with what is written from now on, whatever the broker has."""
    for name, topic in (
        ("changes", topics.CHANGE_EVENTS),
        ("places", topics.ROSTER_EVENTS),
        ("deliveries", topics.DELIVERIES),
    ):
        reader = AIOKafkaConsumer(
            topic, bootstrap_servers=bootstrap, group_id=f"{group}.{name}", enable_auto_commit=False
        )
        await reader.start()
        try:
            await reader.seek_to_end()
            await reader.commit({place: await reader.position(place) for place in reader.assignment()})
        finally:
            await reader.stop()


async def pace(producer: Producer, stream: Iterator[Message], per_second: int) -> None:
    """Append events evenly until cancelled."""
    due = time.perf_counter()
    while chunk := list(islice(stream, int(per_second * _TICK))):
        await producer.send(chunk)
        due += _TICK
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
