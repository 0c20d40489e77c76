"""The running system as anybody outside sees it: addresses, tokens, and requests that say what went wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp


class Unexpected(Exception):
    """The system answered something that the demo cannot go on with; the message has status and detail.

    `status` is that of HTTP, 0 where there is none.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a token speaks for."""

    role: str
    user: str
    district: str
    environment: str = "production"


class Outside:
    """Requests to the stack whose `endpoints` are those of `.local/endpoints.json`."""

    def __init__(self, endpoints: Mapping[str, str], session: aiohttp.ClientSession) -> None:
        self.endpoints = endpoints
        self._session = session
        self._tokens: dict[Who, str] = {}

    async def token(self, who: Who) -> str:
        """Return a bearer token, or for the role publisher a publisher key."""
        if who not in self._tokens:
            body = {
                "role": who.role,
                "user": who.user,
                "district": who.district,
                "environment": who.environment,
            }
            answer = await self.ask("POST", f"{self.endpoints['issuer']}/local-tokens", json=body)
            self._tokens[who] = answer["token"]
        return self._tokens[who]

    async def as_user(self, who: Who, method: str, service: str, path: str, **request: Any) -> Any:
        """Ask a service with the token of `who`; answer the JSON, or raise `Unexpected`."""
        headers = {"Authorization": f"Bearer {await self.token(who)}", **request.pop("headers", {})}
        return await self.ask(method, f"{self.endpoints[service]}{path}", headers=headers, **request)

    async def ask(self, method: str, url: str, **request: Any) -> Any:
        """Ask any address; answer the JSON (None without a body), or raise `Unexpected`."""
        async with self._session.request(method, url, **request) as response:
            body = await response.read()
            if response.status >= 400:
                raise Unexpected(
                    f"{method} {url} answered {response.status}: {body[:500].decode(errors='replace')}",
                    response.status,
                )
            return await response.json(content_type=None) if body else None

    async def location(self, who: Who, service: str, path: str, body: bytes, content_type: str) -> str:
        """Post bytes and return the `Location` of what was made."""
        headers = {"Authorization": f"Bearer {await self.token(who)}", "Content-Type": content_type}
        async with self._session.post(
            f"{self.endpoints[service]}{path}", data=body, headers=headers
        ) as response:
            if response.status != 202:
                raise Unexpected(f"POST {path} answered {response.status}: {(await response.text())[:500]}")
            return response.headers["Location"]

    async def etag(self, who: Who, service: str, path: str) -> tuple[str, Any]:
        """Return the `ETag` of a resource and its JSON."""
        headers = {"Authorization": f"Bearer {await self.token(who)}"}
        async with self._session.get(f"{self.endpoints[service]}{path}", headers=headers) as response:
            if response.status != 200:
                raise Unexpected(f"GET {path} answered {response.status}: {(await response.text())[:500]}")
            return response.headers["ETag"], await response.json()
