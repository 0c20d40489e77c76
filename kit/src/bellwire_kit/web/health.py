"""`/healthz` (alive), `/readyz` (can do its job), `/metrics` (Prometheus text)."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

ReadyCheck = Callable[[], Awaitable[bool]]


def add_routes(app: web.Application, checks: Mapping[str, ReadyCheck]) -> None:
    """Serve the three; readiness answers 503 and names the parts that are not ready."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        missing = [name for name, check in checks.items() if not await check()]
        body = {"status": "not ready" if missing else "ok", "missing": missing}
        return web.json_response(body, status=503 if missing else 200)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
