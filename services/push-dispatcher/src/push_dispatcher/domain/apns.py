"""APNs answers as verdicts: the table of providers.md section 1."""

from datetime import UTC, datetime, timedelta

from push_dispatcher.domain.verdict import (
    DELIVERED,
    KeepCredentials,
    Misconfigured,
    Reconnect,
    Refused,
    SparePhone,
    StaleCredentials,
    TokenGone,
    TokenSuspect,
    TryAgain,
    Unsendable,
    Verdict,
)

_SPARE_PHONE = timedelta(seconds=60)

_BY_REASON: dict[tuple[int, str], Verdict] = {
    (400, "BadDeviceToken"): TokenSuspect("BadDeviceToken"),
    (400, "DeviceTokenNotForTopic"): TokenSuspect("DeviceTokenNotForTopic"),
    (400, "BadTopic"): Misconfigured("BadTopic"),
    (400, "MissingTopic"): Misconfigured("MissingTopic"),
    (400, "TopicDisallowed"): Misconfigured("TopicDisallowed"),
    (400, "IdleTimeout"): Reconnect("IdleTimeout"),
    (403, "ExpiredProviderToken"): StaleCredentials("ExpiredProviderToken"),
    (403, "UnrelatedKeyIdInToken"): Reconnect("UnrelatedKeyIdInToken"),
    (403, "Forbidden"): Refused("Forbidden"),
    (413, "PayloadTooLarge"): Unsendable("PayloadTooLarge"),
    (429, "TooManyProviderTokenUpdates"): KeepCredentials("TooManyProviderTokenUpdates"),
    (403, "InvalidProviderToken"): Misconfigured("InvalidProviderToken", reconnect=True),
    (403, "MissingProviderToken"): Misconfigured("MissingProviderToken", reconnect=True),
    (403, "BadCertificate"): Misconfigured("BadCertificate", reconnect=True),
    (403, "BadCertificateEnvironment"): Misconfigured("BadCertificateEnvironment", reconnect=True),
    # Both spellings are seen.
    (403, "BadEnvironmentKeyIdInToken"): Misconfigured("BadEnvironmentKeyIdInToken", reconnect=True),
    (403, "BadEnvironmentKeyInToken"): Misconfigured("BadEnvironmentKeyInToken", reconnect=True),
}

KNOWN_REASONS = frozenset(_BY_REASON)
"""Every (status, reason) with a row of its own; the others follow their status."""


def apns_verdict(  # noqa: PLR0911 - one row of the table each
    status: int, reason: str, *, timestamp_ms: int | None, retry_after: timedelta, sent_at: datetime
) -> Verdict:
    """Read one APNs answer; total: an unknown reason follows its status, an unknown status is retried.

    `reason` is "" when the answer had no readable body. `timestamp_ms` is the 410's, milliseconds since the
    epoch; a 410 without one speaks of the moment we sent (`sent_at`, aware). `retry_after` is zero if absent.
    """
    if status == 200:
        return DELIVERED
    if verdict := _BY_REASON.get((status, reason)):
        return verdict
    named = reason or f"status_{status}"
    match status:
        case 410:
            return TokenGone(named, _moment(timestamp_ms, sent_at))
        case 429:
            return SparePhone(named, max(retry_after, _SPARE_PHONE))
        case 403:
            return Misconfigured(named, reconnect=True)
        case 503:
            return TryAgain(named, retry_after, overload=True)
        case _ if 400 <= status < 500:
            return Unsendable(named)
        case _:
            return TryAgain(named, retry_after)


def _moment(timestamp_ms: int | None, otherwise: datetime) -> datetime:
    if timestamp_ms is None:
        return otherwise
    try:
        return datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return otherwise
