"""The ids of `bellwire_schemas.ids` for many users of one event at once: what they share is hashed once."""

from functools import lru_cache
from hashlib import sha1
from uuid import UUID, SafeUUID

from bellwire_schemas.ids import NAMESPACE
from bellwire_schemas.keys import encoded
from bellwire_schemas.source import Source


class AlertIds:
    """The ids of one event's alerts: equal to `bellwire_schemas.ids.alert_id`, by user."""

    __slots__ = ("_shared",)

    def __init__(self, source: Source, event_source: str, event_id: str) -> None:
        self._shared = sha1(_of_source(source, event_source), usedforsecurity=False)
        self._shared.update(f"{encoded(event_id)}/".encode())

    def of(self, user_id: str) -> UUID:
        """Return the id of the alert to one user."""
        hashed = self._shared.copy()
        hashed.update(encoded(user_id).encode())
        return _version_5(int.from_bytes(hashed.digest()[:16]))


_CLEARED = ~((0xF000 << 64) | (0xC000 << 48))
_VERSION_5 = (5 << 76) | (0x8000 << 48)
_set = object.__setattr__


def _version_5(number: int) -> UUID:
    """Return `UUID(int=number, version=5)` without its checks of what cannot be wrong: half of an id's time."""
    made = object.__new__(UUID)
    _set(made, "int", number & _CLEARED | _VERSION_5)
    _set(made, "is_safe", SafeUUID.unknown)
    return made


@lru_cache(maxsize=10_000)
def _of_source(source: Source, event_source: str) -> bytes:
    parts = (source.environment, source.district_id, event_source)
    return NAMESPACE.bytes + "/".join(("alert", *map(encoded, parts), "")).encode()
