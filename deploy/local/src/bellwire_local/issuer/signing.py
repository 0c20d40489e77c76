"""The issuer's one signing key, kept in the state directory so that tokens outlive a restart."""

import json
import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from bellwire_local.issuer.identity import Identity
from bellwire_local.paths import write_atomically

ALGORITHM = "ES256"
AUDIENCE = "bellwire"
LIFETIME = 8 * 3600
"""Seconds of real time that a token lives: bearer tokens do not follow the moved clock."""


class Signer:
    """Signs tokens in the name of `issuer`, a URL that never ends in a slash."""

    def __init__(self, issuer: str, key: ECKey) -> None:
        self.issuer = issuer
        self._key = key

    def jwks(self) -> dict[str, Any]:
        """The public key set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def access_token(self, identity: Identity) -> str:
        """Bearer token for Bellwire's own services."""
        return self._sign({**identity.claims(), "aud": AUDIENCE})

    def id_token(self, identity: Identity, client: str, nonce: str) -> str:
        """OIDC ID token for the client that asked; `nonce` is "" where it sent none."""
        claims = {**identity.claims(), "aud": client, "azp": client, "auth_time": int(time.time())}
        return self._sign(claims | ({"nonce": nonce} if nonce else {}))

    def _sign(self, claims: dict[str, Any]) -> str:
        now = int(time.time())
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(
            header, {"iss": self.issuer, "iat": now, "nbf": now, "exp": now + LIFETIME, **claims}, self._key
        )


def kept_key(path: Path) -> ECKey:
    """The key of this file, made at the first call; nobody but the owner can read it."""
    if path.exists():
        return ECKey.import_key(json.loads(path.read_text()))
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    write_atomically(path, json.dumps(key.as_dict(private=True)), mode=0o600)
    return key
