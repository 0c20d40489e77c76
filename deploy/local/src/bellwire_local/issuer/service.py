"""The issuer's routes: discovery, JWKS, code flow with PKCE, and tokens for whoever asks."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, web
from aiohttp.typedefs import Handler
from bellwire_kit.web.application import application
from bellwire_kit.web.problems import Problem, invalid, unavailable
from bellwire_schemas.names import Role
from pydantic import ValidationError

from bellwire_local.issuer.authorization import AuthorizationRequest, CodeRefused, Codes
from bellwire_local.issuer.identity import PUBLISHER, Identity, PublisherRequest
from bellwire_local.issuer.login_page import login_page
from bellwire_local.issuer.publishers import create_key
from bellwire_local.issuer.signing import ALGORITHM, LIFETIME, Signer

_IDENTITY = ("user", "role", "district", "environment")
_PAGE_POLICY = (
    "default-src 'none'; form-action 'self' http://127.0.0.1:* http://localhost:*; frame-ancestors 'none'"
)
_LOCAL_HOSTS = ("127.0.0.1", "localhost")


class Issuer:
    """Handlers over one signer; `gradebook_events` is that service's URL, "" where there is none."""

    def __init__(self, signer: Signer, gradebook_events: str, session: ClientSession) -> None:
        self._signer = signer
        self._gradebook_events = gradebook_events
        self._session = session
        self._codes = Codes()

    def application(self) -> web.Application:
        """The aiohttp application, with health and metrics as every service has them."""
        app = application(title="Bellwire local issuer", version="1", checks={}, middlewares=(_local_only,))
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_get("/authorize", self._ask)
        app.router.add_post("/authorize", self._sign_in)
        app.router.add_post("/token", self._token)
        app.router.add_get("/logout", self._logout)
        app.router.add_post("/local-tokens", self._local_token)
        return app

    async def _discovery(self, _request: web.Request) -> web.Response:
        issuer = self._signer.issuer
        return web.json_response(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
                "end_session_endpoint": f"{issuer}/logout",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code"],
                "code_challenge_methods_supported": ["S256"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": ["openid"],
                "claims_supported": ["sub", "role", "district", "environment"],
            }
        )

    async def _jwks(self, _request: web.Request) -> web.Response:
        return web.json_response(self._signer.jwks())

    async def _ask(self, request: web.Request) -> web.Response:
        wanted = _authorization(dict(request.query))
        return _page(login_page(wanted, "/authorize", {}))

    async def _sign_in(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        wanted = _authorization(form)
        typed = {name: form[name] for name in _IDENTITY if form.get(name)}
        try:
            identity = Identity.model_validate(typed)
        except ValidationError as error:
            return _page(login_page(wanted, "/authorize", typed, _sentence(error)), status=400)
        answer = {"code": self._codes.issue(identity, wanted)}
        if wanted.state:
            answer["state"] = wanted.state
        joint = "&" if "?" in wanted.redirect_uri else "?"
        raise web.HTTPSeeOther(f"{wanted.redirect_uri}{joint}{urlencode(answer)}")

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if form.get("grant_type") != "authorization_code":
            return _oauth_error("unsupported_grant_type", "grant_type is authorization_code here.")
        missing = [
            name for name in ("code", "client_id", "redirect_uri", "code_verifier") if not form.get(name)
        ]
        if missing:
            return _oauth_error("invalid_request", f"{', '.join(missing)} must be sent.")
        try:
            found = self._codes.redeem(
                form["code"], form["client_id"], form["redirect_uri"], form["code_verifier"]
            )
        except CodeRefused as error:
            return _oauth_error("invalid_grant", str(error))
        return web.json_response(
            {
                "access_token": self._signer.access_token(found.identity),
                "id_token": self._signer.id_token(found.identity, found.client_id, found.nonce),
                "token_type": "Bearer",
                "expires_in": LIFETIME,
                "scope": "openid",
            }
        )

    async def _logout(self, request: web.Request) -> web.Response:
        # There is no session here to end; the client ended its own.
        target = request.query.get("post_logout_redirect_uri", "")
        if target.startswith(tuple(f"http://{host}:" for host in _LOCAL_HOSTS)):
            raise web.HTTPSeeOther(target)
        return web.Response(text="Signed out.")

    async def _local_token(self, request: web.Request) -> web.Response:
        body = await _json_object(request)
        # A field that was left empty is one that was not given: `make token` sends all four.
        given = {name: value for name, value in body.items() if value not in ("", None)}
        known = (*Role, PUBLISHER)
        if given.get("role") not in known:
            raise Problem(
                400, "invalid", "No such role", f"It is one of {', '.join(known)}.", pointer="/role"
            )
        try:
            if given.get("role") == PUBLISHER:
                return web.json_response({"token": await self._publisher_key(given)})
            identity = Identity.model_validate(given)
        except ValidationError as error:
            raise invalid(error, title="No token can be made of this") from error
        return web.json_response({"token": self._signer.access_token(identity)})

    async def _publisher_key(self, given: dict[str, Any]) -> str:
        wanted = PublisherRequest.model_validate(given)
        if not self._gradebook_events:
            raise unavailable("This issuer runs without gradebook-events, which makes publisher keys.")
        token = self._signer.access_token(wanted.administrator())
        return await create_key(self._session, self._gradebook_events, token, wanted.user)


def issuer_application(
    signer: Signer, gradebook_events: str
) -> tuple[web.Application, Callable[[], Awaitable[None]]]:
    """The application and what to await once it stopped."""
    session = ClientSession()
    return Issuer(signer, gradebook_events, session).application(), session.close


def _authorization(given: dict[str, str]) -> AuthorizationRequest:
    try:
        return AuthorizationRequest.model_validate(given)
    except ValidationError as error:
        raise invalid(error, title="The authorization request is not valid") from error


@web.middleware
async def _local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other host names, so that no page of the Internet can rebind its name to this server."""
    if request.url.host not in _LOCAL_HOSTS:
        raise Problem(421, "not-local", "This issuer is for this machine only", "Use http://127.0.0.1.")
    return await handler(request)


async def _json_object(request: web.Request) -> dict[str, Any]:
    # The content type is required because a foreign page cannot send it without asking first.
    if request.content_type != "application/json":
        raise Problem(415, "media-type", "Send JSON", "The content type is application/json.")
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Problem(400, "invalid", "Send a JSON object", 'For example {"role": "operator", "user": "u1"}.')
    return body


def _sentence(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in found["loc"])
    return f"{where}: {found['msg']}" if where else found["msg"]


def _page(html: str, status: int = 200) -> web.Response:
    headers = {"Content-Security-Policy": _PAGE_POLICY}
    return web.Response(text=html, content_type="text/html", status=status, headers=headers)


def _oauth_error(error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=400)
