"""One push as each provider wants it, within 4096 bytes (product.md section 6, providers.md)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from push_dispatcher.domain.content import Purpose
from push_dispatcher.domain.shorten import json_bytes, shortened

LIMIT = 4096
FCM_LONGEST_TTL = 2_419_200


class Token(str):
    """A device token that does not print itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Say only that there is one."""
        return "<token>"


@dataclass(frozen=True, slots=True)
class Push:
    """What one request carries. `lifetime` is the seconds until nobody should be shown it, zero or more.

    `token` never leaves the adapter and is kept out of `repr`, so that no log can show it.
    """

    delivery_id: UUID
    purpose: Purpose
    token: Token
    token_kind: str
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


Encode = Callable[[Push], bytes]
"""How one provider writes what the limit counts."""


def apns_payload(push: Push) -> bytes:
    """Return the JSON body; a long text is shortened, body before title; last of all the link goes."""
    if push.purpose is Purpose.BADGE:
        return json_bytes({"aps": {"badge": push.badge}})
    return fitted(push, _apns)[1]


def apns_headers(push: Push, now: int) -> tuple[tuple[str, str], ...]:
    """Return the headers that differ per push; `now` is real epoch seconds.

    Priority 10 for urgent alerts, 5 otherwise; the collapse id is the slot: 36 bytes of the 64 allowed.
    """
    return (
        ("apns-id", str(push.delivery_id)),
        ("apns-priority", "10" if push.urgent else "5"),
        ("apns-expiration", str(now + push.lifetime) if push.lifetime else "0"),
        ("apns-collapse-id", str(push.slot)),
    )


def fcm_data(push: Push) -> dict[str, str]:
    """Return FCM's data: string values only, so the `bellwire` object is JSON text."""
    if push.purpose is Purpose.BADGE:
        return {"badge": str(push.badge)}
    return {"bellwire": json_bytes(_bellwire(push)).decode()}


def fcm_fitted(push: Push) -> Push:
    """Shorten a push until FCM's data and notification fit the limit."""
    return fitted(push, _fcm)[0]


def fitted(push: Push, encode: Encode) -> tuple[Push, bytes]:
    """Shorten body, then title, then drop the link, until the encoded form is within the limit."""
    encoded = encode(push)
    if len(encoded) > LIMIT:
        push = replace(push, body=shortened(push.body, _room(push.body, encoded)))
        encoded = encode(push)
    if len(encoded) > LIMIT:
        push = replace(push, title=shortened(push.title, _room(push.title, encoded)))
        encoded = encode(push)
    if len(encoded) > LIMIT:
        # The app finds the thing by its ids.
        push = replace(push, link="")
        encoded = encode(push)
    return push, encoded


def _room(text: str, encoded: bytes) -> int:
    return max(0, len(json_bytes(text)) - 2 - (len(encoded) - LIMIT))


def _apns(push: Push) -> bytes:
    return json_bytes(
        {
            "aps": {
                "alert": {"title": push.title, "body": push.body},
                "badge": push.badge,
                "sound": "default",
                "interruption-level": "time-sensitive" if push.urgent else "active",
                "thread-id": push.student_id,
            },
            "bellwire": _bellwire(push),
        }
    )


def _fcm(push: Push) -> bytes:
    return json_bytes(
        {
            "data": fcm_data(push),
            "notification": {
                "title": push.title,
                "body": push.body,
                "tag": push.slot,
                "channel_id": push.group,
                "notification_count": push.badge,
            },
        }
    )


def _bellwire(push: Push) -> dict[str, object]:
    return {
        "alert_id": push.alert_id,
        "student_id": push.student_id,
        "area": push.area,
        "thing_id": push.thing_id,
        "link": push.link,
    }
