"""A light HTTP/1.1 client: it sends ready-made requests round and round on kept connections."""

import asyncio
import time
from collections.abc import Sequence
from typing import cast

import uvloop

HOST = "127.0.0.1"


class _Connection(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the one before has come."""

    def __init__(self, requests: Sequence[bytes], until: float, ended: asyncio.Future[int]) -> None:
        self._requests = requests
        self._until = until
        self._ended = ended
        self._answered = 0
        self._received = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(self._requests[0])

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data
        head = received.find(b"\r\n\r\n")
        if head < 0:
            return
        if not received.startswith(b"HTTP/1.1 202"):
            self._fail(RuntimeError(received[:head].decode()))
            return
        at = received.find(b"Content-Length: ", 0, head) + 16
        if len(received) - head - 4 < int(received[at : received.find(b"\r", at)]):
            return
        self._received = b""
        self._answered += 1
        if time.monotonic() < self._until:
            self._transport.write(self._requests[self._answered % len(self._requests)])
        elif not self._ended.done():
            self._ended.set_result(self._answered)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the server closed the connection"))

    def _fail(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)


def drive(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> int:
    """Send requests for so long; return how many were answered 202. Raises on any other answer."""

    async def run() -> int:
        loop = asyncio.get_running_loop()
        until = time.monotonic() + seconds
        ends: list[asyncio.Future[int]] = []
        for n in range(connections):
            ended = loop.create_future()
            ends.append(ended)
            part = requests[n::connections] or requests
            await loop.create_connection(
                lambda part=part, ended=ended: _Connection(part, until, ended), HOST, port
            )
        async with asyncio.timeout(seconds + 30):
            return sum(await asyncio.gather(*ends))

    return uvloop.run(run())


def request(body: bytes, media: str, key: str) -> bytes:
    """Return one POST of events, as bytes on the wire."""
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
