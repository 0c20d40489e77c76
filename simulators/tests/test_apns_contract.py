"""APNs as a customer meets it, the same for both builds: every rule and every reason."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest
from bellwire_simulators.apns.reasons import Reason
from bellwire_simulators.credentials import OTHER_ENVIRONMENT_KEY_ID, SECOND_KEY_ID
from bellwire_simulators.outcomes import Outcome
from bellwire_simulators.telling import apns_token
from joserfc import jwt
from joserfc.jwk import ECKey


async def reason(answer: Any) -> tuple[int, str]:
    return answer.status, (await answer.json())["reason"]


async def test_a_push_is_accepted_echoed_and_in_the_ledger(customer, device) -> None:
    before, apns_id = await customer.count(), str(uuid4())
    answer = await customer.push(device, headers={"apns-id": apns_id, "apns-collapse-id": "slot"})
    assert (answer.status, answer.version, await answer.text()) == (200, "HTTP/2.0", "")
    assert answer.headers["apns-id"] == apns_id
    [entry] = await customer.ledger(before)
    assert entry.pop("at")
    assert entry == {
        "n": before + 1,
        "provider": "apns",
        "app": customer.at.apns_topic,
        "token": device,
        "id": apns_id,
        "collapse_id": "slot",
        "priority": 10,
        "payload": {
            "aps": {"alert": {"title": "A", "body": "b"}, "badge": 1},
            "bellwire": {"alert_id": "x"},
        },
    }


async def test_without_an_id_one_is_made(customer, device) -> None:
    answer = await customer.push(device, without=("apns-id",))
    assert answer.status == 200
    assert (await customer.ledger())[-1]["id"] == answer.headers["apns-id"]


WRONG: list[tuple[str, dict[str, Any], Reason]] = [
    ("topic missing", {"without": ("apns-topic",)}, Reason.MISSING_TOPIC),
    ("topic no bundle id", {"headers": {"apns-topic": "nonsense"}}, Reason.BAD_TOPIC),
    ("topic of another team", {"headers": {"apns-topic": "com.example.other"}}, Reason.TOPIC_DISALLOWED),
    ("voip without its suffix", {"headers": {"apns-push-type": "voip"}}, Reason.TOPIC_DISALLOWED),
    ("push type unknown", {"headers": {"apns-push-type": "shout"}}, Reason.INVALID_PUSH_TYPE),
    ("priority unknown", {"headers": {"apns-priority": "7"}}, Reason.BAD_PRIORITY),
    (
        "background at 10",
        {"headers": {"apns-push-type": "background", "apns-priority": "10"}},
        Reason.BAD_PRIORITY,
    ),
    ("expiration no number", {"headers": {"apns-expiration": "tomorrow"}}, Reason.BAD_EXPIRATION_DATE),
    ("expiration negative", {"headers": {"apns-expiration": "-1"}}, Reason.BAD_EXPIRATION_DATE),
    ("collapse id of 65 bytes", {"headers": {"apns-collapse-id": "x" * 65}}, Reason.BAD_COLLAPSE_ID),
    ("id no uuid", {"headers": {"apns-id": "1234"}}, Reason.BAD_MESSAGE_ID),
    ("id in capitals", {"headers": {"apns-id": str(uuid4()).upper()}}, Reason.BAD_MESSAGE_ID),
    ("payload empty", {"body": b""}, Reason.PAYLOAD_EMPTY),
    ("payload no object", {"body": b"[1]"}, Reason.PAYLOAD_EMPTY),
    ("payload of 4097 bytes", {"body": b'{"a":"' + b"x" * 4089 + b'"}'}, Reason.PAYLOAD_TOO_LARGE),
    ("token no hex", {"path": "/3/device/xyz"}, Reason.BAD_DEVICE_TOKEN),
    ("token of odd length", {"path": "/3/device/abc"}, Reason.BAD_DEVICE_TOKEN),
    ("token missing", {"path": "/3/device/"}, Reason.MISSING_DEVICE_TOKEN),
    ("path unknown", {"path": "/2/device/abcd"}, Reason.BAD_PATH),
    ("method", {"method": "PUT"}, Reason.METHOD_NOT_ALLOWED),
    ("no provider token", {"without": ("authorization",)}, Reason.MISSING_PROVIDER_TOKEN),
    ("provider token nonsense", {"bearer": "a.b.c"}, Reason.INVALID_PROVIDER_TOKEN),
]


@pytest.mark.parametrize(("case", "expected"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
async def test_each_broken_rule_names_its_reason(customer, device, case, expected) -> None:
    before = await customer.count()
    answer = await customer.push(device, **case)
    assert await reason(answer) == (expected.status, expected.text)
    assert "apns-id" in answer.headers
    assert await customer.count() == before


async def test_a_header_sent_twice(customer, device) -> None:
    request = customer.client.post(f"{customer.at.apns}/3/device/{device}").headers(
        [("authorization", f"bearer {customer.token}"), ("apns-topic", "a.b"), ("apns-topic", "a.b")]
    )
    assert await reason(await request.body_bytes(b"{}").build().send()) == (400, "DuplicateHeaders")


async def test_limits_are_reached_exactly(customer, device) -> None:
    largest = b'{"a":"' + b"x" * 4088 + b'"}'
    assert len(largest) == 4096
    headers = {"apns-collapse-id": "c" * 64, "apns-push-type": "background", "apns-priority": "5"}
    assert (await customer.push(device, body=largest, headers=headers)).status == 200
    voip = {"apns-push-type": "voip", "apns-topic": f"{customer.at.apns_topic}.voip"}
    assert (await customer.push(device, body=b'{"a":"' + b"x" * 5112 + b'"}', headers=voip)).status == 200
    assert (await customer.push(device, body=b'{"a":"' + b"x" * 5113 + b'"}', headers=voip)).status == 413


async def test_age_of_the_provider_token(customer, device) -> None:
    assert (await customer.push(device, bearer=customer.at.provider_token(age=3500))).status == 200
    old = await customer.push(device, bearer=customer.at.provider_token(age=3700))
    assert await reason(old) == (403, "ExpiredProviderToken")
    early = await customer.push(device, bearer=customer.at.provider_token(age=-900))
    assert await reason(early) == (403, "InvalidProviderToken")


async def test_a_second_provider_token_within_twenty_minutes(customer, device) -> None:
    first, later = customer.at.provider_token(age=2400), customer.at.provider_token(age=1100)
    assert (await customer.push(device, bearer=first)).status == 200
    assert (await customer.push(device, bearer=later)).status == 200
    too_soon = await customer.push(device, bearer=customer.at.provider_token())
    assert await reason(too_soon) == (429, "TooManyProviderTokenUpdates")
    assert (await customer.push(device, bearer=later)).status == 200


async def test_keys_of_other_teams_environments_and_connections(customer, device) -> None:
    foreign = jwt.encode(
        {"alg": "ES256", "kid": customer.at.apns_key_id},
        {"iss": customer.at.apns_team_id, "iat": int(time.time())},
        ECKey.generate_key("P-256"),
        algorithms=["ES256"],
    )
    assert await reason(await customer.push(device, bearer=foreign)) == (403, "InvalidProviderToken")
    elsewhere = customer.at.provider_token(key_id=OTHER_ENVIRONMENT_KEY_ID)
    assert await reason(await customer.push(device, bearer=elsewhere)) == (403, "BadEnvironmentKeyIdInToken")
    assert (await customer.push(device)).status == 200
    second = customer.at.provider_token(age=1500, key_id=SECOND_KEY_ID)
    assert await reason(await customer.push(device, bearer=second)) == (403, "UnrelatedKeyIdInToken")


@pytest.mark.parametrize("told", list(Reason), ids=lambda told: told.text)
async def test_every_reason_on_demand_by_the_token_alone(customer, told) -> None:
    before = await customer.count()
    token = apns_token(Outcome(error=told.text), time.time_ns())
    answer = await customer.push(token)
    body = await answer.json()
    assert (answer.status, body["reason"]) == (told.status, told.text)
    assert ("timestamp" in body) == (told.status == 410)
    assert await customer.count() == before


async def test_the_410_carries_the_timestamp_told(customer) -> None:
    told = Outcome(error="Unregistered", timestamp=1_700_000_000_123)
    answer = await customer.push(apns_token(told, 1))
    assert await answer.json() == {"reason": "Unregistered", "timestamp": 1_700_000_000_123}


async def test_rules_for_the_next_requests_then_as_usual(customer, device) -> None:
    await customer.rule("apns", 2, error="TooManyRequests", retry_after="7")
    answers = [await customer.push(device) for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert [answer.headers.get("retry-after") for answer in answers] == ["7", "7", None]


async def test_a_rule_for_one_token_leaves_others_alone(customer, device) -> None:
    await customer.rule("apns", 0, token=device, error="BadDeviceToken")
    assert (await customer.push("ab" * 32)).status == 200
    assert [(await customer.push(device)).status for _ in range(2)] == [400, 400]


async def test_an_error_although_delivered(customer, device) -> None:
    await customer.rule("apns", error="ServiceUnavailable", delivered=True)
    before = await customer.count()
    assert (await customer.push(device)).status == 503
    assert [entry["token"] for entry in await customer.ledger(before)] == [device]


@pytest.mark.parametrize(("shape", "body"), [("empty", ""), ("not_json", "<html>upstream error</html>")])
async def test_errors_without_their_body(customer, device, shape, body) -> None:
    await customer.rule("apns", error="InternalServerError", body=shape)
    answer = await customer.push(device)
    assert (answer.status, await answer.text()) == (500, body)


async def test_a_slow_answer_holds_up_nobody_else(customer, device) -> None:
    assert (await customer.push(device)).status == 200
    await customer.rule("apns", token=device, delay_seconds=1.0)
    slow = asyncio.ensure_future(customer.push(device))
    for _ in range(20):
        assert (await customer.push("cd" * 32)).status == 200
    assert not slow.done()
    assert (await slow).status == 200


async def test_a_limit_per_device(customer, device) -> None:
    await customer.control("PATCH", {"apns_device_per_minute": 2})
    statuses = [(await customer.push(device)).status for _ in range(3)]
    # The minute may turn in between; then the third passes in a fresh one.
    assert statuses in ([200, 200, 429], [200, 200, 200])
    assert (await customer.push("ef" * 32)).status == 200


async def test_the_control_api_says_what_is_wrong(customer) -> None:
    refused = await customer.control("POST", {"provider": "apns", "outcome": {"error": "Nonsense"}})
    assert refused.status == 422
    assert "outcome.error" in (await refused.json())["detail"]
    refused = await customer.control("PATCH", {"streams": 0})
    assert refused.status == 422
    assert "streams" in (await refused.json())["detail"]
    assert (await customer.control("DELETE", path="/999999")).status == 404
