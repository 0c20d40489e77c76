"""What FCM makes of one message: pure, body in, acceptable message or the violated field out (section 2)."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

LIMIT = 4096
"""Bytes of keys and values of data and notification together."""
MAX_TTL = 2_419_200
"""Seconds: four weeks."""
_REQUEST = frozenset({"validate_only", "validateOnly", "message"})
_MESSAGE = frozenset(
    {
        "name",
        "data",
        "notification",
        "android",
        "webpush",
        "apns",
        "fcm_options",
        "fcmOptions",
        "fid",
        "token",
        "topic",
        "condition",
    }
)
_TARGETS = ("fid", "token", "topic", "condition")
_TOKEN = re.compile(r"[\w:.%=&+-]{1,4096}\Z", re.ASCII)
_TTL = re.compile(r"([0-9]{1,10})(\.[0-9]{1,9})?s\Z")
_LABEL = re.compile(r"[a-zA-Z0-9\-_.~%]{1,50}\Z")
_RESERVED = re.compile(r"from\Z|gcm|google")


@dataclass(frozen=True, slots=True)
class Violation:
    """A field that breaks a rule, in FCM's notation (`message.data[1].value`), and what is wrong with it."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class Message:
    """An acceptable message: `target` its one target kind, `address` that target's value."""

    target: str
    address: str
    collapse_id: str
    priority: str
    validate_only: bool
    content: dict[str, Any]


class _WrongError(Exception):
    def __init__(self, field: str, description: str) -> None:
        self.violation = Violation(field, description)


def read(body: bytes) -> Message | Violation:
    """Read and check one `messages:send` body."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Violation("", "Invalid JSON payload received. Unexpected token.")
    try:
        return _read(request)
    except _WrongError as wrong:
        return wrong.violation


def _read(request: object) -> Message:
    outer = _object("", request)
    _known("", outer, _REQUEST)
    message = _object("message", outer.get("message"))
    _known("message", message, _MESSAGE)
    target, address = _target(message)
    android = _object("message.android", message.get("android", {}))
    notification = _object("message.notification", message.get("notification", {}))
    data = _data("message.data", message.get("data", {}))
    shown = _object("message.android.notification", android.get("notification", {}))
    priority = _android(android, shown)
    _label(message.get("fcm_options", message.get("fcmOptions", {})), "message.fcm_options")
    if _size(data) + _size(notification) + _size(shown) > LIMIT:
        raise _WrongError("message", f"Message is too big: at most {LIMIT} bytes of data and notification")
    collapse_id = shown.get("tag") or android.get("collapse_key", android.get("collapseKey", ""))
    validate_only = outer.get("validate_only", outer.get("validateOnly", False))
    if not isinstance(validate_only, bool):
        raise _WrongError("validate_only", "Invalid value at 'validate_only' (TYPE_BOOL)")
    return Message(target, address, collapse_id, priority, validate_only, message)


def _target(message: dict[str, Any]) -> tuple[str, str]:
    given = [(name, message[name]) for name in _TARGETS if name in message]
    if len(given) != 1:
        raise _WrongError("message", "Exactly one of fid, token, topic or condition is required.")
    name, value = given[0]
    if not isinstance(value, str) or not value:
        raise _WrongError(f"message.{name}", f"Invalid value at 'message.{name}' (TYPE_STRING)")
    if name in {"token", "fid"} and _TOKEN.match(value) is None:
        raise _WrongError(f"message.{name}", "The registration token is not a valid FCM registration token")
    return name, value


def _android(android: dict[str, Any], shown: dict[str, Any]) -> str:
    priority = android.get("priority", "normal")
    if not isinstance(priority, str) or priority.lower() not in {"normal", "high"}:
        raise _WrongError("message.android.priority", "Invalid value at 'message.android.priority'")
    ttl = android.get("ttl", "2419200s")
    found = _TTL.match(ttl) if isinstance(ttl, str) else None
    if found is None or int(found[1]) > MAX_TTL:
        raise _WrongError("message.android.ttl", f"Invalid value at 'message.android.ttl': 0s to {MAX_TTL}s")
    for name in ("collapse_key", "collapseKey"):
        if not isinstance(android.get(name, ""), str):
            raise _WrongError(f"message.android.{name}", "Invalid value (TYPE_STRING)")
    for name in ("tag", "channel_id", "channelId"):
        if not isinstance(shown.get(name, ""), str):
            raise _WrongError(f"message.android.notification.{name}", "Invalid value (TYPE_STRING)")
    _data("message.android.data", android.get("data", {}))
    _label(android.get("fcm_options", android.get("fcmOptions", {})), "message.android.fcm_options")
    return priority.lower()


def _data(field: str, value: object) -> dict[str, Any]:
    data = _object(field, value)
    for index, (key, text) in enumerate(data.items()):
        if not isinstance(text, str):
            raise _WrongError(
                f"{field}[{index}].value", f"Invalid value at '{field}[{index}].value' (TYPE_STRING)"
            )
        if _RESERVED.match(key):
            raise _WrongError(field, f"Invalid data payload key: {key}")
    return data


def _label(options: object, field: str) -> None:
    label = _object(field, options).get("analytics_label", _object(field, options).get("analyticsLabel", "x"))
    if not isinstance(label, str) or _LABEL.match(label) is None:
        raise _WrongError(f"{field}.analytics_label", "Analytics label must match [a-zA-Z0-9-_.~%]{1,50}")


def _object(field: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(field, f"Invalid value at '{field}': a JSON object is required")
    return value


def _known(field: str, value: dict[str, Any], names: frozenset[str]) -> None:
    unknown = sorted(value.keys() - names)
    if unknown:
        where = f" at '{field}'" if field else ""
        text = f'Invalid JSON payload received. Unknown name "{unknown[0]}"{where}: Cannot find field.'
        raise _WrongError(field, text)


def _size(fields: dict[str, Any]) -> int:
    return sum(
        len(key.encode()) + len(text.encode() if isinstance(text, str) else orjson.dumps(text))
        for key, text in fields.items()
    )
