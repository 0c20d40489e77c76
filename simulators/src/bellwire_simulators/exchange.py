"""One request and one reply of a simulated provider, free of any server: the two builds only move these."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Request:
    """A whole HTTP request.

    `headers` has lower-case names and the first value of each; `repeated` names those that came more than
    once. `connection` tells connections apart (APNs has rules per connection).
    """

    method: str
    path: str
    headers: dict[str, str]
    repeated: frozenset[str]
    body: bytes
    connection: str

    @classmethod
    def of(
        cls, method: str, path: str, pairs: Sequence[tuple[str, str]], body: bytes, connection: str
    ) -> "Request":
        """Build a request from header pairs as they came, lower-case names."""
        headers = dict(pairs)
        repeated: frozenset[str] = frozenset()
        if len(headers) != len(pairs):
            headers = dict(reversed(pairs))
            names = [name for name, _ in pairs]
            repeated = frozenset(name for name in headers if names.count(name) > 1)
        return cls(method, path, headers, repeated, body, connection)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer: status, headers with lower-case names, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Transport(Enum):
    """What happens to the stream or connection beside, or instead of, the answer (providers.md section 4)."""

    NONE = "none"
    REFUSED_STREAM = "refused_stream"
    """RST_STREAM(REFUSED_STREAM): not processed, safe to send again."""
    RESET_BEFORE = "reset_before"
    """RST_STREAM(INTERNAL_ERROR), not processed; the client cannot know."""
    RESET_AFTER = "reset_after"
    """RST_STREAM(INTERNAL_ERROR) after the push was accepted; the client cannot know."""
    CLOSE_BEFORE = "close_before"
    """The TCP connection is cut, this request not processed."""
    CLOSE_AFTER = "close_after"
    """The TCP connection is cut after the push was accepted."""
    BLACK_HOLE = "black_hole"
    """No answer, ever; not processed."""
    BLACK_HOLE_AFTER = "black_hole_after"
    """No answer, ever, although the push was accepted."""
    GOAWAY = "goaway"
    """This request is answered, then GOAWAY with its stream as the last one; later streams are ignored."""

    @property
    def processed(self) -> bool:
        """Whether the provider takes the request before the fault strikes."""
        return self in _PROCESSED


_PROCESSED = frozenset(
    {
        Transport.NONE,
        Transport.RESET_AFTER,
        Transport.CLOSE_AFTER,
        Transport.BLACK_HOLE_AFTER,
        Transport.GOAWAY,
    }
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a router wants done: the answer, after `delay` seconds, with a transport fault.

    `trusted` says that the request carried valid credentials (APNs opens more streams then).
    """

    answer: Answer
    trusted: bool
    delay: float = 0.0
    transport: Transport = Transport.NONE
    goaway_reason: str = ""
