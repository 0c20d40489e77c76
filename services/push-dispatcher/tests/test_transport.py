"""Connections that fail: the phone is told once, and what repeats has the same id and slot."""

from collections import Counter

import pytest
from push_dispatcher.domain.device import Platform


async def many(town, number, platform):
    users = [f"u{index}" for index in range(number)]
    for user in users:
        await town.phone(user, platform)
    return [town.alert(user) for user in users]


@pytest.mark.parametrize("platform", [Platform.IOS, Platform.ANDROID])
async def test_goaway_every_hundred_requests(migrated_url, faulty_providers, start_town, platform):
    faulty_providers.control("PATCH", "", {"goaway_every": 100})
    async with start_town(migrated_url, faulty_providers.described) as town:
        await town.take(*await many(town, 400, platform))
        await town.settled(*["accepted"] * 400, seconds=60)
        counts = Counter(entry["token"] for entry in faulty_providers.ledger())
    assert len(counts) == 400
    assert set(counts.values()) == {1}


async def test_few_streams_allowed(migrated_url, faulty_providers, start_town):
    faulty_providers.control("PATCH", "", {"streams": 5})
    async with start_town(migrated_url, faulty_providers.described) as town:
        await town.take(*await many(town, 200, Platform.IOS))
        await town.settled(*["accepted"] * 200, seconds=60)
        assert len(faulty_providers.ledger()) == 200


@pytest.mark.parametrize("transport", ["reset_before", "close_before", "reset_after", "close_after"])
async def test_a_lost_answer_is_tried_again_under_the_same_id(
    migrated_url, faulty_providers, start_town, transport
):
    async with start_town(migrated_url, faulty_providers.described) as town:
        token = await town.phone("u")
        faulty_providers.rule("apns", token, times=1, transport=transport)
        await town.take(town.alert("u"))

        async def tried():
            return [row["state"] for row in await town.rows() if row["attempts"] == 1]

        await town.until(tried)
        await town.due_now()
        await town.settled("accepted")
        entries = faulty_providers.ledger()
    assert 1 <= len(entries) <= 2
    assert len({(entry["id"], entry["collapse_id"]) for entry in entries}) == 1


async def test_a_black_hole_costs_its_own_request_only(migrated_url, faulty_providers, start_town):
    settings = {"request_seconds": 1.0, "lease_seconds": 5.0}
    async with start_town(migrated_url, faulty_providers.described, **settings) as town:
        token = await town.phone("u")
        await town.phone("v")
        await town.take(town.alert("v"))
        await town.settled("accepted", user="v")
        faulty_providers.rule("apns", token, times=1, transport="black_hole")
        await town.take(town.alert("u"), town.alert("v", "t2"))
        await town.settled("accepted", "accepted", user="v")
        await town.settled("accepted", user="u")
        assert len(faulty_providers.ledger()) == 3


async def test_a_slow_provider_is_waited_for(town, providers):
    alerts = await many(town, 100, Platform.IOS)
    providers.rule("apns", delay_seconds=0.3)
    await town.take(*alerts)
    await town.settled(*["accepted"] * 100)
    assert len(providers.ledger()) == 100
