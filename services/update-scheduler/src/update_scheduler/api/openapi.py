"""From pydantic's JSON Schema (2020-12) to OpenAPI 3.0, whole.

aiohttp-pydantic's own translation stumbles over an optional reference and drops formats, patterns and enums of
optional fields; it offers a place for a better one.
"""

from typing import Any

from aiohttp_pydantic.oas.pydantic_schema_to_oas import add_or_replace_translater

Schema = dict[str, Any]


def to_openapi_3_0(schema: Schema) -> None:
    """Rewrite in place: null becomes `nullable`, `const` an enum of one."""
    for inner in schema.get("properties", {}).values():
        to_openapi_3_0(inner)
    if isinstance(schema.get("items"), dict):
        to_openapi_3_0(schema["items"])
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    for element in schema.get("anyOf", ()):
        to_openapi_3_0(element)
    _nullable(schema)


def _nullable(schema: Schema) -> None:
    choices = schema.get("anyOf", [])
    rest = [choice for choice in choices if choice.get("type") != "null"]
    if len(rest) == len(choices):
        return
    schema["nullable"] = True
    if schema.get("default", ...) is None:
        del schema["default"]
    if len(rest) > 1:
        schema["anyOf"] = rest
        return
    del schema["anyOf"]
    (only,) = rest
    if "$ref" in only:
        schema["allOf"] = [only]
    else:
        schema.update({name: value for name, value in only.items() if name not in schema})


def use_whole_translation() -> None:
    """Have the OpenAPI document made with `to_openapi_3_0`."""
    add_or_replace_translater("3.0.0", to_openapi_3_0)
