"""Board and list with 100,000 requests and 200 open pages, beside a bare aiohttp page of the same size.

`make bench` calls it: `DATABASE_URL=... KAFKA_BOOTSTRAP_SERVERS=... python services/update-scheduler/bench/pages.py`
prints a line for each page. The service, the 200 readers of server-sent events and the bare server are processes
of their own; a request changes twice a second all the while, so that every reader is told and what is remembered
for many is read anew. Pages and bare page are asked in turn: what the machine does besides weighs on both alike.
"""

import asyncio
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from html import unescape
from http import HTTPStatus
from pathlib import Path
from statistics import quantiles

import aiohttp
import asyncpg
from aiohttp import web
from bellwire_kit.postgres import migrate
from bellwire_local.databases import temporary_database
from bellwire_local.issuer.identity import Identity
from bellwire_local.issuer.service import issuer_application
from bellwire_local.issuer.signing import Signer, kept_key
from update_scheduler.app import SCHEMA
from update_scheduler.seed import plant, read_seed
from update_scheduler.settings import Settings

READERS = 200
SECONDS_A_PAGE = 6.0
WARM = 5
PAGES = {"board": "/board", "queue": "/board?status=scheduled", "list": "/v1/requests"}
"""The whole board; the hundred of one status, as the board pages them; the list of the API."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def cpu_milliseconds(process: int) -> float:
    """CPU time of a process so far, in milliseconds."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def child(*command: str, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python process that ends with the block."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, *command, env={**os.environ, **env}, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield made
    finally:
        if made.returncode is None:
            made.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(made.wait(), 5)
            except TimeoutError:
                made.kill()
                await made.wait()


