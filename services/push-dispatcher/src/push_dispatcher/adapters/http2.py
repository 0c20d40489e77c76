"""HTTP/2 to a provider: pyreqwest with prior knowledge over TLS, as measured in providers.md section 3."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import RequestError

NO_CA = Path()
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PING_AFTER = timedelta(hours=1)
_PING_ANSWERED_WITHIN = timedelta(seconds=20)
_CONNECTED_WITHIN = timedelta(seconds=10)

TRANSPORT_ERRORS = (RequestError,)
"""What a network, a provider's connection or a time-out can do to one request."""


@dataclass(frozen=True, slots=True)
class Http2Settings:
    """`request_seconds` bounds one request from connecting to the end of its answer; `ca_file` adds a root."""

    request_seconds: float = 10.0
    ca_file: Path = NO_CA


def open_client(settings: Http2Settings, *, prior_knowledge: bool = True) -> Client:
    """Return a client that keeps its connections for hours; nothing is connected before the first request.

    Without `prior_knowledge` the protocol is agreed by ALPN, as the OAuth server may speak HTTP/1.1 only.
    """
    builder = (
        ClientBuilder()
        .timeout(timedelta(seconds=settings.request_seconds))
        .connect_timeout(_CONNECTED_WITHIN)
        .pool_idle_timeout(None)
        .follow_redirects(False)
        .https_only(True)
        .no_proxy()
        .gzip(False)
        .brotli(False)
        .zstd(False)
        .deflate(False)
        .http2_keep_alive_interval(_PING_AFTER)
        .http2_keep_alive_timeout(_PING_ANSWERED_WITHIN)
        .http2_keep_alive_while_idle(True)
        .user_agent("bellwire")
    )
    builder = builder.http2_prior_knowledge() if prior_knowledge else builder.http2(True)
    if settings.ca_file != NO_CA:
        for certificate in _CERTIFICATE.findall(settings.ca_file.read_bytes()):
            builder = builder.add_root_certificate_pem(certificate)
    return builder.build()


class Connection:
    """One client that can be left behind: requests in flight end on the old one, new ones use the new."""

    def __init__(self, settings: Http2Settings) -> None:
        self._settings = settings
        self.client = open_client(settings)
        self._left: list[Client] = []

    async def renew(self) -> None:
        """Open a new client; the one before the last is closed now, as its requests have ended."""
        for client in self._left:
            await client.close()
        self._left = [self.client]
        self.client = open_client(self._settings)

    async def close(self) -> None:
        """Close every client."""
        for client in (*self._left, self.client):
            await client.close()
