"""The fast build: Granian, RSGI, HTTP/2 over TLS, in this process and on this event loop.

For the demo and for load. It answers, late if told so, and does nothing else to a stream.
"""

import asyncio
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, SSLProtocols
from granian.http import HTTP2Settings
from granian.server.embed import Server

from .exchange import Answer, Request, Transport
from .provider import Provider

_READY_WITHIN = 10.0
_STOPPED_WITHIN = 2.0


class FastBuild:
    """Serves one provider on one port; `http1` lets HTTP/1.1 clients in too (Google does, Apple does not)."""

    enacts_transport = False

    def __init__(
        self, provider: Provider, port: int, certificate: Path, key: Path, streams: int, http1: bool
    ) -> None:
        self._provider = provider
        self._port = port
        self._server = Server(
            self._serve,
            port=port,
            http=HTTPModes.auto if http1 else HTTPModes.http2,
            websockets=False,
            ssl_cert=certificate,
            ssl_key=key,
            ssl_protocol_min=SSLProtocols.tls12,
            http2_settings=HTTP2Settings(max_concurrent_streams=streams),
            backlog=1024,
            log_enabled=False,
        )

    async def start(self) -> None:
        """Listen; returns when connections are accepted. OSError if the port stays shut."""
        self._stopping = asyncio.get_running_loop().create_future()
        self._running = asyncio.ensure_future(self._server.serve())
        async with asyncio.timeout(_READY_WITHIN):
            while not self._running.done():
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return
        self._running.result()

    async def stop(self) -> None:
        """Stop listening; answers still held back go out first, at once."""
        self._stopping.set_result(None)
        await asyncio.sleep(0)
        self._server.signal_handler_interrupt()  # type: ignore[no-untyped-call]
        await asyncio.wait([self._running], timeout=_STOPPED_WITHIN)

    def goaway(self, reason: str) -> int:
        """This build sends none."""
        return 0

    def connections(self) -> list[dict[str, int | str]]:
        """This build does not see connections."""
        return []

    async def _serve(self, scope: Any, protocol: Any) -> None:
        body = await protocol()
        reply = self._provider.handle(
            Request.of(scope.method, scope.path, scope.headers.items(), body, scope.client)
        )
        answer = reply.answer
        if reply.transport is not Transport.NONE:
            answer = Answer(501, (), f"the fast build cannot do {reply.transport.value}".encode())
        if reply.delay:
            await asyncio.wait([self._stopping], timeout=reply.delay)
        if answer.body:
            protocol.response_bytes(answer.status, list(answer.headers), answer.body)
        else:
            protocol.response_empty(answer.status, list(answer.headers))
