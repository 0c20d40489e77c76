"""FCM's access token by the service account's JWT-bearer grant (RFC 7523): refreshed early, by one caller."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path

import orjson
from joserfc import jwt
from joserfc.jwk import RSAKey
from pyreqwest.client import Client

from push_dispatcher.adapters.http2 import TRANSPORT_ERRORS

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EARLY_SECONDS = 300
_ASSERTION_SECONDS = 3600


class InvalidServiceAccount(ValueError):
    """FCM_SERVICE_ACCOUNT_FILE is Google's JSON with client_email, private_key, private_key_id, token_uri."""


class CredentialsRefused(Exception):
    """The OAuth server refuses the service account."""


class CredentialsAway(Exception):
    """The OAuth server cannot be reached, or is in trouble itself."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who signs, with what, and where the grant is asked for."""

    email: str
    key_id: str
    key: RSAKey
    token_url: str


def load_service_account(path: Path, token_url: str = "") -> ServiceAccount:
    """Read Google's file; `token_url` overrides its own. Raises `InvalidServiceAccount`, `OSError`."""
    try:
        document = json.loads(path.read_text("utf-8"))
        key = RSAKey.import_key(document["private_key"])
        return ServiceAccount(
            document["client_email"], document["private_key_id"], key, token_url or document["token_uri"]
        )
    except (ValueError, KeyError, TypeError):
        raise InvalidServiceAccount(str(InvalidServiceAccount.__doc__)) from None


class AccessToken:
    """The token that all workers share; time is real."""

    def __init__(self, account: ServiceAccount, client: Client) -> None:
        self._account = account
        self._client = client
        self._header = ""
        self._early = 0.0
        self._ends = 0.0
        self._lock = asyncio.Lock()

    async def authorization(self) -> str:
        """Return the header's value. Raises `CredentialsRefused` or `CredentialsAway` when there is none."""
        if time.time() < self._early:
            return self._header
        async with self._lock:
            if time.time() >= self._early:
                await self._refresh()
            return self._header

    async def renew(self, refused: str) -> str:
        """Return a token other than `refused`; one caller asks, the others wait for it."""
        async with self._lock:
            if self._header == refused:
                self._early = self._ends = 0.0
                await self._refresh()
            return self._header

    async def close(self) -> None:
        """Close the connection to the OAuth server."""
        await self._client.close()

    async def _refresh(self) -> None:
        now = time.time()
        try:
            token, seconds = await self._granted(int(now))
        except CredentialsAway:
            if now < self._ends:
                # The old one is good for some minutes yet; ask again in a moment.
                self._early = min(self._ends, now + 5)
                return
            raise
        self._header = f"Bearer {token}"
        self._ends = now + seconds
        self._early = now + max(
            seconds - _EARLY_SECONDS, seconds * 0.8 if seconds < _EARLY_SECONDS * 2 else 0
        )

    async def _granted(self, now: int) -> tuple[str, float]:
        account = self._account
        assertion = jwt.encode(
            {"alg": "RS256", "typ": "JWT", "kid": account.key_id},
            {
                "iss": account.email,
                "scope": SCOPE,
                "aud": account.token_url,
                "iat": now,
                "exp": now + _ASSERTION_SECONDS,
            },
            account.key,
        )
        form = {"grant_type": _GRANT, "assertion": assertion}
        try:
            response = await self._client.post(account.token_url).form(form).build().send()
            body = bytes(await response.bytes())
        except TRANSPORT_ERRORS:
            raise CredentialsAway from None
        if response.status >= 500 or response.status == 429:
            raise CredentialsAway
        if response.status != 200:
            raise CredentialsRefused
        try:
            document = orjson.loads(body)
            return str(document["access_token"]), float(document["expires_in"])
        except (ValueError, KeyError, TypeError):
            raise CredentialsAway from None
