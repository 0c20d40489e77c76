"""Kafka keys: what must stay in order goes under one key; ids percent-encoded (architecture.md, 3)."""

import re
from functools import lru_cache
from urllib.parse import quote

from bellwire_schemas.source import Source

_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
"""Ids that need no encoding, as nearly all are: told without the cost of `quote`."""


@lru_cache(maxsize=1 << 16)
def encoded(identifier: str) -> str:
    """Percent-encode one id so that it cannot contain the separator of keys and paths."""
    if _PLAIN.fullmatch(identifier):
        return identifier
    return quote(identifier, safe="")


def student_key(source: Source, student_id: str) -> bytes:
    """Key of `change-events`: everything about one student is in order."""
    return f"{source.district_id}/{source.environment.value}/{encoded(student_id)}".encode()


def roster_key(source: Source, kind: str, identifier: str) -> bytes:
    """Key of `roster-events`; `kind` is `district` or `school`."""
    return f"{source.district_id}/{source.environment.value}/{kind}/{encoded(identifier)}".encode()


def user_key(source: Source, user_id: str) -> bytes:
    """Key of `alerts` and `deliveries`: everything about one user is in order."""
    return f"{source.district_id}/{source.environment.value}/{encoded(user_id)}".encode()


def site_key(site_id: str) -> bytes:
    """Key of `update-events`."""
    return site_id.encode()
