"""The CloudEvents `source` of a district: `/districts/{district_id}/{environment}` (product.md section 2)."""

import re
from dataclasses import dataclass

from bellwire_schemas.fields import DISTRICT_PATTERN
from bellwire_schemas.names import Environment

_DISTRICT = re.compile(DISTRICT_PATTERN)


class InvalidSource(ValueError):
    """A source has the form /districts/{district_id}/{environment}."""


@dataclass(frozen=True, slots=True)
class Source:
    """A district in one environment: the scope of every key, table row, alert and id."""

    district_id: str
    environment: Environment

    def __post_init__(self) -> None:
        """Refuse an id that could not stand in a topic name or a path."""
        if not _DISTRICT.fullmatch(self.district_id):
            raise InvalidSource(f"district id does not match {DISTRICT_PATTERN}")

    def __str__(self) -> str:
        """Return the CloudEvents `source`."""
        return f"/districts/{self.district_id}/{self.environment.value}"


def parse_source(text: str) -> Source:
    """Read a CloudEvents `source`. Raises `InvalidSource` naming what is wrong."""
    parts = text.split("/")
    if len(parts) != 4 or parts[0] != "" or parts[1] != "districts":
        raise InvalidSource("source is /districts/{district_id}/{environment}")
    try:
        environment = Environment(parts[3])
    except ValueError:
        known = ", ".join(Environment)
        raise InvalidSource(f"the environment of a source is one of {known}") from None
    return Source(parts[2], environment)
