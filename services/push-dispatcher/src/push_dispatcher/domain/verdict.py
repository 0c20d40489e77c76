"""What a provider's answer asks of us: one closed family of values (providers.md sections 1 and 2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider accepted the push."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Nothing is wrong with the push: send it later, not sooner than `least` from now.

    `overload` is true when the provider itself asked for less (429, 503): concurrency shrinks.
    """

    reason: str
    least: timedelta = timedelta(0)
    overload: bool = False


@dataclass(frozen=True, slots=True)
class SparePhone:
    """This device has had too many pushes: everything for it waits at least `least`; others go on."""

    reason: str
    least: timedelta


@dataclass(frozen=True, slots=True)
class TokenGone:
    """The token was not valid at `at`: prune it if we did not register it after that. Not an error."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TokenSuspect:
    """The token, or our topic or environment, is wrong: never retried, pruned only within the guard."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsendable:
    """The push can never be accepted as it is: our bug. It ends `failed` and is counted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider refuses this push for good without our bug (another project's token, forbidden)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """Credentials, topic or project are wrong: the lane's breaker opens and its work is held.

    `reconnect` is true when its connections must be closed too.
    """

    reason: str
    reconnect: bool = False


@dataclass(frozen=True, slots=True)
class StaleCredentials:
    """The bearer token is no longer taken: renew it once if its rule allows, and send again."""

    reason: str


@dataclass(frozen=True, slots=True)
class KeepCredentials:
    """The provider saw too many new bearer tokens: go on with the old one and send again later."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """This connection is of no more use: open a new one and send again."""

    reason: str


Verdict = (
    Delivered
    | TryAgain
    | SparePhone
    | TokenGone
    | TokenSuspect
    | Unsendable
    | Refused
    | Misconfigured
    | StaleCredentials
    | KeepCredentials
    | Reconnect
)

DELIVERED = Delivered()

LOST = TryAgain("transport")
"""A request whose answer never came: it may have been accepted, so it repeats with the same id and slot."""
