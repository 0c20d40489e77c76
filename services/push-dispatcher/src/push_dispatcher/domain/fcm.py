"""FCM HTTP v1 answers as verdicts: the table of providers.md section 2."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from push_dispatcher.domain.verdict import (
    DELIVERED,
    Misconfigured,
    Refused,
    StaleCredentials,
    TokenGone,
    TryAgain,
    Unsendable,
    Verdict,
)

LEAST_AFTER_5XX = timedelta(seconds=10)
LEAST_AFTER_QUOTA = timedelta(seconds=60)
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_TOKEN_FIELDS = frozenset({"message.token", "message.fid"})


@dataclass(frozen=True, slots=True)
class FcmAnswer:
    """What an error body of FCM says: `code` of its FcmError detail ("" if none), and which field was bad."""

    code: str = ""
    bad_fields: frozenset[str] = frozenset()
    token_invalid: bool = False


def read_answer(body: object) -> FcmAnswer:
    """Read a decoded error body; total: whatever is not as documented reads as an answer without detail."""
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    code, fields = "", set[str]()
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            continue
        if detail.get("@type") == FCM_ERROR and isinstance(detail.get("errorCode"), str):
            code = detail["errorCode"]
        violations = detail.get("fieldViolations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict) and isinstance(violation.get("field"), str):
                fields.add(violation["field"])
    says_so = isinstance(message, str) and "registration token is not a valid" in message
    return FcmAnswer(code, frozenset(fields), says_so or bool(fields & _TOKEN_FIELDS))


def fcm_verdict(status: int, answer: FcmAnswer, *, retry_after: timedelta, sent_at: datetime) -> Verdict:  # noqa: PLR0911 - one row of the table each
    """Read one FCM answer; total. FCM gives no time with its prunes: they speak of `sent_at` (aware)."""
    if status == 200:
        return DELIVERED
    code = answer.code
    named = code or f"status_{status}"
    match status:
        case 400 if code == "INVALID_ARGUMENT" and answer.token_invalid:
            return TokenGone(named, sent_at)
        case 401 if code == "THIRD_PARTY_AUTH_ERROR":
            return Misconfigured(named)
        case 401:
            return StaleCredentials(named)
        case 403 if code == "SENDER_ID_MISMATCH":
            return Refused(named)
        case 403 if not code:
            return Misconfigured("iam")
        case 403:
            return Refused(named)
        case 404 if code == "UNREGISTERED":
            return TokenGone(named, sent_at)
        case 404:
            return Misconfigured("not_found")
        case 429:
            return TryAgain(named, retry_after or LEAST_AFTER_QUOTA, overload=True)
        case _ if 400 <= status < 500:
            return Unsendable(named)
        case _:
            return TryAgain(named, max(retry_after, LEAST_AFTER_5XX), overload=status == 503)
