"""The HTTP API in this process, with tokens of the local issuer."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from bellwire_kit.auth import OidcSettings, TokenVerifier
from bellwire_kit.streams.protocol import Subscription
from bellwire_local.issuer.identity import Identity
from bellwire_local.issuer.service import issuer_application
from bellwire_local.issuer.signing import Signer
from bellwire_schemas.names import Environment, Role
from bellwire_schemas.topics import ALERTS
from joserfc.jwk import ECKey
from push_dispatcher.app import web_application


@dataclass
class Api:
    """Calls as somebody: `await api.call("PUT", path, body, user="u")` answers (status, JSON)."""

    town: Any
    client: TestClient[Any, Any]
    signer: Signer

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        user: str = "u",
        role: Role = Role.GUARDIAN,
        district: str = "",
        environment: str = "production",
    ) -> tuple[int, Any]:
        identity = Identity(
            role=role,
            user=user,
            district=district or self.town.district,
            environment=Environment(environment),
        )
        headers = {"Authorization": f"Bearer {self.signer.access_token(identity)}"}
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, await answer.json(content_type=None) if text else None


@pytest.fixture
async def api(town: Any) -> AsyncIterator[Api]:
    async with AsyncExitStack() as stack:
        signer = Signer("", ECKey.generate_key("P-256", auto_kid=True))
        app, close = issuer_application(signer, "")
        issuer = await stack.enter_async_context(TestServer(app))
        stack.push_async_callback(close)
        signer.issuer = str(issuer.make_url("")).rstrip("/")
        session = await stack.enter_async_context(aiohttp.ClientSession())
        verifier = TokenVerifier(OidcSettings(oidc_issuer=signer.issuer), session)
        consumer = town.broker.consumer(Subscription((ALERTS,), "api"))
        served = web_application(town.settings, town.parts, consumer, town.clock, verifier)
        client = await stack.enter_async_context(TestClient(TestServer(served)))
        yield Api(town, client, signer)
