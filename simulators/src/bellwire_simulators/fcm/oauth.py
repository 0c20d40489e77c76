"""The OAuth 2 JWT-bearer grant for a service account (RFC 7523), RS256, and the access tokens given out."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import parse_qs

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
"""What Google's own libraries name as audience, whatever the account's `token_uri`."""
SCOPES = frozenset(
    {
        "https://www.googleapis.com/auth/firebase.messaging",
        "https://www.googleapis.com/auth/cloud-platform",
    }
)
MAX_LIFETIME = 3600
"""Seconds between `iat` and `exp` of an assertion, at most."""
MAX_AHEAD = 300
"""Seconds that the client's clock may be ahead of ours."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The one account that may send: its e-mail, key id, public key and the audience it must name."""

    email: str
    key_id: str
    public: RSAKey
    token_uri: str


@dataclass(frozen=True, slots=True)
class Denied:
    """A refused grant: OAuth's error code and its sentence."""

    error: str
    description: str


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant that stands: an access token may be given."""


def check_grant(body: bytes, account: ServiceAccount, now: float) -> Granted | Denied:  # noqa: PLR0911
    """Check a token request's form and assertion against `now` (epoch seconds)."""
    form = parse_qs(body.decode(errors="replace"))
    if form.get("grant_type") != [GRANT_TYPE]:
        return Denied("unsupported_grant_type", f"Invalid grant_type: {GRANT_TYPE} is required")
    assertion = form.get("assertion", [""])[0]
    try:
        if jws.extract_compact(assertion.encode()).headers().get("kid", account.key_id) != account.key_id:
            return Denied("invalid_grant", "Invalid JWT Signature: unknown key id.")
        claims = orjson.loads(
            jws.deserialize_compact(assertion, account.public, algorithms=["RS256"]).payload
        )
    except (JoseError, ValueError):
        return Denied("invalid_grant", "Invalid JWT Signature.")
    if not isinstance(claims, dict) or claims.get("iss") != account.email:
        return Denied("invalid_grant", "Invalid grant: account not found")
    if claims.get("aud") not in {account.token_uri, GOOGLE_AUDIENCE}:
        return Denied("invalid_grant", "Invalid JWT: aud must be the token_uri.")
    if not SCOPES & set(str(claims.get("scope", "")).split()):
        return Denied("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    issued_at, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued_at, int | float) or not isinstance(expires, int | float):
        return Denied("invalid_grant", "Invalid JWT: iat and exp are required.")
    if not issued_at - MAX_AHEAD <= now < expires or expires - issued_at > MAX_LIFETIME:
        return Denied(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
        )
    return Granted()


class AccessTokens:
    """The access tokens in force, each with its end (epoch seconds)."""

    def __init__(self) -> None:
        self._ends: OrderedDict[str, float] = OrderedDict()

    def give(self, lifetime: int, now: float) -> str:
        """Make a token that holds for `lifetime` seconds."""
        token = f"ya29.{secrets.token_urlsafe(96)}"
        self._ends[token] = now + lifetime
        if len(self._ends) > _REMEMBERED:
            self._ends.popitem(last=False)
        return token

    def holds(self, authorization: str, now: float) -> bool:
        """Whether `Authorization` bears a token in force."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self._ends.get(token, 0.0) > now

    def revoke_all(self) -> int:
        """End every token now; gives how many there were."""
        count = len(self._ends)
        self._ends.clear()
        return count
