"""The ES256 provider token that all connections and workers share."""

import base64
import json
import time
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from push_dispatcher.domain import token_age


class InvalidSigningKey(ValueError):
    """APNS_KEY_FILE holds an EC P-256 private key in PEM form (Apple's .p8 file)."""


def load_signing_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read Apple's .p8 file. Raises `InvalidSigningKey`, `OSError` when it cannot be read."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidSigningKey(str(InvalidSigningKey.__doc__)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise InvalidSigningKey(str(InvalidSigningKey.__doc__))
    return key


class ProviderToken:
    """Makes and keeps the token; time is real time, never product time."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, key_id: str, team_id: str) -> None:
        self._key = key
        self._key_id = key_id
        self._team_id = team_id
        self._issued = 0
        self._header = ""

    def authorization(self) -> str:
        """Return the header's value, of a token that is new enough."""
        now = int(time.time())
        if not self._header or token_age.due(self._issued, now):
            self._make(token_age.issued_at(now))
        return self._header

    def renew(self, refused: str) -> bool:
        """Make a token anew after `refused` was called expired; false if the 20-minute rule forbids it."""
        if refused != self._header:
            return True
        now = int(time.time())
        if not token_age.may_renew(self._issued, now):
            return False
        self._make(now)
        return True

    def _make(self, issued: int) -> None:
        head = _encoded({"alg": "ES256", "kid": self._key_id})
        claims = _encoded({"iss": self._team_id, "iat": issued})
        # Deterministic (RFC 6979), so that two processes of one half hour have the same token: APNs counts
        # distinct ones. JWT libraries only offer the randomised form.
        signature = self._key.sign(
            f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        )
        r, s = decode_dss_signature(signature)
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        self._header = f"bearer {head}.{claims}.{_base64(raw)}"
        self._issued = issued


def _encoded(claims: dict[str, str | int]) -> str:
    return _base64(json.dumps(claims, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
