"""The local issuer, driven as a client would, and its tokens checked as the services check them."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from bellwire_kit.auth import OidcSettings, TokenVerifier
from bellwire_local.issuer.authorization import (
    CODE_SECONDS,
    AuthorizationRequest,
    CodeRefused,
    Codes,
    challenge,
)
from bellwire_local.issuer.identity import Identity
from bellwire_local.issuer.service import Issuer
from bellwire_local.issuer.signing import LIFETIME, Signer, kept_key
from bellwire_local.ports import free_port
from bellwire_schemas.names import Environment, Role
from joserfc import jwt
from joserfc.jwk import KeySet

VERIFIER = "v" * 64
BACK = "http://127.0.0.1:9999/callback"
ASKED = {
    "response_type": "code",
    "client_id": "portal",
    "redirect_uri": BACK,
    "code_challenge": challenge(VERIFIER),
    "code_challenge_method": "S256",
    "scope": "openid",
    "state": "s&1",
    "nonce": "n1",
}
ANA = {"user": "u1", "role": "guardian", "district": "maple-valley", "environment": "sandbox"}


class Client:
    def __init__(self, session: ClientSession, url: str) -> None:
        self.session, self.url = session, url

    async def local_token(self, status: int = 200, **body: object) -> dict[str, str]:
        async with self.session.post(f"{self.url}/local-tokens", json=body) as answer:
            found: dict[str, str] = await answer.json()
            assert answer.status == status, found
            return found

    async def sign_in(self, **typed: str) -> str:
        form = {**ASKED, **typed}
        async with self.session.post(f"{self.url}/authorize", data=form, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
            query = parse_qs(urlsplit(answer.headers["Location"]).query)
            assert query["state"] == ["s&1"]
            return query["code"][0]

    async def redeem(self, code: str, **changed: str) -> tuple[int, dict[str, str]]:
        form = {"grant_type": "authorization_code", "code": code, "client_id": "portal"}
        form |= {"redirect_uri": BACK, "code_verifier": VERIFIER, **changed}
        async with self.session.post(f"{self.url}/token", data=form) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async def publishers(request: web.Request) -> web.Response:
        # What gradebook-events does: only an administrator's token makes a key.
        caller = await verifier.verify(request.headers["Authorization"].removeprefix("Bearer "))
        assert caller.role is Role.DISTRICT_ADMIN
        name = (await request.json())["name"]
        return web.json_response(
            {"id": "p1", "name": name, "key": f"bw_{caller.district_id}_{name}"}, status=201
        )

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    stand_in = web.Application()
    stand_in.router.add_post("/v1/publishers", publishers)
    async with ClientSession() as session, TestServer(stand_in) as gradebook:
        verifier = TokenVerifier(OidcSettings(oidc_issuer=url), session)
        issuer = Issuer(Signer(url, kept_key(tmp_path / "key.json")), str(gradebook.make_url("")), session)
        async with TestServer(issuer.application(), port=port):
            yield Client(session, url)


async def test_a_local_token_is_what_the_services_take(client: Client) -> None:
    token = (await client.local_token(role="guardian", user="u1", district="maple-valley"))["token"]
    caller = await TokenVerifier(OidcSettings(oidc_issuer=client.url), client.session).verify(token)
    assert (caller.role, caller.user_id, caller.district_id) == (Role.GUARDIAN, "u1", "maple-valley")
    assert caller.environment is Environment.PRODUCTION


@pytest.mark.parametrize("role", ["operator", "group_contact"])
async def test_those_who_work_across_districts_need_none(client: Client, role: str) -> None:
    assert (await client.local_token(role=role, user="op1", district="", environment=""))["token"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"role": "king", "user": "u"}, "publisher"),
        ({"role": "guardian", "user": "u"}, "needs a district"),
        ({"role": "guardian", "district": "d"}, "required"),
        ({"role": "guardian", "user": "u", "district": "Not A District"}, "pattern"),
        ({"role": "guardian", "user": "u", "district": "d", "environment": "moon"}, "production"),
        ({"role": "publisher"}, "required"),
        ({"role": "operator", "user": "u", "extra": 1}, "not permitted"),
    ],
)
async def test_no_token_for_nonsense(client: Client, body: dict[str, str], words: str) -> None:
    problem = await client.local_token(400, **body)
    assert words in problem["detail"]


async def test_a_publisher_key_comes_from_gradebook_events(client: Client) -> None:
    found = await client.local_token(role="publisher", user="sis", district="maple-valley")
    assert found == {"token": "bw_maple-valley_sis"}


async def test_the_code_flow_gives_both_tokens(client: Client) -> None:
    async with client.session.get(f"{client.url}/.well-known/openid-configuration") as answer:
        found = await answer.json()
    assert (found["issuer"], found["code_challenge_methods_supported"]) == (client.url, ["S256"])
    async with client.session.get(found["authorization_endpoint"], params=ASKED) as answer:
        page = await answer.text()
        assert answer.status == 200
    assert 'name="user"' in page
    assert "s&amp;1" in page
    assert "<script" not in page
    status, tokens = await client.redeem(await client.sign_in(**ANA))
    assert status == 200
    async with client.session.get(found["jwks_uri"]) as answer:
        document = await answer.json()
    assert "d" not in document["keys"][0]
    keys = KeySet.import_key_set(document)
    identity = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    assert (identity["aud"], identity["nonce"], identity["sub"]) == ("portal", "n1", "u1")
    access = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"]).claims
    assert (access["aud"], access["environment"], access["district"]) == (
        "bellwire",
        "sandbox",
        "maple-valley",
    )
    assert access["exp"] - access["iat"] == LIFETIME == 8 * 3600


async def test_a_code_works_once(client: Client) -> None:
    code = await client.sign_in(**ANA)
    assert (await client.redeem(code))[0] == 200
    status, problem = await client.redeem(code)
    assert (status, problem["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "w" * 64}, {"client_id": "other"}, {"redirect_uri": BACK + "2"}],
)
async def test_a_stolen_code_is_worth_nothing(client: Client, changed: dict[str, str]) -> None:
    code = await client.sign_in(**ANA)
    status, problem = await client.redeem(code, **changed)
    assert (status, problem["error"]) == (400, "invalid_grant")
    assert (await client.redeem(code))[0] == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"redirect_uri": "https://elsewhere.example/callback"},
        {"redirect_uri": "http://127.0.0.1.elsewhere.example/"},
        {"response_type": "token"},
    ],
)
async def test_an_authorization_request_that_is_refused(client: Client, changed: dict[str, str]) -> None:
    async with client.session.get(f"{client.url}/authorize", params={**ASKED, **changed}) as answer:
        assert answer.status == 400
        assert (await answer.json())["pointer"] == "/" + next(iter(changed))


async def test_the_page_says_what_was_typed_wrong(client: Client) -> None:
    form = {**ASKED, **ANA, "district": '"><script>alert(1)</script>'}
    async with client.session.post(f"{client.url}/authorize", data=form) as answer:
        page = await answer.text()
    assert answer.status == 400
    assert 'role="alert"' in page
    assert "<script>" not in page


async def test_another_host_name_is_refused(client: Client) -> None:
    headers = {"Host": "rebound.example"}
    async with client.session.get(f"{client.url}/jwks", headers=headers) as answer:
        assert answer.status == 421


async def test_a_form_post_from_a_foreign_page_is_refused(client: Client) -> None:
    async with client.session.post(f"{client.url}/local-tokens", data='{"role": "operator"}') as answer:
        assert answer.status == 415


def test_the_key_stays(tmp_path: Path) -> None:
    first, second = kept_key(tmp_path / "key.json"), kept_key(tmp_path / "key.json")
    assert first.as_dict(private=True) == second.as_dict(private=True)
    assert (tmp_path / "key.json").stat().st_mode & 0o077 == 0


def test_a_code_expires() -> None:
    now = [0.0]
    codes = Codes(lambda: now[0])
    code = codes.issue(Identity.model_validate(ANA), AuthorizationRequest.model_validate(ASKED))
    now[0] = CODE_SECONDS
    with pytest.raises(CodeRefused):
        codes.redeem(code, "portal", BACK, VERIFIER)
