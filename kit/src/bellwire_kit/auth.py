"""Who is calling: a bearer JWT checked against the issuer's JWKS (architecture.md section 5)."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from bellwire_schemas.names import Environment, Role
from bellwire_schemas.source import InvalidSource, Source
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic_settings import BaseSettings

from bellwire_kit.web.problems import forbidden, unauthorized, unavailable

ALGORITHMS = ["RS256", "ES256"]
_LEEWAY = 30
_REFETCH_SECONDS = 10
_CACHE = 20_000
_REMEMBER_SECONDS = 60


class OidcSettings(BaseSettings, frozen=True):
    """OIDC_ISSUER, OIDC_AUDIENCE and OIDC_USER_CLAIM."""

    oidc_issuer: str
    oidc_audience: str = "bellwire"
    oidc_user_claim: str = "sub"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a token speaks for. Operators and group contacts work across districts: `district_id` is empty."""

    role: Role
    user_id: str
    district_id: str
    environment: Environment

    @property
    def source(self) -> Source:
        """The caller's district and environment. Raises `Problem` 403 when the token names none."""
        if not self.district_id:
            raise forbidden("This token names no district.")
        return Source(self.district_id, self.environment)


class TokenVerifier:
    """Checks tokens; keys are fetched once and again when a token names an unknown key."""

    def __init__(self, settings: OidcSettings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._keys: KeySet | None = None
        self._fetched = 0.0
        self._lock = asyncio.Lock()
        self._known: OrderedDict[str, tuple[float, Caller]] = OrderedDict()
        self._claims = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": settings.oidc_issuer},
            aud={"essential": True, "value": settings.oidc_audience},
            exp={"essential": True},
        )

    async def verify(self, token: str) -> Caller:
        """Return the caller. Raises `Problem` 401 for a token that does not hold, 503 without the issuer."""
        now = time.time()
        known = self._known.get(token)
        if known is not None and known[0] > now:
            return known[1]
        claims = await self._decode(token)
        caller = self._caller(claims)
        self._known[token] = (min(float(claims["exp"]) + _LEEWAY, now + _REMEMBER_SECONDS), caller)
        if len(self._known) > _CACHE:
            self._known.popitem(last=False)
        return caller

    async def _decode(self, token: str) -> dict[str, Any]:
        keys = await self._key_set(refetch=False)
        try:
            decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError, KeyError):
            keys = await self._key_set(refetch=True)
            try:
                decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError, KeyError):
                raise unauthorized("The bearer token's signature or form does not hold.") from None
        try:
            self._claims.validate(decoded.claims)
        except JoseError as error:
            raise unauthorized(f"The bearer token does not hold: {error.error}.") from None
        return decoded.claims

    async def _key_set(self, *, refetch: bool) -> KeySet:
        async with self._lock:
            if self._keys is not None and (
                not refetch or time.monotonic() - self._fetched < _REFETCH_SECONDS
            ):
                return self._keys
            try:
                issuer = self._settings.oidc_issuer.rstrip("/")
                configuration = await self._get(f"{issuer}/.well-known/openid-configuration")
                self._keys = KeySet.import_key_set(await self._get(configuration["jwks_uri"]))  # type: ignore[arg-type]
            except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
                if self._keys is None:
                    raise unavailable("The identity provider cannot be reached now.") from None
            self._fetched = time.monotonic()
            assert self._keys is not None
            return self._keys

    async def _get(self, url: str) -> dict[str, Any]:
        async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=5)) as response:
            response.raise_for_status()
            document: dict[str, Any] = await response.json()
            return document

    def _caller(self, claims: dict[str, Any]) -> Caller:
        try:
            role = Role(claims.get("role", ""))
            environment = Environment(claims.get("environment", Environment.PRODUCTION))
        except ValueError:
            raise unauthorized("The bearer token's role or environment is not one of ours.") from None
        user_id = claims.get(self._settings.oidc_user_claim)
        district_id = claims.get("district", "")
        if not isinstance(user_id, str) or not 0 < len(user_id) <= 255 or not isinstance(district_id, str):
            raise unauthorized(f"The bearer token has no usable {self._settings.oidc_user_claim} claim.")
        if district_id:
            try:
                Source(district_id, environment)
            except InvalidSource:
                raise unauthorized("The bearer token's district is not a district id.") from None
        return Caller(role, user_id, district_id, environment)


VERIFIER: web.AppKey[TokenVerifier] = web.AppKey("verifier", TokenVerifier)


def bearer(request: web.Request) -> str:
    """Return the bearer credential of a request. Raises `Problem` 401 when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthorized("Send `Authorization: Bearer <token>`.")
    return token.strip()


async def require(request: web.Request, *roles: Role) -> Caller:
    """Return the caller, who has one of `roles`. Raises `Problem` 401 or 403."""
    caller = await request.app[VERIFIER].verify(bearer(request))
    if caller.role not in roles:
        raise forbidden(f"This is for {', '.join(roles)}.")
    return caller
