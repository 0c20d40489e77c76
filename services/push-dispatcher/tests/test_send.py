import asyncio
from datetime import timedelta

from bellwire_schemas.ids import delivery_id
from bellwire_schemas.names import Urgency
from push_dispatcher.domain.device import Platform


async def test_an_alert_reaches_both_phones_of_its_user(town, providers):
    tokens = {await town.phone("u", Platform.IOS), await town.phone("u", Platform.ANDROID)}
    alert = town.alert("u", urgency=Urgency.URGENT)
    await town.take(alert)
    await town.settled("accepted", "accepted")
    entries = {entry["token"]: entry for entry in providers.ledger()}
    assert entries.keys() == tokens
    apple = next(entry for entry in entries.values() if entry["provider"] == "apns")
    google = next(entry for entry in entries.values() if entry["provider"] == "fcm")
    assert apple["id"] == str(delivery_id(alert.alert_id, "u-ios"))
    assert apple["collapse_id"] == str(alert.slot)
    assert apple["payload"]["aps"]["alert"] == {"title": "T standard", "body": "B standard"}
    assert apple["payload"]["bellwire"]["alert_id"] == str(alert.alert_id)
    assert google["payload"]["android"]["notification"]["tag"] == str(alert.slot)
    assert google["payload"]["android"]["priority"] == "high"
    await town.until(lambda: len([kind for kind, _ in town.told() if "accepted" in kind]) == 2)


async def test_a_batch_read_twice_sends_once(town, providers):
    await town.phone("u")
    alert = town.alert("u")
    await town.take(alert)
    await town.take(alert)
    await town.settled("accepted")
    await town.take(alert)
    assert await town.states() == ["accepted"]
    assert len(providers.ledger()) == 1


async def test_a_thousand_users_at_once(town, providers):
    users = [f"u{number}" for number in range(1000)]
    for group in range(0, 1000, 100):
        await asyncio.gather(
            *(
                town.phone(user, Platform.IOS if index % 2 else Platform.ANDROID)
                for index, user in enumerate(users[group : group + 100])
            )
        )
    await town.take(*(town.alert(user) for user in users))
    await town.settled(*["accepted"] * 1000)
    assert len({entry["token"] for entry in providers.ledger()}) == len(providers.ledger()) == 1000


async def test_what_is_not_accepted_in_time_is_missed(town, providers):
    token = await town.phone("u")
    providers.rule("apns", token, error="InternalServerError")
    await town.take(town.alert("u"))
    await town.until(lambda: _attempts(town, 1))
    town.clock.move(timedelta(hours=13))
    await town.settled("missed")
    await town.until(lambda: [kind for kind, _ in town.told()] == ["bellwire.delivery.missed.v1"])


async def _attempts(town, number):
    return [row["attempts"] for row in await town.rows()] == [number]
