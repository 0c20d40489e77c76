"""RFC 9457 problem details: every error of every API in one form, naming what is wrong and what is right."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from pydantic import ValidationError

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that refuses: `type` a short stable word, `pointer` the JSON pointer of what is wrong.

    `errors` lists several findings, each `{"pointer", "detail"}`. `headers` go with the answer (Retry-After).
    """

    def __init__(
        self,
        status: int,
        type: str,
        title: str,
        detail: str = "",
        *,
        pointer: str | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status, self.type, self.title, self.detail = status, type, title, detail
        self.pointer, self.errors, self.headers = pointer, tuple(errors), dict(headers or {})

    def document(self) -> dict[str, Any]:
        """Return the problem details object."""
        body: dict[str, Any] = {
            "type": f"urn:bellwire:problem:{self.type}",
            "title": self.title,
            "status": self.status,
        }
        if self.detail:
            body["detail"] = self.detail
        if self.pointer is not None:
            body["pointer"] = self.pointer
        if self.errors:
            body["errors"] = list(self.errors)
        return body

    def response(self) -> web.Response:
        """Return the HTTP answer."""
        return web.Response(
            status=self.status,
            body=orjson.dumps(self.document()),
            content_type=MEDIA_TYPE,
            headers=self.headers,
        )


def json_pointer(location: Iterable[int | str]) -> str:
    """Return the RFC 6901 pointer of a path of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def findings(error: ValidationError, prefix: str = "") -> list[dict[str, str]]:
    """Return one `{"pointer", "detail"}` a finding of pydantic; the input itself is never repeated."""
    return [
        {"pointer": prefix + json_pointer(found["loc"]), "detail": found["msg"]}
        for found in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def invalid(error: ValidationError, prefix: str = "", *, title: str = "The request is not valid") -> Problem:
    """Return the 400 that lists every finding and points at the first."""
    found = findings(error, prefix)
    return Problem(400, "invalid", title, found[0]["detail"], pointer=found[0]["pointer"], errors=found)


def unauthorized(detail: str) -> Problem:
    """Return the 401 of a missing or refused credential."""
    return Problem(401, "unauthorized", "Sign in first", detail, headers={"WWW-Authenticate": "Bearer"})


def forbidden(detail: str) -> Problem:
    """Return the 403 of a caller who may not do this."""
    return Problem(403, "forbidden", "Not allowed", detail)


def not_found(what: str) -> Problem:
    """Return the 404: there is no such thing, or not for this caller."""
    return Problem(404, "not-found", "Not found", f"There is no such {what}.")


def unavailable(detail: str, retry_after: int = 2) -> Problem:
    """Return the 503 of a part that is away; `retry_after` seconds."""
    return Problem(503, "unavailable", "Try again", detail, headers={"Retry-After": str(retry_after)})


def from_http(error: web.HTTPException) -> web.Response:
    """Return aiohttp's own refusal (no route, method, too large) as problem+json; redirects stay."""
    if error.status < 400:
        raise error
    title = HTTPStatus(error.status).phrase
    words = title.lower().replace(" ", "-")
    keep = {name: value for name, value in error.headers.items() if name in ("Allow", "Retry-After")}
    return Problem(error.status, words, title, error.reason, headers=keep).response()
