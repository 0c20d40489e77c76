"""Whom a local token may speak for, checked before anything is signed."""

from typing import Literal, Self

from bellwire_schemas.fields import DISTRICT_PATTERN
from bellwire_schemas.names import Environment, Role
from pydantic import BaseModel, ConfigDict, Field, model_validator

PUBLISHER = "publisher"
_ANYWHERE = (Role.OPERATOR, Role.GROUP_CONTACT)


class Identity(BaseModel):
    """A person as the login page or `POST /local-tokens` names one; `environment` defaults to production.

    A district is required of everyone but operators and group contacts, who work across districts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    role: Role
    user: str = Field(min_length=1, max_length=255)
    district: str = Field(default="", pattern=f"^$|{DISTRICT_PATTERN}")
    environment: Environment = Environment.PRODUCTION

    @model_validator(mode="after")
    def _has_its_district(self) -> Self:
        if not self.district and self.role not in _ANYWHERE:
            raise ValueError(f"a {self.role.value} needs a district")
        return self

    def claims(self) -> dict[str, str]:
        """Claims as Bellwire reads them (architecture.md section 5)."""
        found = {"sub": self.user, "role": self.role.value, "environment": self.environment.value}
        return found | ({"district": self.district} if self.district else {})


class PublisherRequest(BaseModel):
    """A publisher's key asked of `POST /local-tokens`; `user` becomes the key's name."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    role: Literal["publisher"]
    user: str = Field(default="local", min_length=1, max_length=100)
    district: str = Field(pattern=DISTRICT_PATTERN)
    environment: Environment = Environment.PRODUCTION

    def administrator(self) -> Identity:
        """The administrator in whose name the key is made."""
        return Identity(
            role=Role.DISTRICT_ADMIN,
            user="local-administrator",
            district=self.district,
            environment=self.environment,
        )
