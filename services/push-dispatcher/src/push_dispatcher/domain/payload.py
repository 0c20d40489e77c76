"""One push as each provider wants it, within 4096 bytes (product.md section 6, providers.md)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import NAMESPACE_OID, UUID, uuid5

from push_dispatcher.domain.content import Purpose
from push_dispatcher.domain.shorten import json_bytes, shortened

LIMIT = 4096
FCM_LONGEST_TTL = 2_419_200
_LONGEST_THREAD = 64


class Token(str):
    """A device token that does not print itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Say only that there is one."""
        return "<token>"


@dataclass(slots=True)
class Message:
    """What a push says: one for all devices that are shown the same text of an alert.

    `lifetime` is the seconds until nobody should be shown it, zero or more.
    """

    purpose: Purpose
    title: str
    body: str
    badge: int
    alert_id: UUID
    student_id: str
    area: str
    thing_id: str
    link: str
    group: str
    slot: UUID
    urgent: bool
    lifetime: int


@dataclass(slots=True)
class Push:
    """What one request carries: a message to one device.

    `token` never leaves the adapter and is kept out of `repr`, so that no log can show it.
    """

    delivery_id: UUID
    token: Token
    token_kind: str
    message: Message


Encode = Callable[[Message], bytes]
"""How one provider writes what the limit counts."""


def apns_payload(message: Message) -> bytes:
    """Return the JSON body; a long text is shortened, body before title; last of all the link goes."""
    if message.purpose is Purpose.BADGE:
        return json_bytes({"aps": {"badge": message.badge}})
    return fitted(message, _apns)[1]


def apns_headers(push: Push, now: int) -> tuple[tuple[str, str], ...]:
    """Return the headers that differ per push; `now` is real epoch seconds.

    Priority 10 for urgent alerts, 5 otherwise; the collapse id is the slot: 36 bytes of the 64 allowed.
    """
    message = push.message
    return (
        ("apns-id", str(push.delivery_id)),
        ("apns-priority", "10" if message.urgent else "5"),
        ("apns-expiration", str(now + message.lifetime) if message.lifetime else "0"),
        ("apns-collapse-id", str(message.slot)),
    )


def fcm_data(message: Message) -> dict[str, str]:
    """Return FCM's data: string values only, so the `bellwire` object is JSON text."""
    if message.purpose is Purpose.BADGE:
        return {"badge": str(message.badge)}
    return {"bellwire": json_bytes(_bellwire(message)).decode()}


def fcm_fitted(message: Message) -> Message:
    """Shorten a push until FCM's data and notification fit the limit."""
    return fitted(message, _fcm)[0]


def fitted(message: Message, encode: Encode) -> tuple[Message, bytes]:
    """Shorten body, then title, then drop the link, until the encoded form is within the limit."""
    encoded = encode(message)
    if len(encoded) > LIMIT:
        message = replace(message, body=shortened(message.body, _room(message.body, encoded)))
        encoded = encode(message)
    if len(encoded) > LIMIT:
        message = replace(message, title=shortened(message.title, _room(message.title, encoded)))
        encoded = encode(message)
    if len(encoded) > LIMIT:
        # The app finds the thing by its ids.
        message = replace(message, link="")
        encoded = encode(message)
    return message, encoded


def _room(text: str, encoded: bytes) -> int:
    return max(0, len(json_bytes(text)) - 2 - (len(encoded) - LIMIT))


def _apns(message: Message) -> bytes:
    return json_bytes(
        {
            "aps": {
                "alert": {"title": message.title, "body": message.body},
                "badge": message.badge,
                "sound": "default",
                "interruption-level": "time-sensitive" if message.urgent else "active",
                "thread-id": _thread(message.student_id),
            },
            "bellwire": _bellwire(message),
        }
    )


def _thread(student_id: str) -> str:
    """Name the thread of a student; a long id, which the payload has no room for twice, is named by its uuid5."""
    return student_id if len(student_id) <= _LONGEST_THREAD else str(uuid5(NAMESPACE_OID, student_id))


def _fcm(message: Message) -> bytes:
    return json_bytes(
        {
            "data": fcm_data(message),
            "notification": {
                "title": message.title,
                "body": message.body,
                "tag": message.slot,
                "channel_id": message.group,
                "notification_count": message.badge,
            },
        }
    )


def _bellwire(message: Message) -> dict[str, object]:
    return {
        "alert_id": message.alert_id,
        "student_id": message.student_id,
        "area": message.area,
        "thing_id": message.thing_id,
        "link": message.link,
    }
