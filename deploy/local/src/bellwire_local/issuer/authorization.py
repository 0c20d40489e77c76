"""The authorization-code flow with PKCE: requests, and codes that work once (RFC 6749, RFC 7636)."""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bellwire_local.issuer.identity import Identity

CODE_SECONDS = 60.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class AuthorizationRequest(BaseModel):
    """Query of `GET /authorize`: code flow, S256 only, back to an address of this machine only."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    response_type: Literal["code"]
    client_id: str = Field(min_length=1, max_length=255)
    redirect_uri: str
    code_challenge: str = Field(pattern=r"^[A-Za-z0-9_-]{43}$")
    code_challenge_method: Literal["S256"]
    scope: str = Field(default="openid", max_length=255)
    state: str = Field(default="", max_length=2048)
    nonce: str = Field(default="", max_length=512)

    @field_validator("redirect_uri")
    @classmethod
    def _on_this_machine(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or parts.hostname not in _LOOPBACK or parts.fragment:
            raise ValueError("redirect_uri is an http address of this machine, without a fragment")
        return value


@dataclass(frozen=True, slots=True)
class _Grant:
    identity: Identity
    request: AuthorizationRequest
    expires: float


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a good code stands for."""

    identity: Identity
    client_id: str
    nonce: str


class CodeRefused(Exception):
    """The code is unknown, used, late, or of another client, address or verifier."""


class Codes:
    """Codes given out and not yet redeemed; `clock` is seconds of real time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._grants: dict[str, _Grant] = {}

    def issue(self, identity: Identity, request: AuthorizationRequest) -> str:
        """A code that works once within CODE_SECONDS."""
        now = self._clock()
        self._grants = {code: grant for code, grant in self._grants.items() if grant.expires > now}
        code = secrets.token_urlsafe(32)
        self._grants[code] = _Grant(identity, request, now + CODE_SECONDS)
        return code

    def redeem(self, code: str, client_id: str, redirect_uri: str, verifier: str) -> Redeemed:
        """What the code stands for; it is spent whatever the answer. Raises `CodeRefused`."""
        grant = self._grants.pop(code, None)
        if grant is None or grant.expires <= self._clock():
            raise CodeRefused("The code is unknown, used or expired: start again at /authorize.")
        if (client_id, redirect_uri) != (grant.request.client_id, grant.request.redirect_uri):
            raise CodeRefused("client_id and redirect_uri must be those of the authorization request.")
        if not hmac.compare_digest(challenge(verifier), grant.request.code_challenge):
            raise CodeRefused("code_verifier does not belong to the code_challenge.")
        return Redeemed(grant.identity, client_id, grant.request.nonce)


def challenge(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
