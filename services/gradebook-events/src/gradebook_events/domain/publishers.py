"""Publishers and their keys: `bw_<id>_<secret>`, of which only a hash is kept (architecture.md section 5)."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from bellwire_schemas.source import Source

_KEY = re.compile(r"bw_([a-z0-9]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Whoever may write for one district in one environment."""

    publisher_id: str
    source: Source
    source_text: str = field(init=False, repr=False, compare=False)
    """The `source` of its events; made once, since every event is held against it."""

    def __post_init__(self) -> None:
        """Write the source out."""
        object.__setattr__(self, "source_text", str(self.source))


class InvalidKey(ValueError):
    """A publisher key has the form bw_<id>_<secret>."""


@dataclass(frozen=True, slots=True)
class PublisherKey:
    """A key as its holder sends it. It has no readable form but `text`, so that no log shows it."""

    key_id: str
    secret: str

    @property
    def text(self) -> str:
        """The credential; shown once, when the key is made."""
        return f"bw_{self.key_id}_{self.secret}"

    @property
    def digest(self) -> bytes:
        """What is kept. A plain hash is enough: the secret is 32 random bytes, not a password."""
        return hashlib.sha256(self.secret.encode()).digest()

    def matches(self, digest: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.digest, digest)

    def __repr__(self) -> str:
        return f"PublisherKey({self.key_id})"


def parse_key(text: str) -> PublisherKey:
    """Read a bearer credential. Raises `InvalidKey`."""
    found = _KEY.fullmatch(text)
    if found is None:
        raise InvalidKey(InvalidKey.__doc__)
    return PublisherKey(found[1], found[2])
