"""Records of the database as the values of ports.py, and lists of values as the columns of a query."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from bellwire_schemas.names import Environment

from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.content import Content, Purpose
from push_dispatcher.domain.delivery import State
from push_dispatcher.domain.device import UNNARROWED, ApnsEnvironment, DeviceSettings, Platform, provider_of
from push_dispatcher.domain.job import lane_of
from push_dispatcher.domain.payload import Token
from push_dispatcher.ports.devices import Device
from push_dispatcher.ports.rows import LeasedRow, Row

_ENVIRONMENTS = {environment.value: environment for environment in Environment}
_PLATFORMS = {platform.value: platform for platform in Platform}
_APNS = {environment.value: environment for environment in ApnsEnvironment}
_STATES = {state.value: state for state in State}
NOBODY = UUID(int=0)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


_CONTENT = msgspec.json.Decoder(Content)
_ENCODER = msgspec.json.Encoder()


def content_text(content: Content) -> str:
    """Return the JSON that a row keeps of its content."""
    return _ENCODER.encode(content).decode()


def stored_content(text: str) -> Content:
    """Read a content from the JSON that its row keeps. Raises `msgspec.ValidationError`."""
    return _CONTENT.decode(text)


def digest(token: str) -> bytes:
    """Return what the unique index knows a token by: tokens may be longer than an index entry."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def user_columns(users: Collection[UserKey]) -> dict[str, list[str]]:
    """Return the columns that name users."""
    return {
        "districts": [user[0] for user in users],
        "environments": [user[1] for user in users],
        "users": [user[2] for user in users],
    }


def user_of(record: Any) -> UserKey:
    """Return whose row it is."""
    return UserKey(record["district_id"], _ENVIRONMENTS[record["environment"]], record["user_id"])


def device_of(record: Any) -> Device:
    """Read a row of `devices`."""
    platform = _PLATFORMS[record["platform"]]
    apns_environment = _APNS[record["apns_environment"]]
    settings = record["settings"]
    return Device(
        user_of(record),
        record["installation_id"],
        platform,
        record["app"],
        Token(record["token"]),
        record["token_kind"],
        apns_environment,
        DeviceSettings.model_validate(settings) if settings else UNNARROWED,
        record["registered_at"],
        record["seen_at"],
        record["spare_until"],
        lane_of(provider_of(platform), apns_environment),
    )


def row_of(record: Any) -> Row:
    """Read what a ruling needs of a row of `deliveries`."""
    return Row(
        delivery_id=_uuid(record["delivery_id"]),
        user=user_of(record),
        installation_id=record["installation_id"],
        state=_STATES[record["state"]],
        things={thing: datetime.fromisoformat(version) for thing, version in record["things"].items()},
        written_at=record["written_at"],
        send_before=record["send_before"],
        requested_at=record["requested_at"],
        seq=record["seq"],
        unseen=record["unseen"],
        silent=record["purpose"] == Purpose.BADGE,
        withdrawn=record["withdrawn"],
        leased_by=_uuid(record["leased_by"] or NOBODY),
        alert_id=_uuid(record["alert_id"]),
        provider=record["provider"],
        traceparent=record["traceparent"],
    )


def leased_of(record: Any) -> LeasedRow:
    """Read a row that was just leased."""
    return LeasedRow(
        row=row_of(record),
        lane=record["lane"],
        content=stored_content(record["content"]),
        urgent=record["urgent"],
        slot=_uuid(record["slot"]),
        attempts=record["attempts"],
        first_attempt=record["first_attempt_at"] or LONG_AGO,
        as_summary=record["as_summary"],
    )


def ids_of(records: Sequence[Any]) -> frozenset[UUID]:
    """Return the delivery ids that a query answered."""
    return frozenset(_uuid(record["delivery_id"]) for record in records)


def _uuid(value: UUID) -> UUID:
    """Return the standard library's own class: asyncpg's subclass is equal but slower to hash."""
    return UUID(int=value.int)
