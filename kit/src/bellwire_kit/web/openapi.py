"""`/openapi.json`: generated from the views, with the answers and credentials that every operation has."""

from typing import Any

import orjson
from aiohttp import web
from aiohttp_pydantic.oas.pydantic_schema_to_oas import add_or_replace_translater
from aiohttp_pydantic.oas.view import generate_oas

_PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "pointer": {"type": "string", "description": "RFC 6901 pointer of what is wrong."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_REFUSAL = {
    "description": "Refused: RFC 9457 problem details.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_METHODS = {"get", "put", "post", "patch", "delete", "head", "options"}


def _as_it_is(_schema: dict[str, Any]) -> None:
    """OpenAPI 3.1 takes JSON Schema as pydantic writes it; the rewriting for 3.0 cannot read a union of models."""


add_or_replace_translater("3.0.0", _as_it_is)


def document(app: web.Application, title: str, version: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the application's views; those marked `public` need no credential."""
    spec: dict[str, Any] = generate_oas([app], version_spec=version, title_spec=title)
    spec["openapi"] = "3.1.0"
    public = _public_paths(app)
    components = spec.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for address, path in spec.get("paths", {}).items():
        for method, operation in path.items():
            if method in _METHODS:
                operation.setdefault("responses", {})["default"] = _REFUSAL
                operation.setdefault("security", [] if address in public else [{"bearer": []}])
    return spec


def _public_paths(app: web.Application) -> set[str]:
    return {
        resource.canonical
        for resource in app.router.resources()
        for route in resource
        if getattr(route.handler, "public", False)
    }


def add_route(app: web.Application, title: str, version: str) -> None:
    """Serve the document at `/openapi.json`; it is made once, at the first request."""
    made: list[bytes] = []

    async def openapi(_request: web.Request) -> web.Response:
        if not made:
            made.append(orjson.dumps(document(app, title, version)))
        return web.Response(body=made[0], content_type="application/json")

    app.router.add_get("/openapi.json", openapi)
