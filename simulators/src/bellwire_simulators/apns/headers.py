"""The rules of each APNs request header, one function each (providers.md section 1)."""

import re
from dataclasses import dataclass

from .reasons import Reason

PUSH_TYPES = frozenset(
    {
        "alert",
        "background",
        "voip",
        "complication",
        "fileprovider",
        "mdm",
        "location",
        "liveactivity",
        "pushtotalk",
        "controls",
        "widgets",
    }
)
TOPIC_SUFFIXES = {
    "voip": ".voip",
    "complication": ".complication",
    "fileprovider": ".pushkit.fileprovider",
    "location": ".location-query",
    "liveactivity": ".push-type.liveactivity",
    "pushtotalk": ".voip-ptt",
    "controls": ".push-type.controls",
    "widgets": ".push-type.widgets",
}
_BUNDLE_ID = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_DIGITS = re.compile(r"[0-9]{1,19}\Z")
_PRIORITIES = {"10": 10, "5": 5, "1": 1}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The headers of a push, read: `expiration` in epoch seconds, 0 = one attempt."""

    topic: str
    push_type: str
    priority: int
    expiration: int
    collapse_id: str


def is_apns_id(value: str) -> bool:
    """Whether `apns-id` is a canonical lower-case UUID."""
    return _UUID.match(value) is not None


def read(headers: dict[str, str], bundle_ids: frozenset[str]) -> Wanted | Reason:  # noqa: PLR0911
    """Read the headers of one push; the first that is wrong names the reason.

    `bundle_ids` are the apps that the signing team owns; a push type may demand a suffix on top.
    Without `apns-push-type` a push is an alert, without `apns-priority` it is 10, as Apple documents.
    """
    # One return a rule: the order is the rule too.
    topic = headers.get("apns-topic", "")
    if not topic:
        return Reason.MISSING_TOPIC
    if _BUNDLE_ID.match(topic) is None:
        return Reason.BAD_TOPIC
    push_type = headers.get("apns-push-type", "alert")
    if push_type not in PUSH_TYPES:
        return Reason.INVALID_PUSH_TYPE
    suffix = TOPIC_SUFFIXES.get(push_type, "")
    if not topic.endswith(suffix) or topic.removesuffix(suffix) not in bundle_ids:
        return Reason.TOPIC_DISALLOWED
    priority = _PRIORITIES.get(headers.get("apns-priority", "10"), 0)
    if priority == 0 or (push_type == "background" and priority != 5):
        return Reason.BAD_PRIORITY
    expiration = headers.get("apns-expiration", "0")
    if _DIGITS.match(expiration) is None:
        return Reason.BAD_EXPIRATION_DATE
    collapse_id = headers.get("apns-collapse-id", "")
    if len(collapse_id.encode()) > 64 or (not collapse_id and "apns-collapse-id" in headers):
        return Reason.BAD_COLLAPSE_ID
    return Wanted(topic, push_type, priority, int(expiration), collapse_id)
