"""The OIDC authorization-code flow with PKCE, as its client (architecture.md section 5)."""

import secrets
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from bellwire_kit.auth import ALGORITHMS, Caller, TokenVerifier
from bellwire_kit.web.problems import unavailable
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_LEEWAY = 30


class SignInRefused(Exception):
    """The provider, or what it answered, does not hold; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in under way, kept in the browser's encrypted cookie."""

    state: str
    nonce: str
    verifier: str
    next: str

    def plain(self) -> dict[str, str]:
        """As JSON values."""
        return asdict(self)


def new_attempt(following: str) -> Attempt:
    """A sign-in that leads to the local path `following`."""
    return Attempt(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), following)


class Oidc:
    """One client of one issuer; its configuration is read at the first sign-in."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        verifier: TokenVerifier,
        session: aiohttp.ClientSession,
    ) -> None:
        self._issuer, self._client_id, self._client_secret = issuer.rstrip("/"), client_id, client_secret
        self._verifier, self._session = verifier, session
        self._configuration: dict[str, Any] = {}

    async def authorization_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser goes to sign in. Raises `Problem` 503 without the issuer."""
        configuration = await self._configured()
        return str(
            prepare_grant_uri(
                configuration["authorization_endpoint"],
                self._client_id,
                "code",
                redirect_uri=redirect_uri,
                scope="openid",
                state=attempt.state,
                nonce=attempt.nonce,
                code_challenge=create_s256_code_challenge(attempt.verifier),
                code_challenge_method="S256",
            )
        )

    async def sign_in(self, attempt: Attempt, code: str, redirect_uri: str) -> Caller:
        """Redeem a code: whom the access token speaks for, once the ID token holds.

        Raises `SignInRefused`, and `Problem` 401 or 503 as `TokenVerifier.verify` does.
        """
        configuration = await self._configured()
        body = prepare_token_request(
            "authorization_code",
            redirect_uri=redirect_uri,
            code=code,
            client_id=self._client_id,
            client_secret=self._client_secret,
            code_verifier=attempt.verifier,
        )
        tokens = await self._post(configuration["token_endpoint"], body)
        await self._check_id_token(configuration, tokens, attempt.nonce)
        access = tokens.get("access_token")
        if not isinstance(access, str):
            raise SignInRefused("The identity provider gave no access token.")
        return await self._verifier.verify(access)

    async def end_session_url(self) -> str:
        """Where a person signs out at the provider too; "" where it has no such place."""
        return str((await self._configured()).get("end_session_endpoint", ""))

    async def _check_id_token(
        self, configuration: dict[str, Any], tokens: dict[str, Any], nonce: str
    ) -> None:
        keys = KeySet.import_key_set(await self._get(configuration["jwks_uri"]))  # type: ignore[arg-type]
        options = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        params = {
            "nonce": nonce,
            "client_id": self._client_id,
            "access_token": tokens.get("access_token"),
        }
        try:
            decoded = jwt.decode(str(tokens.get("id_token", "")), keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(decoded.claims, decoded.header, options=options, params=params)
            claims.validate(leeway=_LEEWAY)
        except (JoseError, ValueError, KeyError) as error:
            raise SignInRefused("The identity provider's ID token does not hold.") from error
        except Exception as error:
            # authlib's claim errors share no public base with joserfc's
            if type(error).__module__.startswith("authlib."):
                raise SignInRefused("The identity provider's ID token does not hold.") from error
            raise

    async def _configured(self) -> dict[str, Any]:
        if not self._configuration:
            self._configuration = await self._get(f"{self._issuer}/.well-known/openid-configuration")
        return self._configuration

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with self._session.get(url, timeout=_TIMEOUT) as response:
                response.raise_for_status()
                document: dict[str, Any] = await response.json(content_type=None)
                return document
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            raise unavailable("The identity provider cannot be reached now.") from None

    async def _post(self, url: str, body: str) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            async with self._session.post(url, data=body, headers=headers, timeout=_TIMEOUT) as response:
                document: dict[str, Any] = await response.json(content_type=None)
                if response.status != 200:
                    raise SignInRefused("The identity provider refused the code: sign in again.")
                return document
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            raise unavailable("The identity provider cannot be reached now.") from None