async def answers(session: aiohttp.ClientSession, address: str) -> None:
    """Wait until a server does, at most 30 seconds."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with session.get(address) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def sign_in(session: aiohttp.ClientSession, base: str, issuer: str) -> str:
    """As an operator, through the issuer's page; the session's cookie as a header."""
    async with session.get(base + "/board", headers={"Accept": "text/html"}) as answer:
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', await answer.text())
    form = {name: unescape(value) for name, value in hidden}
    form |= {"role": "operator", "user": "op-1", "district": "", "environment": "production"}
    async with session.post(issuer + "/authorize", data=form) as answer:
        assert answer.status == 200, await answer.text()
    return "; ".join(f"{c.key}={c.value}" for c in session.cookie_jar)


async def timed(session: aiohttp.ClientSession, address: str, headers: dict[str, str]) -> tuple[float, bytes]:
    """Milliseconds to the last byte, and the bytes; who asks faster than one may waits as long as the answer says."""
    while True:
        began = time.perf_counter()
        async with session.get(address, headers=headers) as answer:
            body = await answer.read()
        if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            break
        await asyncio.sleep(float(answer.headers["Retry-After"]))
    assert answer.status == 200, (address, answer.status, body[:300])
    return (time.perf_counter() - began) * 1000, body


async def changes(url: str) -> None:
    """Twice a second a request changes, as far as readers can tell."""
    connection = await asyncpg.connect(url, server_settings={"search_path": SCHEMA})
    try:
        ids = await connection.fetch("select id from requests where status = 'to_be_scheduled' limit 50")
        while True:
            for row in ids:
                await connection.execute(
                    "update requests set revision = revision + 1 where id = $1", row["id"]
                )
                await asyncio.sleep(0.5)
    finally:
        await connection.close()


async def read_news(base: str, cookie: str) -> None:
    """READERS open pages, until the process is ended; says `open` when all are."""
    connector = aiohttp.TCPConnector(limit=0)
    waiting = READERS
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def one() -> None:
            nonlocal waiting
            async with session.get(base + "/live", headers={"Cookie": cookie}) as answer:
                assert answer.status == 200
                async for line in answer.content:
                    if line.startswith(b"event: ready"):
                        waiting -= 1
                        if not waiting:
                            print("open", flush=True)

        await asyncio.gather(*(one() for _ in range(READERS)))


def serve_bare(port: int, file: str) -> None:
    """A handler that answers the bytes of a file and does nothing else."""
    body = Path(file).read_bytes()

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    app = web.Application()
    app.router.add_get("/", page)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=lambda *_: None)


async def compare(
    name: str,
    address: str,
    headers: dict[str, str],
    service: int,
    session: aiohttp.ClientSession,
    folder: str,
) -> None:
    """Ask a page and the bare one in turn; print a line."""
    for _ in range(WARM):
        _, body = await timed(session, address, headers)
    file, port = Path(folder) / f"{name}.body", free_port()
    file.write_bytes(body)
    ours: list[float] = []
    bare: list[float] = []
    async with child(__file__, "bare", str(port), str(file)) as server:
        plain = f"http://127.0.0.1:{port}/"
        await answers(session, plain)
        before, bare_before = cpu_milliseconds(service), cpu_milliseconds(server.pid)
        end = time.perf_counter() + SECONDS_A_PAGE
        while time.perf_counter() < end:
            ours.append((await timed(session, address, headers))[0])
            bare.append((await timed(session, plain, {}))[0])
        cpu = (cpu_milliseconds(service) - before) / len(ours)
        bare_cpu = (cpu_milliseconds(server.pid) - bare_before) / len(bare)
    print(
        f"{name:5} p50 {_part(ours, 50):5.1f} ms  p95 {_part(ours, 95):5.1f} ms"
        f"  (bare p50 {_part(bare, 50):4.1f} ms  p95 {_part(bare, 95):4.1f} ms)"
        f"  {cpu:4.1f} ms CPU a page, news to {READERS} readers included (bare {bare_cpu:3.1f})"
        f"  {len(body) // 1024} KiB, {len(ours)} times",
        flush=True,
    )


def _part(values: list[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]


async def measure(server: str, kafka: str) -> None:
    """On a database of its own."""
    async with AsyncExitStack() as stack:
        url = stack.enter_context(temporary_database(server))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        issuer_port, port = free_port(), free_port()
        issuer, base = f"http://127.0.0.1:{issuer_port}", f"http://127.0.0.1:{port}"
        signer = Signer(issuer, kept_key(Path(folder) / "key.json"))
        app, close = issuer_application(signer, "")
        stack.push_async_callback(close)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", issuer_port).start()
        settings = Settings(database_url=url, kafka_bootstrap_servers=kafka, oidc_issuer=issuer)
        await asyncio.to_thread(migrate, url, SCHEMA, settings.migrations)
        await plant(settings, read_seed(None))
        await _seed(url)
        env = {
            "HTTP_PORT": str(port),
            "DATABASE_URL": url,
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "UPDATE_EVENTS_TOPIC": f"bench-updates-{secrets.token_hex(6)}",
            "OIDC_ISSUER": issuer,
            "SESSION_SECRET": secrets.token_hex(16),
            "LOG_LEVEL": "WARNING",
        }
        service = await stack.enter_async_context(child("-m", "update_scheduler", "run", **env))
        jar = aiohttp.CookieJar(unsafe=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        await answers(session, base + "/readyz")
        cookie = await sign_in(session, base, issuer)
        readers = await stack.enter_async_context(child(__file__, "readers", base, cookie))
        assert readers.stdout is not None
        assert await asyncio.wait_for(readers.stdout.readline(), 30) == b"open\n"
        changing = asyncio.create_task(changes(url))
        token = signer.access_token(
            Identity(role="operator", user="op-1", district="", environment="production")
        )
        for name, path in PAGES.items():
            api = path.startswith("/v1/")
            headers = {"Authorization": f"Bearer {token}"} if api else {"Accept": "text/html"}
            await compare(name, base + path, headers, service.pid, session, folder)
        assert readers.returncode is None, "the readers did not stay to the end"
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)


async def _seed(url: str) -> None:
    connection = await asyncpg.connect(url, server_settings={"search_path": SCHEMA})
    try:
        await connection.execute(Path(__file__).with_name("crowd.sql").read_text("utf-8"))
        count = await connection.fetchval("select count(*) from requests")
    finally:
        await connection.close()
    print(f"{count:,} requests (5,000 open), {READERS} open pages, a change every half second", flush=True)


def main() -> None:
    """Measure; with `bare` or `readers` be one of the other processes."""
    match sys.argv[1:]:
        case ["bare", port, file]:
            serve_bare(int(port), file)
        case ["readers", base, cookie]:
            asyncio.run(read_news(base, cookie))
        case _:
            asyncio.run(measure(os.environ["DATABASE_URL"], os.environ["KAFKA_BOOTSTRAP_SERVERS"]))


if __name__ == "__main__":
    main()
