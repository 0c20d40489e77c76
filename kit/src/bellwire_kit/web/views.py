"""The view that APIs derive from: parameters and bodies from annotations, errors as problems."""

import codecs
from collections.abc import Callable, Iterable, Mapping
from json import JSONDecodeError
from typing import Any, ClassVar

import orjson
from aiohttp import web
from aiohttp.web_response import StreamResponse
from aiohttp_pydantic import PydanticView
from aiohttp_pydantic.injectors import AbstractInjector, BodyGetter
from pydantic import BaseModel, ValidationError

from bellwire_kit.web.problems import Problem, invalid

_PREFIX = {"body": "", "path": "/path", "query string": "/query", "headers": "/headers"}


class _Body(AbstractInjector):  # type: ignore[misc]
    """Reads the JSON body of a `BodyGetter`, and says what keeps one from being read."""

    context = "body"

    def __init__(self, getter: BodyGetter) -> None:
        self._getter = getter

    async def inject(
        self, request: web.BaseRequest, args_view: list[Any], kwargs_view: dict[str, Any]
    ) -> None:
        async def read() -> Any:
            try:
                body = await request.json()
            except JSONDecodeError as error:
                where = f"line {error.lineno}, column {error.colno}"
                raise _unreadable(f"The body is not JSON: {error.msg} at {where}.") from None
            except UnicodeDecodeError:
                raise
            except ValueError:  # Python reads no integer of thousands of digits
                raise _unreadable("A number of the body has too many digits.") from None
            if self._getter._expect_object and not isinstance(body, dict):
                raise _unreadable("The body is JSON, but no object; an object is expected.")
            return body

        await self._getter._inject(read, args_view, kwargs_view)


class ApiView(PydanticView):  # type: ignore[misc]
    """A resource. What no parameter can hold (broken encoding, U+0000, endless nesting) is a 400 for every one.

    `public` says in OpenAPI that no credential is needed.
    """

    public: ClassVar[bool] = False

    @staticmethod
    def _parse_func_signature(func: Callable[..., Any]) -> Iterable[AbstractInjector]:
        injectors = PydanticView._parse_func_signature(func)
        return [_Body(each) if isinstance(each, BodyGetter) else each for each in injectors]

    async def _iter(self) -> StreamResponse:
        await _readable(self.request)
        try:
            response: StreamResponse = await super()._iter()
        except UnicodeDecodeError:
            raise _unreadable("The body is not UTF-8.") from None
        except RecursionError:
            raise _unreadable("The body is nested too deeply.") from None
        return response

    async def on_validation_error(self, exception: ValidationError, context: str) -> StreamResponse:
        """Answer what pydantic found, as problem+json."""
        raise invalid(exception, _PREFIX[context])


async def _readable(request: web.Request) -> None:
    try:
        codecs.lookup(request.charset or "utf-8")
    except LookupError:
        raise _unreadable("The charset of the body is not known; UTF-8 is right.") from None
    if "\x00" in request.path or "\x00" in request.query_string or "%00" in request.query_string:
        raise _unreadable("U+0000 is not allowed in an address.")
    if request.content_type.endswith("json") and b"\\u0000" in await request.read():
        raise _unreadable("U+0000 is not allowed in a text.")


def _unreadable(detail: str) -> Problem:
    return Problem(400, "unreadable", "The request cannot be read", detail)


def answer(
    value: BaseModel | Mapping[str, Any] | list[Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a JSON answer from a model or plain values."""
    body = value.model_dump_json().encode() if isinstance(value, BaseModel) else orjson.dumps(value)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)
