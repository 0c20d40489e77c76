"""The ids of `bellwire_schemas.ids` for many users of one event at once: what they share is hashed once."""

from functools import lru_cache
from hashlib import sha1
from uuid import UUID

from bellwire_schemas.ids import NAMESPACE
from bellwire_schemas.keys import encoded
from bellwire_schemas.source import Source


class AlertIds:
    """The ids of one event's alerts: equal to `bellwire_schemas.ids.alert_id`, by user."""

    __slots__ = ("_shared",)

    def __init__(self, source: Source, event_source: str, event_id: str) -> None:
        parts = (source.environment, source.district_id, event_source, event_id)
        name = "/".join(("alert", *map(_encoded, parts), ""))
        self._shared = sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False)

    def of(self, user_id: str) -> UUID:
        """Return the id of the alert to one user."""
        hashed = self._shared.copy()
        hashed.update(_encoded(user_id).encode())
        return UUID(bytes=hashed.digest()[:16], version=5)


@lru_cache(maxsize=20_000)
def _encoded(identifier: str) -> str:
    return encoded(identifier)
