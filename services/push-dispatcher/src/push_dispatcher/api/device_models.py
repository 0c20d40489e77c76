"""What goes in and out of `/v1/me/devices` (product.md section 5)."""

import re
from typing import Annotated, Literal
from uuid import UUID

from bellwire_schemas.fields import Moment
from bellwire_schemas.names import Environment
from pydantic import Field, ValidationInfo, field_validator

from push_dispatcher.api.fields import Body, Model, OptionalToken
from push_dispatcher.domain.device import ApnsEnvironment, DeviceSettings, Platform
from push_dispatcher.domain.payload import Token

_HEX = re.compile(r"([0-9a-fA-F]{2})+")


class DeviceBody(Body):
    """One app on one phone. `token` is APNs' hex token or FCM's; an Android app may give its `fid` instead.

    `environment` is the district's, and must be the token's own; `apns_environment` is Apple's, of the build.
    `settings` can only narrow: groups or kinds off, a more private lock screen.
    """

    platform: Platform
    fid: OptionalToken = ""
    token: Annotated[OptionalToken, Field(validate_default=True)] = ""
    app: Annotated[str, Field(min_length=1, max_length=255)] = "bellwire"
    environment: Literal["", "production", "sandbox", "staging", "preview"] = ""
    apns_environment: ApnsEnvironment = ApnsEnvironment.PRODUCTION
    settings: DeviceSettings = DeviceSettings()

    @field_validator("token")
    @classmethod
    def _is_the_one_address(cls, token: str, info: ValidationInfo) -> str:
        if bool(token) == bool(info.data.get("fid", "")):
            raise ValueError("give either token or fid")
        if info.data.get("platform") is Platform.IOS and not _HEX.fullmatch(token):
            raise ValueError("an APNs token is hex digits, two a byte; only Android has a fid")
        return token

    @property
    def address(self) -> tuple[Token, Literal["token", "fid"]]:
        """The token as it is sent, and which field of FCM carries it."""
        if self.fid:
            return Token(self.fid), "fid"
        return Token(self.token.lower() if self.platform is Platform.IOS else self.token), "token"


class DeviceModel(Model):
    """A device as its user sees it; the token is never told. `stale`: not seen for 30 days."""

    installation_id: str
    platform: Platform
    app: str
    environment: Environment
    apns_environment: ApnsEnvironment
    settings: DeviceSettings
    registered_at: Moment
    seen_at: Moment
    stale: bool


class DevicePage(Model):
    """All devices of a user; there is one page."""

    items: tuple[DeviceModel, ...]
    next_cursor: str | None


class TestQueued(Model):
    """The test push is on its way under this id."""

    delivery_id: UUID
