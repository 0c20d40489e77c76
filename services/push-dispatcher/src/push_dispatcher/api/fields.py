"""What parameters and bodies of several resources share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("the character U+0000 cannot be part of this")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("this is not valid Unicode text") from None
    return text


Id = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_storable)]
"""An id as product.md section 2 bounds it."""

Cursor = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_storable)]
"""A cursor of an earlier answer; empty: from the start."""

Limit = Annotated[int, Field(ge=1, le=200)]
"""How many items a page may have."""

OptionalToken = Annotated[str, StringConstraints(max_length=4_096), AfterValidator(_storable)]
"""A provider's token, or none; its length is the provider's affair, within reason."""


class Model(BaseModel):
    """A value of this API: frozen."""

    model_config = ConfigDict(frozen=True)


class Body(BaseModel):
    """A request body: frozen, unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
