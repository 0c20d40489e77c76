"""Tokens that hold give a caller; every other is a 401 that says why, a foreign role a 403."""

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from bellwire_kit.auth import VERIFIER, OidcSettings, TokenVerifier, require
from bellwire_kit.web.application import application
from bellwire_schemas.names import Role

from kit.tests.issuer import Issuer


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    await made.server.start_server()
    yield made
    await made.server.close()


@pytest.fixture
async def client(issuer: Issuer) -> AsyncIterator[TestClient[Any, Any]]:
    async def whoami(request: web.Request) -> web.Response:
        caller = await require(request, Role.GUARDIAN, Role.DISTRICT_ADMIN)
        return web.json_response([caller.role, caller.user_id, str(caller.source)])

    app = application(title="t", version="1", checks={})
    app.router.add_get("/me", whoami)
    async with aiohttp.ClientSession() as session:
        app[VERIFIER] = TokenVerifier(OidcSettings(oidc_issuer=issuer.url), session)
        async with TestClient(TestServer(app)) as made:
            yield made


async def ask(client: TestClient[Any, Any], token: str) -> tuple[int, Any]:
    async with client.get("/me", headers={"Authorization": f"Bearer {token}"}) as response:
        return response.status, await response.json(content_type=None)


async def test_a_token_that_holds_gives_the_caller(client: TestClient[Any, Any], issuer: Issuer) -> None:
    assert await ask(client, issuer.token()) == (200, ["guardian", "u-1", "/districts/maple/production"])


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 600},
        {"exp": None},
        {"iss": "https://elsewhere.example"},
        {"aud": "other"},
        {"role": "superuser"},
        {"environment": "moon"},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"district": "Not An Id"},
        {"district": 7},
    ],
)
async def test_a_token_that_does_not_hold_is_a_401(
    client: TestClient[Any, Any], issuer: Issuer, changes: dict[str, Any]
) -> None:
    status, problem = await ask(client, issuer.token(**changes))
    assert (status, problem["type"]) == (401, "urn:bellwire:problem:unauthorized")


async def test_forged_tokens_are_401(client: TestClient[Any, Any], issuer: Issuer) -> None:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head, body, signature = issuer.token().split(".")
    claims = {
        "iss": issuer.url,
        "aud": "bellwire",
        "sub": "u",
        "role": "district_admin",
        "exp": 4_000_000_000,
    }
    forged = [
        f"{part({'alg': 'none'})}.{part(claims)}.",
        f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(claims)}.{signature}",
        f"{head}.{part(claims)}.{signature}",
        f"{head}.{body}",
        "not-a-token",
        "a.b.c",
    ]
    assert [(await ask(client, token))[0] for token in forged] == [401] * len(forged)


async def test_no_credential_is_a_401_and_another_role_a_403(
    client: TestClient[Any, Any], issuer: Issuer
) -> None:
    async with client.get("/me") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
    assert (await ask(client, issuer.token(role="operator")))[0] == 403
    assert (await ask(client, issuer.token(district=None)))[0] == 403


async def test_a_rotated_key_is_fetched_once_the_pause_is_over(
    client: TestClient[Any, Any], issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await ask(client, issuer.token()))[0] == 200
    issuer.rotate()
    assert (await ask(client, issuer.token()))[
        0
    ] == 401  # not asked again so soon: nobody can make us hammer it
    assert issuer.requests == 1
    monkeypatch.setattr("bellwire_kit.auth._REFETCH_SECONDS", 0)
    assert (await ask(client, issuer.token()))[0] == 200


async def test_without_the_issuer_it_is_a_503(client: TestClient[Any, Any], issuer: Issuer) -> None:
    token = issuer.token()
    await issuer.server.close()
    assert (await ask(client, token))[0] == 503
