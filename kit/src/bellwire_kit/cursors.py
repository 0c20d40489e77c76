"""Opaque page cursors: signed, so that one of another user or query is refused and none can be made up."""

import base64
import hashlib
import hmac
from typing import Any

import orjson

from bellwire_kit.web.problems import Problem

_BYTES = 16


class Cursors:
    """Seals positions for one purpose; `secret` is the service's own."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, scope: str, position: list[Any]) -> str:
        """Return a cursor of a JSON position; `scope` says whose and of which list."""
        body = orjson.dumps(position)
        return base64.urlsafe_b64encode(self._mac(scope, body) + body).decode().rstrip("=")

    def open(self, scope: str, cursor: str) -> list[Any]:
        """Return the position. Raises `Problem` 400 for a cursor that this scope did not get from us."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise self._refused() from None
        mac, body = raw[:_BYTES], raw[_BYTES:]
        if not hmac.compare_digest(mac, self._mac(scope, body)):
            raise self._refused()
        position: list[Any] = orjson.loads(body)
        return position

    def _mac(self, scope: str, body: bytes) -> bytes:
        return hmac.new(self._secret, scope.encode() + b"\x00" + body, hashlib.sha256).digest()[:_BYTES]

    @staticmethod
    def _refused() -> Problem:
        detail = "Use a cursor that this address answered to the same caller, or none to start again."
        return Problem(
            400, "invalid-cursor", "The cursor is not one of ours", detail, pointer="/query/cursor"
        )
