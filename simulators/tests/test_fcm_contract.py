"""FCM v1 and its OAuth endpoint as a customer meets them, the same for both builds."""

import json
import time
from typing import Any

import pytest
import requests
from bellwire_simulators.fcm.errors import WITHOUT_DETAIL, FcmError
from bellwire_simulators.outcomes import Outcome
from bellwire_simulators.telling import fcm_token
from firebase_admin import messaging
from google.auth.transport.requests import Request as GoogleRequest
from google.oauth2 import service_account

ANDROID = {"priority": "high", "ttl": "3600s", "notification": {"channel_id": "c", "tag": "slot"}}


async def code(answer: Any) -> tuple[int, str, str]:
    """HTTP status, google.rpc status, FcmError code ("" where there is no such detail)."""
    error = (await answer.json())["error"]
    assert error["code"] == answer.status
    codes = [detail["errorCode"] for detail in error.get("details", []) if "errorCode" in detail]
    return answer.status, error["status"], "".join(codes)


async def test_a_message_is_accepted_named_and_in_the_ledger(customer, device) -> None:
    before = await customer.count()
    message = {"token": device, "data": {"alert_id": "x"}, "android": ANDROID}
    answer = await customer.send(message)
    name = (await answer.json())["name"]
    assert name.startswith(f"projects/{customer.at.fcm_project_id}/messages/")
    [entry] = await customer.ledger(before)
    assert entry.pop("at")
    assert entry == {
        "n": before + 1,
        "provider": "fcm",
        "app": customer.at.fcm_project_id,
        "token": device,
        "id": name,
        "collapse_id": "slot",
        "priority": "high",
        "payload": message,
    }


async def test_a_fid_is_as_good_as_a_token(customer) -> None:
    assert (await customer.send({"fid": "cTVxRqJkR4e1a2b3c4d5e6"})).status == 200
    assert (await customer.ledger())[-1]["token"] == "cTVxRqJkR4e1a2b3c4d5e6"


async def test_validate_only_delivers_nothing(customer, device) -> None:
    before = await customer.count()
    assert (await customer.send({"token": device}, validate_only=True)).status == 200
    assert await customer.count() == before


WRONG: list[tuple[str, Any, str]] = [
    ("no target", {"data": {}}, "message"),
    ("two targets", {"token": "a", "fid": "b"}, "message"),
    ("token of blanks", {"token": "a b"}, "message.token"),
    ("number in data", {"token": "a", "data": {"k": "v", "n": 1}}, "message.data[1].value"),
    ("reserved key from", {"token": "a", "data": {"from": "x"}}, "message.data"),
    ("reserved key google", {"token": "a", "data": {"google.x": "x"}}, "message.data"),
    ("priority", {"token": "a", "android": {"priority": "urgent"}}, "message.android.priority"),
    ("ttl no seconds", {"token": "a", "android": {"ttl": 60}}, "message.android.ttl"),
    ("ttl over four weeks", {"token": "a", "android": {"ttl": "2419201s"}}, "message.android.ttl"),
    (
        "label",
        {"token": "a", "fcm_options": {"analytics_label": "a b"}},
        "message.fcm_options.analytics_label",
    ),
    ("unknown field", {"token": "a", "to": "b"}, "message"),
    ("4097 bytes", {"token": "a", "data": {"k": "x" * 4096}}, "message"),
    ("no object", "hello", "message"),
]


