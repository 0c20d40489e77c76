"""A real issuer over HTTP for tests: discovery, JWKS, and tokens signed with its key."""

import time
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet


class Issuer:
    """Serves one signing key at a time; `requests` counts how often its keys were fetched."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "first"})
        self.requests = 0
        self.server = TestServer(self._app())

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/jwks", self._jwks)
        return app

    @property
    def url(self) -> str:
        return str(self.server.make_url("")).rstrip("/")

    async def _discovery(self, _request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/jwks"})

    async def _jwks(self, _request: web.Request) -> web.Response:
        self.requests += 1
        return web.json_response(KeySet([self.key]).as_dict(private=False))

    def rotate(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "second"})

    def token(self, **changes: Any) -> str:
        claims = {
            "iss": self.url,
            "aud": "bellwire",
            "sub": "u-1",
            "role": "guardian",
            "district": "maple",
            "environment": "production",
            "exp": int(time.time()) + 600,
        }
        present = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, present, self.key)
