"""FCM answers as bytes: the name of an accepted message, or the error with its details."""

from typing import Any

import orjson

from ..exchange import Answer
from ..outcomes import Outcome
from .errors import WITHOUT_DETAIL, FcmError
from .message import Violation

_JSON = ("content-type", "application/json; charset=UTF-8")
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


def accepted(name: str) -> Answer:
    """200 with the message's name."""
    return Answer(200, (_JSON,), orjson.dumps({"name": name}))


def violated(violation: Violation) -> Answer:
    """400 INVALID_ARGUMENT naming the field, as a device token that is none gets it too."""
    error = FcmError.INVALID_ARGUMENT
    details: list[dict[str, Any]] = [
        {"@type": _FCM_ERROR, "errorCode": error.code},
        {
            "@type": _BAD_REQUEST,
            "fieldViolations": [{"field": violation.field, "description": violation.description}],
        },
    ]
    return Answer(error.status, (_JSON,), _body(error, violation.description, details))


def refused(error: FcmError, outcome: Outcome, why: str = "") -> Answer:
    """The error as told: with or without details, a body, Retry-After. `why` is ErrorInfo's reason."""
    headers = [_JSON]
    if outcome.retry_after:
        headers.append(("retry-after", outcome.retry_after))
    if outcome.body == "empty":
        return Answer(error.status, tuple(headers[1:]), b"")
    if outcome.body == "not_json":
        return Answer(
            error.status, (("content-type", "text/html"), *headers[1:]), b"<html>upstream error</html>"
        )
    details: list[dict[str, Any]] = []
    if outcome.body == "full" and error not in WITHOUT_DETAIL:
        details.append({"@type": _FCM_ERROR, "errorCode": error.code})
    if error is FcmError.INVALID_ARGUMENT and details:
        text = "The registration token is not a valid FCM registration token"
        details.append(
            {"@type": _BAD_REQUEST, "fieldViolations": [{"field": "message.token", "description": text}]}
        )
        return Answer(error.status, tuple(headers), _body(error, text, details))
    if why:
        details.append({"@type": _ERROR_INFO, "reason": why, "domain": "googleapis.com"})
    return Answer(error.status, tuple(headers), _body(error, error.message, details))


def _body(error: FcmError, message: str, details: list[dict[str, Any]]) -> bytes:
    told: dict[str, Any] = {"code": error.status, "message": message, "status": error.rpc_status}
    if details:
        told["details"] = details
    return orjson.dumps({"error": told})
