"""FCM as a provider of ports.py: one request per push, its answer read by the table of the domain."""

from datetime import datetime
from urllib.parse import quote

import orjson
from bellwire_kit.faults import point
from pyreqwest.response import Response

from push_dispatcher.adapters.fcm.message import addressed, fcm_message
from push_dispatcher.adapters.fcm.oauth import AccessToken, CredentialsAway, CredentialsRefused
from push_dispatcher.adapters.http2 import TRANSPORT_ERRORS, Connection, Http2Settings
from push_dispatcher.adapters.retry_after import read_retry_after
from push_dispatcher.domain.fcm import fcm_verdict, read_answer
from push_dispatcher.domain.payload import Message, Push
from push_dispatcher.domain.verdict import (
    DELIVERED,
    LOST,
    Misconfigured,
    StaleCredentials,
    TryAgain,
    Verdict,
)


class FcmProvider:
    """One Firebase project; implements `push_dispatcher.ports.PushProvider`."""

    def __init__(self, url: str, project_id: str, token: AccessToken, http: Http2Settings) -> None:
        self._url = f"{url.rstrip('/')}/v1/projects/{quote(project_id, safe='')}/messages:send"
        self._token = token
        self._connection = Connection(http)
        self._message: Message | None = None
        self._encoded = b""

    async def send(self, push: Push, sent_at: datetime) -> Verdict:
        """Send; a refused access token is refreshed once and the push sent again."""
        message = push.message
        if message is not self._message:
            # Devices that are shown the same follow each other: all but their token is encoded once.
            self._message, self._encoded = message, fcm_message(message)
        body = addressed(self._encoded, push)
        try:
            authorization = await self._token.authorization()
            verdict = await self._post(body, authorization, sent_at)
            if type(verdict) is not StaleCredentials:
                return verdict
            verdict = await self._post(body, await self._token.renew(authorization), sent_at)
        except CredentialsRefused:
            return Misconfigured("oauth_refused")
        except CredentialsAway:
            return TryAgain("oauth_away")
        return Misconfigured(verdict.reason) if isinstance(verdict, StaleCredentials) else verdict

    async def reconnect(self) -> None:
        """Leave the connection behind."""
        await self._connection.renew()

    async def close(self) -> None:
        """Close the connections."""
        await self._token.close()
        await self._connection.close()

    async def _post(self, body: bytes, authorization: str, sent_at: datetime) -> Verdict:
        request = (
            self._connection.client.post(self._url)
            .headers([("authorization", authorization), ("content-type", "application/json")])
            .body_bytes(body)
            .build()
        )
        point("push.sending")
        try:
            response = await request.send()
            if response.status == 200:
                return DELIVERED
            return await _read(response, sent_at)
        except TRANSPORT_ERRORS:
            return LOST


async def _read(response: Response, sent_at: datetime) -> Verdict:
    try:
        document = orjson.loads(memoryview(await response.bytes()))
    except orjson.JSONDecodeError:
        document = None
    return fcm_verdict(
        response.status,
        read_answer(document),
        retry_after=read_retry_after(response.get_header("retry-after"), sent_at),
        sent_at=sent_at,
    )
