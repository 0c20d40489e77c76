"""One provider's door."""

from datetime import datetime
from typing import Protocol

from push_dispatcher.domain.payload import Push
from push_dispatcher.domain.verdict import Verdict


class PushProvider(Protocol):
    """One provider's door; siblings of one shape live in adapters/."""

    async def send(self, push: Push, sent_at: datetime) -> Verdict:
        """Send one push and read the answer; never raises for what a provider or a network can do."""

    async def reconnect(self) -> None:
        """Leave the connections behind and open new ones at the next push."""

    async def close(self) -> None:
        """Close the connections."""
