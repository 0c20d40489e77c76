"""Field types of the interface: what may be written where, and what would make Postgres or a calendar stumble."""

from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints
from pydantic import Field as PydanticField

_FIRST_YEAR, _LAST_YEAR = 2000, 2199


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("text cannot hold the character U+0000")
    return text


def _sensible(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"give a date between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_sensible)]
"""RFC 3339 with an offset, in this or the next century."""

Key = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_no_nul)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_no_nul)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
Version = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
Note = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_no_nul)]
Body = Annotated[str, StringConstraints(min_length=1, max_length=10_000), AfterValidator(_no_nul)]
Email = Annotated[
    str,
    StringConstraints(
        max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"
    ),
]
Limit = Annotated[int, PydanticField(ge=1, le=200)]
Cursor = Annotated[str, StringConstraints(max_length=2000)]

Item = TypeVar("Item", bound=BaseModel)


class In(BaseModel):
    """A request body: an unknown field is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)
