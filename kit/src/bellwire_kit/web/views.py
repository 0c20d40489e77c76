"""The view that APIs derive from: parameters and bodies from annotations, errors as problems."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_response import StreamResponse
from aiohttp_pydantic import PydanticView
from pydantic import BaseModel, ValidationError

from bellwire_kit.web.problems import invalid

_PREFIX = {"body": "", "path": "/path", "query string": "/query", "headers": "/headers"}


class ApiView(PydanticView):  # type: ignore[misc]
    """A resource; `on_validation_error` answers 400 with the pointer of each finding."""

    async def on_validation_error(self, exception: ValidationError, context: str) -> StreamResponse:
        """Answer what pydantic found, as problem+json."""
        raise invalid(exception, _PREFIX[context])


def answer(
    value: BaseModel | Mapping[str, Any] | list[Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a JSON answer from a model or plain values."""
    body = value.model_dump_json().encode() if isinstance(value, BaseModel) else orjson.dumps(value)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
