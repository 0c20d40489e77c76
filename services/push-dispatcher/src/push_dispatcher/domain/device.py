"""A device as the dispatcher knows it, and how its settings narrow what it shows (product.md section 4)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from bellwire_schemas.names import Group, Kind, Privacy
from pydantic import BaseModel, ConfigDict, Field

Text = tuple[str, str]
"""Title and body."""

GENERIC: Text = ("Bellwire", "")
"""What shows when no text is as private as the device asks: it names nothing."""

_WIDTH = {Privacy.PRIVATE: 0, Privacy.STANDARD: 1, Privacy.FULL: 2}


class Platform(StrEnum):
    """The two kinds of phone; each has one provider."""

    IOS = "ios"
    ANDROID = "android"


class Provider(StrEnum):
    """The channels of product.md section 6."""

    APNS = "apns"
    FCM = "fcm"


class ApnsEnvironment(StrEnum):
    """Which APNs host knows the token; apart from the district's environment."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


class Switch(BaseModel):
    """One group or kind on this device: it can only be turned off, what the user turned off stays off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True


class DeviceSettings(BaseModel):
    """What a device narrows: groups or kinds off, a more private screen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: Mapping[Group, Switch] = Field(default_factory=dict)
    kinds: Mapping[Kind, Switch] = Field(default_factory=dict)
    privacy: Privacy = Privacy.FULL


UNNARROWED = DeviceSettings()


def provider_of(platform: Platform) -> Provider:
    """Return the channel of a platform."""
    return Provider.APNS if platform is Platform.IOS else Provider.FCM


def mutes(settings: DeviceSettings, kinds: Sequence[Kind]) -> bool:
    """Tell whether the device turned off all that the alert tells of: each of its kinds, or the kind's group.

    A summary may tell of several groups. `kinds` is not empty.
    """
    if settings is UNNARROWED:
        return False
    return all(
        not (settings.groups.get(kind.group, _ON).enabled and settings.kinds.get(kind, _ON).enabled)
        for kind in kinds
    )


def shown(settings: DeviceSettings, chosen: Privacy, texts: Mapping[Privacy, Text]) -> Text:
    """Return the text of the widest level that neither alert nor device forbids; never a wider one."""
    if settings is UNNARROWED and chosen in texts:
        return texts[chosen]
    widest = min(_WIDTH[chosen], _WIDTH[settings.privacy])
    allowed = [level for level in texts if _WIDTH[level] <= widest]
    return texts[max(allowed, key=_WIDTH.__getitem__)] if allowed else GENERIC


_ON = Switch()
