"""What the generated OpenAPI document cannot know: names of headers, media types that are not JSON, ETags."""

from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

Schema = dict[str, Any]

_DOCUMENT = "/openapi.json"
_HEADERS = {
    "if_match": ("If-Match", "The ETag as it was read. Without it 428, with an older one 412.", True),
    "idempotency_key": ("Idempotency-Key", "A repeat with the same key and body makes one request.", False),
}
_MEDIA = {
    "/v1/requests.csv": ("text/csv", "The table, with a head line."),
    "/v1/calendar.ics": ("text/calendar", "The feed (RFC 5545)."),
    "/v1/stream": (
        "text/event-stream",
        "Server-sent events `ready` and `changed` until ten minutes are over: read it without end.",
    ),
}
_WITH_ETAG = frozenset({"AnyRequestOut", "WavesOut"})
_REFUSED = {
    "428": "If-Match is missing.",
    "412": "Somebody else changed it since: it is at another revision now.",
}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def described() -> Middleware:
    """Return the middleware that completes `/openapi.json`, once."""
    made: list[bytes] = []

    @web.middleware
    async def outer(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.path != _DOCUMENT or not isinstance(response, web.Response):
            return response
        if not made:
            assert isinstance(response.body, bytes)
            made.append(orjson.dumps(completed(orjson.loads(response.body))))
        return web.Response(body=made[0], content_type="application/json")

    return outer


def completed(document: Schema) -> Schema:
    """Complete an OpenAPI 3.1 document of this service in place."""
    for address, path in document["paths"].items():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                _parameter(parameter)
            if any(p["name"] == "If-Match" for p in operation.get("parameters", ())):
                for status, said in _REFUSED.items():
                    operation["responses"][status] = {"description": said, "content": _PROBLEM}
            for status, response in operation["responses"].items():
                _response(address, status, response)
    return document


def _parameter(parameter: Schema) -> None:
    if parameter["in"] == "header" and parameter["name"] in _HEADERS:
        name, said, needed = _HEADERS[parameter["name"]]
        parameter.update(name=name, description=said, required=needed)
        parameter["schema"] = {"type": "string", "minLength": 1}
    choices = parameter["schema"].pop("anyOf", None)
    if choices is not None:
        # an address has no null: what may be left out is not required
        (only,) = [choice for choice in choices if choice != {"type": "null"}]
        parameter["schema"] = {**parameter["schema"], **only}
        parameter["schema"].pop("default", None)


def _response(address: str, status: str, response: Schema) -> None:
    if not status.startswith("2"):
        return
    if address in _MEDIA:
        kind, said = _MEDIA[address]
        response["content"] = {kind: {"schema": {"type": "string"}}}
        response["description"] = said
    response.setdefault("description", "")
    answered = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    headers: Schema = {}
    if answered.rpartition("/")[2] in _WITH_ETAG:
        headers["ETag"] = {"schema": {"type": "string"}, "description": "What If-Match takes."}
    if status == "201":
        headers["Location"] = {"schema": {"type": "string"}, "description": "Where it is, if it can be read."}
    if headers:
        response["headers"] = headers
