"""The faulty build's server: TLS with ALPN h2, one `FaultyConnection` a client."""

import asyncio
import ssl
from collections import deque
from itertools import count
from pathlib import Path

from ..control import Control
from ..outcomes import Limits
from ..provider import Provider
from .connection import FaultyConnection

_REMEMBERED = 1000


class FaultyBuild:
    """Serves one provider on one port of 127.0.0.1; `gated` as APNs is, before the first valid token."""

    enacts_transport = True

    def __init__(
        self, provider: Provider, port: int, certificate: Path, key: Path, control: Control, gated: bool
    ) -> None:
        self._provider = provider
        self._port = port
        self._control = control
        self._gated = gated
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.set_alpn_protocols(["h2"])
        self._tls.load_cert_chain(certificate, key)
        self._seen: deque[FaultyConnection] = deque(maxlen=_REMEMBERED)
        self._names = count(1)
        control.on_limits(self._limits_changed)

    async def start(self) -> None:
        """Listen. OSError if the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, "127.0.0.1", self._port, ssl=self._tls)

    async def stop(self) -> None:
        """Stop listening and cut all connections."""
        self._server.close()
        for connection in self._seen:
            if connection.open:
                connection.cut()

    def goaway(self, reason: str) -> int:
        """Send every open connection GOAWAY; gives how many there were."""
        open_now = [connection for connection in self._seen if connection.open]
        for connection in open_now:
            connection.go_away(reason)
        return len(open_now)

    def connections(self) -> list[dict[str, int | str]]:
        """The last connections: requests handled, most streams at once, streams refused, still open."""
        return [
            {
                "name": connection.name,
                "requests": connection.requests,
                "peak_streams": connection.peak,
                "refused_streams": connection.refused,
                "open": int(connection.open),
            }
            for connection in self._seen
        ]

    def _connection(self) -> FaultyConnection:
        name = f"{self._port}/{next(self._names)}"
        connection = FaultyConnection(name, self._provider, self._control, self._gated)
        self._seen.append(connection)
        return connection

    def _limits_changed(self, limits: Limits) -> None:
        for connection in self._seen:
            connection.limits_changed()
