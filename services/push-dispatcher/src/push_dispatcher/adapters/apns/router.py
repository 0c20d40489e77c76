"""APNs as a provider of ports.py: one request per push, its answer read by the table of the domain."""

import time
from datetime import datetime

import orjson
from bellwire_kit.faults import point
from pyreqwest.request import ConsumedRequest
from pyreqwest.response import Response

from push_dispatcher.adapters.apns.provider_token import ProviderToken
from push_dispatcher.adapters.http2 import TRANSPORT_ERRORS, Connection, Http2Settings
from push_dispatcher.adapters.retry_after import read_retry_after
from push_dispatcher.domain.apns import apns_verdict
from push_dispatcher.domain.payload import Message, Push, apns_headers, apns_payload
from push_dispatcher.domain.verdict import DELIVERED, LOST, Misconfigured, StaleCredentials, Verdict


class ApnsProvider:
    """One APNs host and topic; implements `push_dispatcher.ports.PushProvider`."""

    def __init__(self, url: str, topic: str, token: ProviderToken, http: Http2Settings) -> None:
        self._path = f"{url.rstrip('/')}/3/device/"
        self._fixed = (("apns-topic", topic), ("apns-push-type", "alert"))
        self._token = token
        self._connection = Connection(http)
        self._message: Message | None = None
        self._body = b""

    async def send(self, push: Push, sent_at: datetime) -> Verdict:
        """Send; an expired provider token is renewed once, if its rule allows, and the push sent again."""
        authorization = self._token.authorization()
        request = self._request(push, authorization)
        point("push.sending")
        try:
            response = await request.send()
            if response.status == 200:
                return DELIVERED
            verdict = await _read(response, sent_at)
            if type(verdict) is not StaleCredentials:
                return verdict
            if not self._token.renew(authorization):
                return Misconfigured(verdict.reason)
            response = await self._request(push, self._token.authorization()).send()
            verdict = await _read(response, sent_at)
        except TRANSPORT_ERRORS:
            return LOST
        return Misconfigured(verdict.reason) if isinstance(verdict, StaleCredentials) else verdict

    async def reconnect(self) -> None:
        """Leave the connection behind."""
        await self._connection.renew()

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    def _request(self, push: Push, authorization: str) -> ConsumedRequest:
        message = push.message
        if message is not self._message:
            # Devices that are shown the same follow each other: their body is encoded once.
            self._message, self._body = message, apns_payload(message)
        headers = (("authorization", authorization), *self._fixed, *apns_headers(push, int(time.time())))
        return (
            self._connection.client.post(self._path + push.token)
            .headers(headers)
            .body_bytes(self._body)
            .build()
        )


async def _read(response: Response, sent_at: datetime) -> Verdict:
    if response.status == 200:
        return DELIVERED
    reason, timestamp = "", None
    try:
        document = orjson.loads(memoryview(await response.bytes()))
    except orjson.JSONDecodeError:
        document = None
    if isinstance(document, dict):
        named, when = document.get("reason"), document.get("timestamp")
        reason = named if isinstance(named, str) else ""
        timestamp = when if isinstance(when, int) and not isinstance(when, bool) else None
    return apns_verdict(
        response.status,
        reason,
        timestamp_ms=timestamp,
        retry_after=read_retry_after(response.get_header("retry-after"), sent_at),
        sent_at=sent_at,
    )