@pytest.mark.parametrize(("message", "field"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
async def test_each_broken_rule_names_its_field(customer, message, field) -> None:
    answer = await customer.send(message)
    assert await code(answer) == (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")
    details = (await answer.json())["error"]["details"]
    assert [v["field"] for d in details for v in d.get("fieldViolations", [])] == [field]


async def test_limits_are_reached_exactly(customer) -> None:
    android = {"ttl": "2419200s", "fcm_options": {"analytics_label": "a" * 50}}
    message = {"token": "a", "data": {"k": "x" * 4095}, "android": android}
    assert (await customer.send(message)).status == 200


@pytest.mark.parametrize("told", list(FcmError), ids=lambda told: told.name)
async def test_every_error_on_demand_by_the_token_alone(customer, told) -> None:
    before = await customer.count()
    answer = await customer.send({"token": fcm_token(Outcome(error=told.code), time.time_ns())})
    detail = "" if told in WITHOUT_DETAIL else told.code
    assert await code(answer) == (told.status, told.rpc_status, detail)
    assert await customer.count() == before


async def test_invalid_argument_on_demand_blames_the_token(customer) -> None:
    answer = await customer.send({"token": fcm_token(Outcome(error="INVALID_ARGUMENT"), 1)})
    assert "registration token" in (await answer.json())["error"]["message"]


async def test_bare_errors_have_no_details(customer, device) -> None:
    await customer.rule("fcm", error="UNREGISTERED", body="bare")
    assert await code(await customer.send({"token": device})) == (404, "NOT_FOUND", "")


async def test_429_with_and_without_retry_after(customer, device) -> None:
    await customer.rule("fcm", error="QUOTA_EXCEEDED", retry_after="30")
    await customer.rule("fcm", error="QUOTA_EXCEEDED")
    answers = [await customer.send({"token": device}) for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert [answer.headers.get("retry-after") for answer in answers] == ["30", None, None]


async def test_503_although_delivered(customer, device) -> None:
    await customer.rule("fcm", error="UNAVAILABLE", delivered=True)
    before = await customer.count()
    assert (await customer.send({"token": device})).status == 503
    assert [entry["token"] for entry in await customer.ledger(before)] == [device]


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "somebody@else"}, "invalid_grant"),
        ({"aud": "https://example.org/token"}, "invalid_grant"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
        ({"exp": 1_700_000_000, "iat": 1_699_999_000}, "invalid_grant"),
        ({"exp": int(time.time()) + 90_000}, "invalid_grant"),
        ({"iat": "now"}, "invalid_grant"),
    ],
)
async def test_wrong_grants(customer, claims, error) -> None:
    answer = await customer.grant(customer.at.grant(**claims))
    assert (answer.status, (await answer.json())["error"]) == (400, error)


async def test_a_grant_of_another_type_or_signature(customer) -> None:
    other = await customer.grant("grant_type=client_credentials")
    assert (other.status, (await other.json())["error"]) == (400, "unsupported_grant_type")
    form = customer.at.grant()
    broken = await customer.grant(form[:-8] + "AAAAAAAA")
    assert (broken.status, (await broken.json())["error"]) == (400, "invalid_grant")


async def test_the_grant_fails_on_demand(customer) -> None:
    await customer.rule("oauth", error="temporarily_unavailable")
    assert [(await customer.grant()).status for _ in range(2)] == [503, 200]


async def test_access_tokens_expire_and_are_revoked(customer, device) -> None:
    assert await code(await customer.send({"token": device}, access="nonsense")) == (
        401,
        "UNAUTHENTICATED",
        "",
    )
    assert (await customer.send({"token": device})).status == 200
    revoked = await customer.control("POST", path="/revoke")
    assert (await revoked.json())["revoked"] >= 1
    assert (await customer.send({"token": device})).status == 401
    await customer.control("PATCH", {"fcm_access_token_seconds": 1})
    granted = await (await customer.grant()).json()
    assert granted["expires_in"] == 1
    statuses, end = [], time.monotonic() + 5
    while 401 not in statuses and time.monotonic() < end:
        statuses.append((await customer.send({"token": device}, access=granted["access_token"])).status)
    assert statuses[0] == 200
    assert statuses[-1] == 401


async def test_another_project_is_a_bare_404(customer, device) -> None:
    url = f"{customer.at.fcm}/v1/projects/somebody-else/messages:send"
    assert await code(await customer.send({"token": device}, url=url)) == (404, "NOT_FOUND", "")


async def test_the_quota_counts_client_errors(customer, device) -> None:
    await customer.send({"token": device})
    # Set in force only now, so that a quota of 3 counts from what this minute already saw: exhaust it.
    await customer.control("PATCH", {"fcm_quota_per_minute": 3})
    answers = [await customer.send({"data": {}}) for _ in range(5)]
    statuses = [answer.status for answer in answers]
    assert set(statuses) <= {400, 429}
    limited = [answer for answer in answers if answer.status == 429]
    assert limited
    assert 1 <= int(limited[-1].headers["retry-after"]) <= 60
    assert (await limited[-1].json())["error"]["status"] == "RESOURCE_EXHAUSTED"
    await customer.control("DELETE")
    assert (await customer.send({"token": device})).status == 200


def test_googles_own_library_gets_a_token_that_fcm_takes(fast) -> None:
    scopes = ["https://www.googleapis.com/auth/firebase.messaging"]
    credentials = service_account.Credentials.from_service_account_file(
        fast.fcm_service_account_file, scopes=scopes
    )
    with requests.Session() as session:
        session.trust_env, session.verify = False, fast.ca_file
        credentials.refresh(GoogleRequest(session))
        message = messaging.Message(
            token="an-android",
            data={"alert_id": "x"},
            android=messaging.AndroidConfig(
                priority="high",
                ttl=3600,
                notification=messaging.AndroidNotification(
                    channel_id="grades", tag="slot", title="t", body="b"
                ),
            ),
        )
        encoded = json.loads(str(message))
        sent = session.post(
            fast.send_url,
            json={"message": encoded},
            headers={"authorization": f"Bearer {credentials.token}"},
            timeout=10,
        )
    assert (sent.status_code, sent.json()["name"].split("/")[0]) == (200, "projects")
