"""What APNs makes of one request whose provider token stands: pure, request in, verdict out."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from ..exchange import Request
from .headers import Wanted, is_apns_id, read
from .reasons import Reason

PAYLOAD_LIMIT = 4096
VOIP_PAYLOAD_LIMIT = 5120
_PREFIX = "/3/device"
_TOKEN = re.compile(r"([0-9a-fA-F]{2}){1,256}\Z")
_SINGLE = frozenset({"authorization"})


@dataclass(frozen=True, slots=True)
class Push:
    """An acceptable push: device token (hex), the headers read, the payload object."""

    token: str
    wanted: Wanted
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Addressed:
    """A request that is well addressed: the rest of its path, empty or a device token of any form."""

    token: str


def address(request: Request) -> Addressed | Reason:
    """Check what comes before credentials: path, method, no header twice."""
    if not request.path.startswith(_PREFIX) or request.path[len(_PREFIX) : len(_PREFIX) + 1] not in ("", "/"):
        return Reason.BAD_PATH
    if request.method != "POST":
        return Reason.METHOD_NOT_ALLOWED
    if request.repeated and any(name.startswith("apns-") or name in _SINGLE for name in request.repeated):
        return Reason.DUPLICATE_HEADERS
    return Addressed(request.path[len(_PREFIX) + 1 :])


def judge(request: Request, addressed: Addressed, bundle_ids: frozenset[str]) -> Push | Reason:  # noqa: PLR0911
    """Check everything after credentials: headers, device token, payload and its size (bytes).

    A body that is no JSON object, or an empty one, is `PayloadEmpty`: Apple has no reason of its own for it.
    """
    wanted = read(request.headers, bundle_ids)
    if isinstance(wanted, Reason):
        return wanted
    if "apns-id" in request.headers and not is_apns_id(request.headers["apns-id"]):
        return Reason.BAD_MESSAGE_ID
    if not addressed.token:
        return Reason.MISSING_DEVICE_TOKEN
    if _TOKEN.match(addressed.token) is None:
        return Reason.BAD_DEVICE_TOKEN
    limit = VOIP_PAYLOAD_LIMIT if wanted.push_type == "voip" else PAYLOAD_LIMIT
    if len(request.body) > limit:
        return Reason.PAYLOAD_TOO_LARGE
    payload = _object(request.body)
    if not payload:
        return Reason.PAYLOAD_EMPTY
    return Push(addressed.token, wanted, payload)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
