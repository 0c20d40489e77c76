from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from push_dispatcher.domain.apns import apns_verdict
from push_dispatcher.domain.fcm import FCM_ERROR, FcmAnswer, fcm_verdict, read_answer
from push_dispatcher.domain.settle import Ended, Kept, Postponed, settle
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

NOW = datetime(2026, 3, 4, tzinfo=UTC)
ZERO = timedelta(0)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "details", "message", "@type", "errorCode", "fieldViolations", "field"])
            | st.text(max_size=3),
            inner,
        )
    ),
    max_leaves=12,
)


def apns(status, reason, timestamp_ms=None, retry_after=ZERO):
    return apns_verdict(status, reason, timestamp_ms=timestamp_ms, retry_after=retry_after, sent_at=NOW)


def fcm(status, code="", retry_after=ZERO, **answer):
    return fcm_verdict(status, FcmAnswer(code, **answer), retry_after=retry_after, sent_at=NOW)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (200, "", type(DELIVERED)),
        (400, "BadDeviceToken", TokenSuspect),
        (400, "DeviceTokenNotForTopic", TokenSuspect),
        *(
            (400, reason, Unsendable)
            for reason in (
                "BadCollapseId",
                "BadExpirationDate",
                "BadMessageId",
                "BadPriority",
                "InvalidPushType",
                "DuplicateHeaders",
                "MissingDeviceToken",
                "PayloadEmpty",
            )
        ),
        *((400, reason, Misconfigured) for reason in ("BadTopic", "MissingTopic", "TopicDisallowed")),
        (400, "IdleTimeout", Reconnect),
        (403, "ExpiredProviderToken", StaleCredentials),
        *(
            (403, reason, Misconfigured)
            for reason in (
                "InvalidProviderToken",
                "MissingProviderToken",
                "BadCertificate",
                "BadCertificateEnvironment",
                "BadEnvironmentKeyIdInToken",
                "BadEnvironmentKeyInToken",
            )
        ),
        (403, "UnrelatedKeyIdInToken", Reconnect),
        (403, "Forbidden", Refused),
        (404, "BadPath", Unsendable),
        (405, "MethodNotAllowed", Unsendable),
        (410, "Unregistered", TokenGone),
        (410, "ExpiredToken", TokenGone),
        (413, "PayloadTooLarge", Unsendable),
        (429, "TooManyRequests", SparePhone),
        (429, "TooManyProviderTokenUpdates", KeepCredentials),
        (500, "InternalServerError", TryAgain),
        (503, "ServiceUnavailable", TryAgain),
        (503, "Shutdown", TryAgain),
        (503, "", TryAgain),
    ],
)
def test_the_table_of_apns(status, reason, kind):
    assert isinstance(apns(status, reason), kind)


def test_apns_tells_when_a_token_was_gone():
    assert apns(410, "Unregistered", 1_700_000_000_000) == TokenGone(
        "Unregistered", datetime.fromtimestamp(1_700_000_000, UTC)
    )
    assert apns(410, "Unregistered", 10**30) == TokenGone("Unregistered", NOW)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (fcm(200), type(DELIVERED)),
        (fcm(400, "INVALID_ARGUMENT"), Unsendable),
        (fcm(400, "INVALID_ARGUMENT", token_invalid=True), TokenGone),
        (fcm(401), StaleCredentials),
        (fcm(401, "THIRD_PARTY_AUTH_ERROR"), Misconfigured),
        (fcm(403, "SENDER_ID_MISMATCH"), Refused),
        (fcm(403), Misconfigured),
        (fcm(404, "UNREGISTERED"), TokenGone),
        (fcm(404), Misconfigured),
        (fcm(429, "QUOTA_EXCEEDED"), TryAgain),
        (fcm(500, "INTERNAL"), TryAgain),
        (fcm(503, "UNAVAILABLE"), TryAgain),
    ],
)
def test_the_table_of_fcm(answer, kind):
    assert isinstance(answer, kind)


def test_fcm_waits_as_it_is_told_and_never_less_than_it_must():
    assert fcm(429, "QUOTA_EXCEEDED").least == timedelta(seconds=60)
    assert fcm(429, "QUOTA_EXCEEDED", timedelta(seconds=5)).least == timedelta(seconds=5)
    assert fcm(503, "UNAVAILABLE").least == timedelta(seconds=10)
    assert fcm(503, "UNAVAILABLE", timedelta(seconds=2)).least == timedelta(seconds=10)
    assert fcm(503, "UNAVAILABLE", timedelta(seconds=90)).least == timedelta(seconds=90)


def test_an_fcm_body_is_read():
    detail = {"@type": FCM_ERROR, "errorCode": "UNREGISTERED"}
    assert read_answer({"error": {"details": [detail]}}).code == "UNREGISTERED"
    bad = {"error": {"details": [{"fieldViolations": [{"field": "message.token"}]}]}}
    assert read_answer(bad).token_invalid


@given(st.integers(100, 599), st.text(max_size=30), st.none() | st.integers(), st.integers(0, 10_000))
def test_every_apns_answer_has_a_verdict(status, reason, timestamp, seconds):
    verdict = apns(status, reason, timestamp, timedelta(seconds=seconds))
    assert isinstance(verdict, get_args(Verdict))
    assert (verdict == DELIVERED) == (status == 200)


@given(st.integers(100, 599), JSON, st.integers(0, 10_000))
def test_every_fcm_answer_has_a_verdict(status, body, seconds):
    verdict = fcm_verdict(status, read_answer(body), retry_after=timedelta(seconds=seconds), sent_at=NOW)
    assert isinstance(verdict, get_args(Verdict))
    assert (verdict == DELIVERED) == (status == 200)


VERDICTS = st.one_of(
    st.just(DELIVERED),
    st.builds(TryAgain, st.text(), st.timedeltas(ZERO, timedelta(hours=2)), st.booleans()),
    st.builds(SparePhone, st.text(), st.timedeltas(ZERO, timedelta(hours=2))),
    st.builds(TokenGone, st.text(), st.just(NOW)),
    *(
        st.builds(kind, st.text())
        for kind in (
            TokenSuspect,
            Unsendable,
            Refused,
            Misconfigured,
            StaleCredentials,
            KeepCredentials,
            Reconnect,
        )
    ),
)


@given(VERDICTS, st.integers(1, 40), st.timedeltas(ZERO, timedelta(hours=2)), st.floats(0, 0.999))
def test_every_verdict_settles_a_row(verdict, attempts, since, jitter):
    first = NOW - since
    settled = settle(verdict, attempts=attempts, first_attempt=first, now=NOW, jitter=jitter)
    match settled:
        case Postponed(at=at):
            assert NOW < at < first + timedelta(minutes=60)
            assert at >= NOW + getattr(verdict, "least", ZERO)
        case Kept():
            assert isinstance(verdict, Misconfigured | StaleCredentials)
        case Ended(state=state):
            assert (state == "accepted") == (verdict == DELIVERED)
