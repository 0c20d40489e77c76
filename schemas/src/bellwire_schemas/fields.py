"""The field types that several contracts share, with their bounds (product.md section 2)."""

import re
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic import Field as PydanticField

DISTRICT_PATTERN = r"^[a-z0-9-]{1,64}$"

DistrictId = Annotated[str, StringConstraints(pattern=DISTRICT_PATTERN)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""Any id but a district's: up to 255 characters, percent-encoded in keys and URLs."""

Name = Annotated[str, StringConstraints(max_length=1_000)]
Text = Annotated[str, StringConstraints(max_length=10_000)]
State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Locale = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=35)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""`HH:MM`, 24 hours, local to the zone that the document says."""

Number = Annotated[Decimal, PydanticField(allow_inf_nan=False, max_digits=30, decimal_places=15)]
"""A score, percent or number of points; read exactly as written, never as a binary float."""

Money = Annotated[Decimal, PydanticField(allow_inf_nan=False, max_digits=14, decimal_places=4)]
Moment = AwareDatetime
"""RFC 3339 with an offset."""

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
_FULL_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _RFC3339.fullmatch(value):
        raise ValueError("a time is written as RFC 3339 with its offset, such as 2026-01-31T08:30:00-06:00")
    return datetime.fromisoformat(value.upper())


def _written_date(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _FULL_DATE.fullmatch(value):
        raise ValueError("a date is written as RFC 3339, such as 2026-01-31")
    return date.fromisoformat(value)


WrittenMoment = Annotated[AwareDatetime, BeforeValidator(_written_moment)]
"""A time that others wrote: RFC 3339 (a blank for its T and no colon in its offset are let pass), and nothing else
that reads as a time, such as seconds in a text."""

WrittenDate = Annotated[date, BeforeValidator(_written_date)]
"""A date that others wrote: RFC 3339's full-date."""


_ZONES = frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())
"""IANA's names. A machine has others (`localtime`, `posixrules`, `right/UTC`), which mean something else, or nothing,
on the next machine."""


def _known_zone(name: str) -> str:
    if name not in _ZONES:
        raise ValueError(f"'{name[:64]}' is not an IANA time zone; 'America/Chicago' would be one")
    return name


Timezone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_zone)]


class Contract(BaseModel):
    """A value that crosses a service boundary: frozen; unknown fields are ignored by readers.

    The door keeps the bytes as they came, so what a reader ignores is still in the record.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")


class DistrictScoped(Contract):
    """What every incoming event says (product.md section 2): whose it is and when the SIS last changed it."""

    district_id: DistrictId
    modified_at: WrittenMoment


def utc_text(moment: datetime) -> str:
    """Return an aware datetime as RFC 3339 text with its offset, microseconds kept when there are any."""
    return moment.isoformat()
