"""The side door of a run, plain HTTP: `GET /ledger`, and the control API."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web
from pydantic import ValidationError

from .control import Control
from .exchange import Transport
from .fcm.oauth import AccessTokens
from .ledger import Ledger
from .outcomes import PER_CONNECTION, Limits, Rule
from .provider import Build, Provider

_ALL = 2**31


class Admin:
    """Handlers over the run's ledger, control, providers by name and builds by name."""

    def __init__(
        self,
        ledger: Ledger,
        control: Control,
        providers: dict[str, Provider],
        builds: dict[str, Build],
        tokens: AccessTokens,
    ) -> None:
        self._ledger = ledger
        self._control = control
        self._providers = providers
        self._builds = builds
        self._tokens = tokens

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[_problems])
        app.add_routes(
            [
                web.get("/ledger", self._read_ledger),
                web.get("/control", self._show),
                web.post("/control", self._add_rule),
                web.patch("/control", self._change_limits),
                web.delete("/control", self._reset),
                web.delete("/control/{number:\\d+}", self._remove_rule),
                web.post("/control/revoke", self._revoke),
                web.post("/control/goaway", self._goaway),
                web.get("/control/connections", self._connections),
                web.get("/healthz", self._healthy),
            ]
        )
        return app

    async def _read_ledger(self, request: web.Request) -> web.Response:
        after, limit = _number(request, "after", 0), _number(request, "limit", _ALL)
        return web.Response(body=self._ledger.after(after, limit), content_type="application/json")

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "rules": self._control.rules(),
                "limits": self._control.limits.model_dump(),
                "accepted": len(self._ledger),
            }
        )

    async def _add_rule(self, request: web.Request) -> web.Response:
        rule = Rule.model_validate(await _object(request))
        provider = self._providers["fcm" if rule.provider == "oauth" else rule.provider]
        build = self._builds["fcm" if rule.provider == "oauth" else rule.provider]
        if rule.outcome.error and not provider.knows(rule.outcome.error):
            raise _problem(f"outcome.error: {rule.provider} gives no {rule.outcome.error!r}")
        if rule.outcome.transport is not Transport.NONE and not build.enacts_transport:
            raise _problem("outcome.transport: only the faulty build (--faulty) can do this")
        return web.json_response({"id": self._control.add(rule)}, status=201)

    async def _change_limits(self, request: web.Request) -> web.Response:
        wanted = await _object(request)
        only_faulty = sorted(PER_CONNECTION & wanted.keys())
        if only_faulty and not all(build.enacts_transport for build in self._builds.values()):
            raise _problem(f"{only_faulty[0]}: only the faulty build (--faulty) can do this")
        merged = {**self._control.limits.model_dump(), **wanted}
        self._control.set_limits(Limits.model_validate(merged))
        return web.json_response(self._control.limits.model_dump())

    async def _remove_rule(self, request: web.Request) -> web.Response:
        if not self._control.remove(int(request.match_info["number"])):
            raise web.HTTPNotFound(text="no rule of this number: it was used up or never given")
        return web.Response(status=204)

    async def _reset(self, request: web.Request) -> web.Response:
        self._control.reset()
        return web.Response(status=204)

    async def _revoke(self, request: web.Request) -> web.Response:
        return web.json_response({"revoked": self._tokens.revoke_all()})

    async def _goaway(self, request: web.Request) -> web.Response:
        wanted = await _object(request)
        build = self._builds.get(str(wanted.get("provider", "apns")))
        if build is None or not build.enacts_transport:
            raise _problem("provider: apns or fcm of the faulty build (--faulty) can send GOAWAY")
        return web.json_response({"connections": build.goaway(str(wanted.get("reason", "")))})

    async def _connections(self, request: web.Request) -> web.Response:
        return web.json_response({name: build.connections() for name, build in self._builds.items()})

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="ok")


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal():
        raise _problem(f"{name}: a whole number is required, not {text!r}")
    return int(text)


async def _object(request: web.Request) -> dict[str, Any]:
    value = orjson.loads(await request.read() or b"{}")
    if not isinstance(value, dict):
        raise _problem("body: a JSON object is required")
    return value


def _problem(detail: str) -> web.HTTPUnprocessableEntity:
    body = orjson.dumps({"type": "about:blank", "title": "Unprocessable", "status": 422, "detail": detail})
    return web.HTTPUnprocessableEntity(body=body, content_type="application/problem+json")


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise _problem(f"{where}: {first['msg']}") from error
    except orjson.JSONDecodeError as error:
        raise _problem(f"body: not JSON, {error}") from error
