"""What a build needs of a provider, and of a build."""

from typing import Protocol

from .exchange import Reply, Request


class Provider(Protocol):
    """A simulated provider: all of its rules, none of its bytes."""

    def handle(self, request: Request) -> Reply:
        """Answer one request; the ledger is written before this returns."""

    def forget(self, connection: str) -> None:
        """A connection has ended."""

    def knows(self, error: str) -> bool:
        """Whether the provider gives this error."""


class Build(Protocol):
    """A way of serving a provider: the fast one or the faulty one."""

    enacts_transport: bool
    """Whether it can do anything to a stream or connection but answer."""

    async def start(self) -> None:
        """Listen; returns when connections are accepted."""

    async def stop(self) -> None:
        """Stop listening and end all connections."""

    def goaway(self, reason: str) -> int:
        """Send every open connection GOAWAY with its last stream and `reason`; gives how many."""

    def connections(self) -> list[dict[str, int | str]]:
        """What is known of the connections so far."""
