"""Every class of answer, as the simulated providers give it: what becomes of the row, the device, the lane."""

from datetime import UTC, datetime, timedelta

import pytest
from push_dispatcher.domain import breaker
from push_dispatcher.domain.device import Platform

IOS, ANDROID = Platform.IOS, Platform.ANDROID


def provider(platform):
    return "apns" if platform is IOS else "fcm"


@pytest.mark.parametrize(
    ("platform", "error", "least"),
    [
        (IOS, "InternalServerError", 1),
        (IOS, "ServiceUnavailable", 1),
        (IOS, "Shutdown", 1),
        (IOS, "TooManyProviderTokenUpdates", 1),
        (IOS, "TooManyRequests", 60),
        (ANDROID, "INTERNAL", 10),
        (ANDROID, "UNAVAILABLE", 10),
        (ANDROID, "QUOTA_EXCEEDED", 60),
    ],
)
async def test_trouble_that_passes_is_tried_again_later(town, providers, platform, error, least):
    token = await town.phone("u", platform)
    providers.rule(provider(platform), token, times=1, error=error)
    before = datetime.now(UTC)
    await town.take(town.alert("u"))

    async def postponed():
        return [row for row in await town.rows() if row["attempts"] == 1]

    (row,) = await town.until(postponed)
    assert row["state"] == "queued"
    assert row["lease_owner"] is None
    waits = (row["due_at"] - before).total_seconds()
    assert least <= waits <= least * 1.6 + 5
    await town.pool.execute("update devices set spare_until = 'epoch' where district_id = $1", town.district)
    await town.due_now()
    await town.settled("accepted")
    assert [entry["token"] for entry in providers.ledger()] == [token]


@pytest.mark.parametrize("platform", [IOS, ANDROID])
async def test_retry_after_is_honoured(town, providers, platform):
    token = await town.phone("u", platform)
    error = "ServiceUnavailable" if platform is IOS else "UNAVAILABLE"
    providers.rule(provider(platform), token, times=1, error=error, retry_after="120")
    before = datetime.now(UTC)
    await town.take(town.alert("u"))

    async def postponed():
        return [row for row in await town.rows() if row["attempts"] == 1]

    (row,) = await town.until(postponed)
    assert 120 <= (row["due_at"] - before).total_seconds() <= 120 * 1.5 + 5


@pytest.mark.parametrize(
    ("platform", "error"),
    [
        (IOS, "BadCollapseId"),
        (IOS, "PayloadTooLarge"),
        (IOS, "BadPath"),
        (IOS, "Forbidden"),
        (IOS, "BadDeviceToken"),
        (ANDROID, "SENDER_ID_MISMATCH"),
    ],
)
async def test_what_can_never_be_accepted_fails_and_leaves_the_device(town, providers, platform, error):
    token = await town.phone("u", platform)
    providers.rule(provider(platform), token, error=error)
    await town.take(town.alert("u"))
    await town.settled("failed")
    (row,) = await town.rows()
    assert (row["attempts"], row["reason"]) == (1, error)
    assert len(await town.parts.devices.listed(town.user("u"))) == 1
    (told,) = await town.until(town.told)
    assert told[0] == "bellwire.delivery.failed.v1"
    assert told[1]["reason"] == error


@pytest.mark.parametrize(
    ("platform", "error"), [(IOS, "Unregistered"), (ANDROID, "UNREGISTERED"), (ANDROID, "INVALID_ARGUMENT")]
)
async def test_a_token_that_is_gone_is_pruned(town, providers, platform, error):
    token = await town.phone("u", platform)
    providers.rule(provider(platform), token, error=error)
    await town.take(town.alert("u"))
    await town.settled("failed")
    assert not await town.parts.devices.listed(town.user("u"))
    kinds = await town.until(
        lambda: sorted(kind for kind, _ in town.told()) if len(town.told()) == 2 else None
    )
    assert kinds == ["bellwire.delivery.failed.v1", "bellwire.device.removed.v1"]


async def test_a_token_registered_after_it_was_called_gone_stays(town, providers):
    token = await town.phone("u")
    long_ago = int((datetime.now(UTC) - timedelta(days=1)).timestamp() * 1000)
    providers.rule("apns", token, error="Unregistered", timestamp=long_ago)
    await town.take(town.alert("u"))
    await town.settled("failed")
    assert len(await town.parts.devices.listed(town.user("u"))) == 1


@pytest.mark.parametrize(
    ("platform", "error", "lane"),
    [
        (IOS, "TopicDisallowed", "apns/production"),
        (IOS, "InvalidProviderToken", "apns/production"),
        (ANDROID, "THIRD_PARTY_AUTH_ERROR", "fcm"),
        (ANDROID, "PERMISSION_DENIED", "fcm"),
        (ANDROID, "NOT_FOUND", "fcm"),
    ],
)
async def test_a_configuration_error_holds_the_lane_and_burns_nothing(town, providers, platform, error, lane):
    token = await town.phone("u", platform)
    other = await town.phone("v", platform)
    providers.rule(provider(platform), token, error=error, times=1)
    await town.take(town.alert("u"))
    (held,) = [one for one in town.parts.lanes if one.name == lane]
    await town.until(lambda: isinstance(held.breaker, breaker.Open))
    await town.take(town.alert("v"))
    await town.settled("queued", "queued")
    assert [row["attempts"] for row in await town.rows()] == [0, 0]
    assert not providers.ledger()
    # As though the pause were over: one probe goes, then everything.
    held.breaker = breaker.Open(error, datetime.now(UTC), breaker.FIRST_PAUSE)
    await town.settled("accepted", "accepted")
    assert sorted(entry["token"] for entry in providers.ledger()) == sorted([token, other])


async def test_a_revoked_access_token_is_refreshed_once_for_all(town, providers):
    for number in range(50):
        await town.phone(f"u{number}", ANDROID)
    await town.take(*(town.alert(f"u{number}") for number in range(25)))
    await town.settled(*["accepted"] * 25)
    providers.control("POST", "/revoke")
    await town.take(*(town.alert(f"u{number}") for number in range(25, 50)))
    await town.settled(*["accepted"] * 50)
    assert len(providers.ledger()) == 50


async def test_a_device_that_had_too_many_waits_alone(town, providers):
    token = await town.phone("u")
    await town.phone("v")
    providers.rule("apns", token, times=1, error="TooManyRequests")
    await town.take(town.alert("u", "t1"))

    async def spared():
        return (await town.parts.devices.listed(town.user("u")))[0].spare_until > datetime.now(UTC)

    await town.until(spared)
    await town.take(town.alert("u", "t2"), town.alert("v"))
    await town.settled("accepted", user="v")
    assert await town.states("u") == ["queued", "queued"]


async def test_mass_invalid_tokens_stop_the_pruning(town, providers):
    users = [f"u{number}" for number in range(150)]
    for user in users:
        await town.phone(user)
    providers.rule("apns", error="Unregistered")
    await town.take(*(town.alert(user) for user in users))
    await town.settled(*["failed"] * 150)
    left = await town.pool.fetchval("select count(*) from devices where district_id = $1", town.district)
    assert left > 50
