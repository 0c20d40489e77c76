"""One connection of the faulty build: frames in, requests to the provider, answers and faults out."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from ..control import Control
from ..exchange import Reply, Request, Transport
from ..provider import Provider
from .allowance import Allowance
from .framing import PatientConnection, goaway
from .sending import AnswerSender

_RESETS = {
    Transport.REFUSED_STREAM: ErrorCodes.REFUSED_STREAM,
    Transport.RESET_BEFORE: ErrorCodes.INTERNAL_ERROR,
    Transport.RESET_AFTER: ErrorCodes.INTERNAL_ERROR,
}
_CUTS = frozenset({Transport.CLOSE_BEFORE, Transport.CLOSE_AFTER})
_LINGER = 1.0
"""Seconds that a connection stays after GOAWAY: closed at once, the client might never read it."""
_SILENCES = frozenset({Transport.BLACK_HOLE, Transport.BLACK_HOLE_AFTER})


@dataclass(slots=True)
class _Incoming:
    pairs: list[tuple[str, str]]
    body: bytearray = field(default_factory=bytearray)
    late: asyncio.TimerHandle | None = None


class FaultyConnection(asyncio.Protocol):
    """Serves one client; `gated` connections (APNs) start with the streams allowed before a valid token."""

    def __init__(self, name: str, provider: Provider, control: Control, gated: bool) -> None:
        self.name = name
        self.requests = 0
        self.peak = 0
        self.refused = 0
        self.open = False
        self._provider = provider
        self._control = control
        self._allowance = Allowance(trusted=not gated)
        self._announced = self._allowance.streams(control.limits)
        self._h2 = PatientConnection(self._announced)
        self._sender = AnswerSender(self._h2)
        self._streams: dict[int, _Incoming] = {}
        self._handled = 0
        self._closing: asyncio.TimerHandle | None = None
        self._last = -1
        """The last stream that GOAWAY promised, -1 before one was sent."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, unless the client did not choose h2 by ALPN."""
        # uvloop's transports are of the right shape but not of asyncio's class.
        self._transport = cast("asyncio.Transport", transport)
        tls = transport.get_extra_info("ssl_object")
        if tls is None or tls.selected_alpn_protocol() != "h2":
            transport.close()
            return
        self.open = True
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was held for the client."""
        self.open = False
        if self._closing is not None:
            self._closing.cancel()
        for incoming in self._streams.values():
            if incoming.late is not None:
                incoming.late.cancel()
        self._streams.clear()
        self._provider.forget(self.name)

    def data_received(self, data: bytes) -> None:
        """Take whatever frames came; a client that breaks the protocol is told so and cut off."""
        try:
            for event in self._h2.receive_data(data):
                self._take(event)
                if self._transport.is_closing():
                    return
        except ProtocolError:
            self._flush()
            self._transport.close()
            return
        self._flush()

    def limits_changed(self) -> None:
        """Announce a changed number of streams at once."""
        if self.open:
            self._announce()
            self._flush()

    def go_away(self, reason: str) -> None:
        """Send GOAWAY: what was handled is finished, every later stream is ignored."""
        if self.open and self._last < 0:
            self._last = self._handled
            for stream in [stream for stream in self._streams if stream > self._last]:
                del self._streams[stream]
            self._flush()
            self._transport.write(goaway(self._last, reason))
            self._close_when_done()

    def cut(self) -> None:
        """Cut the connection without a word."""
        self._flush()
        self._transport.abort()

    def _take(self, event: Event) -> None:
        match event:
            case RequestReceived(stream_id=stream, headers=headers):
                assert stream is not None
                self._begin(stream, cast("list[tuple[str, str]]", headers))
            case DataReceived(stream_id=stream, data=data, flow_controlled_length=length):
                assert stream is not None
                assert data is not None
                if stream in self._streams:
                    self._streams[stream].body += data
                self._h2.acknowledge_received_data(length or 0, stream)
            case StreamEnded(stream_id=stream) if stream in self._streams:
                self._handle(stream)
            case StreamReset(stream_id=stream):
                assert stream is not None
                self._sender.drop(stream)
                self._end(stream)
            case WindowUpdated():
                self._sender.resume()
            case _:
                pass

    def _begin(self, stream: int, headers: list[tuple[str, str]]) -> None:
        if 0 <= self._last < stream:
            return
        # A client may go on as before until it has acknowledged a lower number.
        if len(self._streams) >= max(self._h2.local_settings.max_concurrent_streams, self._announced):
            self.refused += 1
            self._h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
            return
        self._streams[stream] = _Incoming(headers)
        self.peak = max(self.peak, len(self._streams))

    def _handle(self, stream: int) -> None:
        incoming = self._streams[stream]
        pseudo = dict(incoming.pairs[:4])
        reply = self._provider.handle(
            Request.of(
                pseudo[":method"],
                pseudo[":path"].partition("?")[0],
                [pair for pair in incoming.pairs if not pair[0].startswith(":")],
                bytes(incoming.body),
                self.name,
            )
        )
        self.requests += 1
        self._handled = max(self._handled, stream)
        if reply.delay:
            loop = asyncio.get_running_loop()
            incoming.late = loop.call_later(reply.delay, self._enact_late, stream, reply)
        else:
            self._enact(stream, reply)

    def _enact_late(self, stream: int, reply: Reply) -> None:
        if stream in self._streams:
            self._enact(stream, reply)
            self._flush()

    def _enact(self, stream: int, reply: Reply) -> None:
        limits = self._control.limits
        if reply.transport in _CUTS:
            self.cut()
            return
        if reply.transport in _SILENCES:
            return
        if reply.transport in _RESETS:
            self._h2.reset_stream(stream, _RESETS[reply.transport])
        else:
            self._sender.send(stream, reply.answer, limits.data_frame_bytes)
            self._allowance = self._allowance.after(reply.answer.status, reply.trusted)
            self._announce()
        self._end(stream)
        if reply.transport is Transport.GOAWAY or (
            limits.goaway_every and self.requests >= limits.goaway_every
        ):
            self.go_away(reply.goaway_reason)

    def _announce(self) -> None:
        streams = self._allowance.streams(self._control.limits)
        if streams != self._announced:
            self._announced = streams
            self._h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: streams})

    def _end(self, stream: int) -> None:
        self._streams.pop(stream, None)
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self._last >= 0 and not self._streams and self._closing is None:
            self._closing = asyncio.get_running_loop().call_later(_LINGER, self._transport.close)

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)
