"""The aiohttp application every service starts from."""

import time
from collections.abc import Mapping
from functools import lru_cache

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import Histogram

from bellwire_kit.logs import logger
from bellwire_kit.metrics import HTTP_SECONDS, UNEXPECTED_ERRORS
from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.web import health, openapi
from bellwire_kit.web.problems import Problem, from_http, unavailable
from bellwire_kit.web.rates import limits

_log = logger(__name__)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@lru_cache(maxsize=4_096)
def _seconds(method: str, route: str, status: int) -> Histogram:
    """The histogram of these labels: `labels` itself takes a lock and makes a tuple of texts each time."""
    return HTTP_SECONDS.labels(method, route, status)


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unmatched"


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Time each request by route pattern, never by address."""
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as redirect:
        status = redirect.status
        raise
    finally:
        _seconds(request.method, _route(request), status).observe(time.perf_counter() - started)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every refusal and failure into problem+json; an unforeseen one is logged without its values."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPException as error:
        return from_http(error)
    except web.RequestPayloadError:
        return _unreadable(request)
    except UNAVAILABLE as error:
        _log.warning("database away", route=_route(request), error=type(error).__name__)
        return unavailable("The database cannot be reached now.").response()
    except Exception:
        UNEXPECTED_ERRORS.labels("http").inc()
        _log.exception("unexpected error", route=_route(request), method=request.method)
        return Problem(500, "internal", "Something went wrong here", "It has been logged.").response()


def _unreadable(request: web.Request) -> web.Response:
    """Answer a body whose encoding or framing does not hold: what is left of it is nothing that could be read."""
    request.content.feed_eof()
    detail = "Send it whole, in the encoding that its headers name."
    answer = Problem(400, "unreadable", "The body cannot be read", detail).response()
    answer.force_close()
    return answer


async def _secure(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)


def application(
    *,
    title: str,
    version: str,
    checks: Mapping[str, health.ReadyCheck],
    body_limit: int = 1024 * 1024,
    middlewares: tuple[Middleware, ...] = (),
    rates: Middleware | None = None,
) -> web.Application:
    """Return an application with health, metrics, OpenAPI, problem+json and security headers.

    `body_limit` is in bytes; more is a 413. `rates` is how often a caller may ask, the usual `limits()` unless
    given. `middlewares` run inside those of every service.
    """
    around = [measured, problems, rates or limits()]
    app = web.Application(middlewares=[*around, *middlewares], client_max_size=body_limit)
    app.on_response_prepare.append(_secure)
    health.add_routes(app, checks)
    openapi.add_route(app, title, version)
    return app
