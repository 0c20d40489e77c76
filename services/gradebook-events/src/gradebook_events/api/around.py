"""What stands around every view: how often a caller may ask, and what the OpenAPI document says of raw bodies."""

from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from bellwire_kit.web.rates import limits
from bellwire_schemas.catalogue import INCOMING
from pydantic.json_schema import models_json_schema

from gradebook_events.api.events import BATCH, EVENTS_PATH, STRUCTURED

_DOCUMENT = "/openapi.json"
_UPLOAD_PATH = "/v1/imports/oneroster"
_ATTRIBUTES = ("specversion", "id", "source", "type")
_SUMMARIES = {
    "specversion": "1.0",
    "id": "Unique for the source; at most 255 characters.",
    "source": "/districts/{district_id}/{environment}, those of the key.",
    "type": f"One of {', '.join(sorted(INCOMING))}.",
    "subject": "students/{id}, schools/{id} or districts/{id}, as the data says; may be left out.",
    "time": "When the SIS recorded it, RFC 3339; modified_at if left out.",
    "bellwirebackfill": "`true`: sets state, counts as told, and alerts nobody.",
}


def around() -> Middleware:
    """Return the middleware. Events are limited by their publisher's share alone."""
    limited = limits(unlimited=(EVENTS_PATH,))
    described: list[bytes] = []

    @web.middleware
    async def outer(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path
        if path == EVENTS_PATH:
            return await handler(request)
        if path != _DOCUMENT:
            return await limited(request, handler)
        response = await handler(request)
        if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
            return response
        if not described:
            described.append(orjson.dumps(with_bodies(orjson.loads(response.body))))
        return web.Response(body=described[0], content_type="application/json")

    return outer


def with_bodies(document: dict[str, Any]) -> dict[str, Any]:
    """Add the bodies that are read as bytes: events in their three modes, and packages."""
    refs, definitions = models_json_schema(
        [(entry.model, "validation") for entry in INCOMING.values()],
        ref_template="#/components/schemas/{model}",
    )
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components.update(definitions.get("$defs", {}))
    components["EventData"] = {
        "title": "EventData",
        "description": "What the event's type says it is; unknown members are kept.",
        "anyOf": list(refs.values()),
    }
    components["Event"] = _event()
    event, data = {"$ref": "#/components/schemas/Event"}, {"$ref": "#/components/schemas/EventData"}
    post = document["paths"][EVENTS_PATH]["post"]
    post["parameters"] = [*post.get("parameters", ()), *_headers()]
    post["requestBody"] = {
        "required": True,
        "content": {
            STRUCTURED: {"schema": event},
            BATCH: {"schema": {"type": "array", "items": event}},
            "application/json": {"schema": data},
        },
    }
    document["paths"][_UPLOAD_PATH]["post"]["requestBody"] = {
        "required": True,
        "description": "A OneRoster 1.2 CSV package.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
    return document


def _event() -> dict[str, Any]:
    texts = {name: {"type": "string", "description": said} for name, said in _SUMMARIES.items()}
    return {
        "title": "Event",
        "description": "A CloudEvent 1.0 in the JSON format; other attributes are kept as extensions.",
        "type": "object",
        "required": [*_ATTRIBUTES, "data"],
        "properties": {
            **texts,
            "bellwirebackfill": {"enum": [True, False, "true", "false"]},
            "datacontenttype": {"const": "application/json"},
            "data": {"$ref": "#/components/schemas/EventData"},
        },
    }


def _headers() -> list[dict[str, Any]]:
    return [
        {
            "in": "header",
            "name": f"ce-{name}",
            "required": False,
            "description": f"Binary mode, where the body is the data alone. {said}",
            "schema": {"type": "string"},
        }
        for name, said in _SUMMARIES.items()
    ]
