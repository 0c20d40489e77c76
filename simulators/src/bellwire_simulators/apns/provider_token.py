"""Provider tokens: the ES256 signature, the age rules, and what a connection has seen (section 1)."""

from dataclasses import dataclass

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from .reasons import Reason

MAX_AGE = 3600
"""Seconds after `iat` at which a provider token has expired."""
MIN_UPDATE = 1200
"""Seconds that two provider tokens of one connection must be apart."""
MAX_AHEAD = 300
"""Seconds that a provider's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A team's registered key. `here` is false for a key that belongs to APNs' other environment."""

    key_id: str
    team_id: str
    public: ECKey
    here: bool = True


@dataclass(frozen=True, slots=True)
class ProviderToken:
    """A token whose signature, team and key stand: the raw text, key id and `iat` in epoch seconds."""

    text: str
    key_id: str
    issued_at: int


def bearer(authorization: str) -> str | Reason:
    """Take the JWT out of `authorization: bearer <jwt>`."""
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text:
        return Reason.MISSING_PROVIDER_TOKEN
    return text


def verify(text: str, keys: dict[str, SigningKey]) -> ProviderToken | Reason:
    """Check algorithm, key id, signature and team. Says nothing of age: that changes, this does not."""
    try:
        key_id = jws.extract_compact(text.encode()).headers().get("kid")
        key = keys.get(key_id) if isinstance(key_id, str) else None
        if key is None:
            return Reason.INVALID_PROVIDER_TOKEN
        claims = orjson.loads(jws.deserialize_compact(text, key.public, algorithms=["ES256"]).payload)
    except (JoseError, ValueError):
        return Reason.INVALID_PROVIDER_TOKEN
    if not isinstance(claims, dict) or claims.get("iss") != key.team_id:
        return Reason.INVALID_PROVIDER_TOKEN
    issued_at = claims.get("iat")
    if not isinstance(issued_at, int) or isinstance(issued_at, bool):
        return Reason.INVALID_PROVIDER_TOKEN
    if not key.here:
        return Reason.BAD_ENVIRONMENT_KEY_ID_IN_TOKEN
    return ProviderToken(text, key.key_id, issued_at)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A connection on which no provider token was accepted yet."""


def admit(token: ProviderToken, before: ProviderToken | Fresh, now: float) -> Reason | ProviderToken:
    """Check age against `now` (epoch seconds) and the token last accepted on the same connection."""
    if now - token.issued_at > MAX_AGE:
        return Reason.EXPIRED_PROVIDER_TOKEN
    if token.issued_at - now > MAX_AHEAD:
        return Reason.INVALID_PROVIDER_TOKEN
    if isinstance(before, Fresh) or token.text == before.text:
        return token
    if token.key_id != before.key_id:
        return Reason.UNRELATED_KEY_ID_IN_TOKEN
    if abs(token.issued_at - before.issued_at) < MIN_UPDATE:
        return Reason.TOO_MANY_PROVIDER_TOKEN_UPDATES
    return token
