"""What every event pays on its way through HTTP, made cheap: media type, body, the answer that it was accepted."""

import time
from functools import lru_cache

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import parse_mimetype, rfc822_formatted_time
from aiohttp.web_request import BaseRequest
from bellwire_kit.web.application import SECURITY_HEADERS
from bellwire_kit.web.problems import Problem

_READY = b"HTTP/1.1 202 Accepted\r\n" + "".join(
    f"{name}: {value}\r\n" for name, value in {**SECURITY_HEADERS, "Content-Type": "application/json"}.items()
).encode("ascii")
_UTF8 = ("utf-8", "utf8", "us-ascii", "")


@lru_cache(maxsize=256)
def media_of(content_type: str) -> str:
    """Return the media type of a Content-Type header without its parameters, empty without one.

    Raises `Problem` 415 when it names a charset that JSON is not written in.
    """
    found = parse_mimetype(content_type)
    if found.parameters.get("charset", "").lower() not in _UTF8:
        raise Problem(415, "unsupported-charset", "JSON is UTF-8", "Send the body in UTF-8.")
    suffix = f"+{found.suffix}" if found.suffix else ""
    return f"{found.type}/{found.subtype}{suffix}" if found.type else ""


async def body_of(request: web.Request) -> bytes:
    """Return the body; one that came with the head, as small ones do, is taken as it lies there."""
    content = request.content
    if not content.is_eof() or content.total_bytes > request.client_max_size:
        return await request.read()
    return content.read_nowait()


class _Head:
    """Everything of the answer before its length, made once a second, since it has the date."""

    def __init__(self) -> None:
        self._second = 0
        self._text = b""

    def text(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._text = _READY + f"Date: {rfc822_formatted_time()}\r\nContent-Length: ".encode("ascii")
        return self._text


_head = _Head()


class _Ready(web.StreamResponse):
    """A 202 that goes out in one piece, headers and all: for HTTP/1.1 on a connection that stays open.

    aiohttp builds headers into a mapping and writes the mapping out, which costs as much as validating an event.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(status=202)
        self._text = body
        self._request: BaseRequest

    @property
    def keep_alive(self) -> bool:
        return True

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        self._request = request
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        body = self._text
        transport.write(b"%b%d\r\n\r\n%b" % (_head.text(), len(body), body))
        await self._request.writer.drain()


def accepted(request: web.Request, body: bytes) -> web.StreamResponse:
    """Return the answer 202 with a JSON body, the quick way where that can be."""
    if request.version == HttpVersion11 and request.keep_alive:
        return _Ready(body)
    return web.Response(status=202, body=body, content_type="application/json")
