"""Every error of FCM HTTP v1: the FcmError code, the HTTP status, the google.rpc status, the sentence."""

from enum import Enum


class FcmError(Enum):
    """`code` is the FcmError detail's errorCode; the two last have none and stand for Google's front door."""

    INVALID_ARGUMENT = ("INVALID_ARGUMENT", 400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
    UNAUTHENTICATED = (
        "UNAUTHENTICATED",
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential.",
    )
    THIRD_PARTY_AUTH_ERROR = (
        "THIRD_PARTY_AUTH_ERROR",
        401,
        "UNAUTHENTICATED",
        "Auth error from APNS or Web Push Service",
    )
    SENDER_ID_MISMATCH = ("SENDER_ID_MISMATCH", 403, "PERMISSION_DENIED", "SenderId mismatch")
    UNREGISTERED = ("UNREGISTERED", 404, "NOT_FOUND", "Requested entity was not found.")
    QUOTA_EXCEEDED = (
        "QUOTA_EXCEEDED",
        429,
        "RESOURCE_EXHAUSTED",
        "Resource has been exhausted (e.g. check quota).",
    )
    INTERNAL = ("INTERNAL", 500, "INTERNAL", "Internal error encountered.")
    UNAVAILABLE = ("UNAVAILABLE", 503, "UNAVAILABLE", "The service is currently unavailable.")
    PERMISSION_DENIED = (
        "PERMISSION_DENIED",
        403,
        "PERMISSION_DENIED",
        "Permission 'cloudmessaging.messages.create' denied on resource (or it may not exist).",
    )
    NOT_FOUND = ("NOT_FOUND", 404, "NOT_FOUND", "Requested entity was not found.")

    def __init__(self, code: str, status: int, rpc_status: str, message: str) -> None:
        self.code = code
        self.status = status
        self.rpc_status = rpc_status
        self.message = message


BY_CODE = {error.code: error for error in FcmError}
WITHOUT_DETAIL = frozenset({FcmError.UNAUTHENTICATED, FcmError.PERMISSION_DENIED, FcmError.NOT_FOUND})
"""Errors of Google's front door: no FcmError detail says anything about a device."""
