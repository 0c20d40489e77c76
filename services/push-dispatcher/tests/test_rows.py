"""What waits: superseded, withdrawn, muted, collapsed, erased; and the badge."""

from datetime import timedelta

import pytest
from bellwire_schemas.alerts import AlertWithdrawn, InboxChanged, UserErased
from bellwire_schemas.names import Group, Privacy
from push_dispatcher.domain.device import UNNARROWED, ApnsEnvironment, DeviceSettings, Platform, Switch
from push_dispatcher.domain.payload import Token
from push_dispatcher.ports.devices import Registration
from push_dispatcher.registering import NoSuchDevice


def of_user(town, user):
    return {"district_id": town.district, "environment": town.environment, "user_id": user}


@pytest.fixture
async def away(town, providers):
    """APNs in trouble, so that rows wait; `providers.reset()` ends it."""
    providers.rule("apns", error="InternalServerError")
    return providers


async def waits(town, attempts=1):
    async def tried():
        rows = await town.rows()
        return rows and all(row["attempts"] >= attempts and row["lease_owner"] is None for row in rows)

    await town.until(tried)


async def test_a_newer_value_supersedes_what_waits(town, away):
    await town.phone("u")
    old = town.alert("u", "t1")
    await town.take(old)
    await waits(town)
    away.reset()
    new = town.alert("u", "t1", old.things["t1"] + timedelta(minutes=1))
    await town.take(new)
    await town.settled("accepted", "superseded")
    assert [entry["payload"]["bellwire"]["alert_id"] for entry in away.ledger()] == [str(new.alert_id)]


async def test_an_older_value_never_follows_a_newer(town, providers):
    await town.phone("u")
    new = town.alert("u", "t1")
    await town.take(new)
    await town.settled("accepted")
    await town.take(town.alert("u", "t1", new.things["t1"] - timedelta(minutes=1)))
    await town.settled("accepted", "superseded")
    assert len(providers.ledger()) == 1


async def test_withdrawn_before_it_went_is_not_sent(town, away):
    await town.phone("u")
    alert = town.alert("u")
    await town.take(alert)
    await waits(town)
    gone = AlertWithdrawn(**of_user(town, "u"), alert_id=alert.alert_id, reason="gate", at=town.clock.now())
    await town.take(gone)
    await town.settled("withdrawn")
    away.reset()
    await town.due_now()
    assert not away.ledger()


async def test_requested_and_withdrawn_in_one_batch_is_never_sent(town, providers):
    await town.phone("u")
    alert = town.alert("u")
    gone = AlertWithdrawn(**of_user(town, "u"), alert_id=alert.alert_id, reason="gate", at=town.clock.now())
    await town.take(alert, gone)
    await town.settled("withdrawn")
    assert not providers.ledger()


async def test_a_missed_alert_timed_again_is_sent_under_its_id(town, away):
    await town.phone("u")
    alert = town.alert("u", send_before=town.clock.now() + timedelta(minutes=5))
    await town.take(alert)
    await waits(town)
    town.clock.move(timedelta(minutes=6))
    await town.settled("missed")
    away.reset()
    now = town.clock.now()
    await town.take(alert.model_copy(update={"requested_at": now, "send_before": now + timedelta(hours=1)}))
    await town.settled("accepted")
    assert len(away.ledger()) == 1


async def test_a_device_only_narrows(town, providers):
    await town.phone("u", Platform.IOS, settings=DeviceSettings(privacy=Privacy.PRIVATE))
    await town.phone(
        "u", Platform.ANDROID, settings=DeviceSettings(groups={Group.GRADES: Switch(enabled=False)})
    )
    await town.take(town.alert("u"))
    await town.settled("accepted", "muted_by_device")
    (entry,) = providers.ledger()
    assert entry["payload"]["aps"]["alert"]["title"] == "T private"


async def test_many_that_waited_long_go_as_one(town, away):
    await town.phone("u")
    for number in range(5):
        await town.take(town.alert("u", f"t{number}"))
    await waits(town)
    town.clock.move(timedelta(minutes=11))
    away.reset()
    await town.due_now()
    await town.settled("accepted", *["collapsed"] * 4)
    (entry,) = away.ledger()
    assert entry["payload"]["aps"]["alert"]["body"] == "S standard"


async def test_nobody_to_tell_is_told(town, providers):
    await town.take(town.alert("u"))
    ((kind, data),) = await town.until(town.told)
    assert (kind, data["installation_id"]) == ("bellwire.delivery.no_device.v1", "-")


async def test_seen_elsewhere_takes_the_badge_down(town, providers):
    await town.phone("u")
    await town.take(town.alert("u", unseen=3, seq=5))
    await town.settled("accepted")
    await town.take(InboxChanged(**of_user(town, "u"), unseen=0, seq=6, at=town.clock.now()))
    await town.settled("accepted", "accepted")
    payloads = [entry["payload"] for entry in providers.ledger()]
    assert payloads[0]["aps"]["badge"] == 3
    assert payloads[1] == {"aps": {"badge": 0}}
    assert len(town.told()) == 1


async def test_seen_days_later_takes_the_badge_down_too(town, providers):
    await town.phone("u")
    await town.take(town.alert("u", unseen=3, seq=5))
    await town.settled("accepted")
    town.clock.move(timedelta(days=3))
    await town.take(InboxChanged(**of_user(town, "u"), unseen=0, seq=6, at=town.clock.now()))
    await town.until(lambda: len(providers.ledger()) == 2)
    assert providers.ledger()[1]["payload"] == {"aps": {"badge": 0}}
    # What was read only, or is known already, changes no badge.
    await town.take(InboxChanged(**of_user(town, "u"), unseen=0, seq=7, at=town.clock.now()))
    await town.take(InboxChanged(**of_user(town, "u"), unseen=2, seq=6, at=town.clock.now()))
    await town.take(town.alert("u", "t2", unseen=1, seq=8))
    await town.until(lambda: len(providers.ledger()) == 3)
    assert providers.ledger()[2]["payload"]["aps"]["badge"] == 1


async def test_a_badge_rises_when_a_student_may_be_seen_again(town, providers):
    await town.phone("u")
    await town.take(InboxChanged(**of_user(town, "u"), unseen=0, seq=6, at=town.clock.now()))
    await town.take(InboxChanged(**of_user(town, "u"), unseen=2, seq=7, at=town.clock.now()))
    await town.until(
        lambda: [entry["payload"] for entry in providers.ledger()][-1:] == [{"aps": {"badge": 2}}]
    )


async def test_an_erased_user_leaves_nothing(town, away):
    await town.phone("u")
    await town.phone("v")
    await town.take(town.alert("u"), town.alert("v"))
    await waits(town)
    await town.take(UserErased(**of_user(town, "u"), at=town.clock.now()))
    assert await town.states("u") == []
    assert not await town.parts.devices.listed(town.user("u"))
    assert await town.states("v") == ["queued"]


async def test_a_new_installation_takes_a_token_over(town, away):
    token = await town.phone("u")
    await town.take(town.alert("u"))
    await waits(town)
    await town.phone("v", token=token)
    assert not await town.parts.devices.listed(town.user("u"))
    away.reset()
    await town.due_now()
    await town.take(town.alert("v"))
    await town.settled("accepted", user="v")
    assert [entry["payload"]["bellwire"]["student_id"] for entry in away.ledger()] == ["s1"]
    removed = await town.until(lambda: [d for kind, d in town.told() if kind == "bellwire.device.removed.v1"])
    assert removed[0]["user_id"] == "u"


async def test_log_out_is_answered_when_nothing_is_in_flight(town, providers):
    token = await town.phone("u")
    providers.rule("apns", token, times=1, delay_seconds=1.0)
    await town.take(town.alert("u", "t1"), town.alert("u", "t2"), town.alert("u", "t3"))
    lanes = [lane for lane in town.parts.lanes if lane.name == "apns/production"]
    await town.until(lambda: not lanes[0].idle)
    await town.parts.devices.remove(town.user("u"), "u-ios")
    sent = len(providers.ledger())
    assert sent <= 1
    assert await town.rows() == []
    await town.due_now()
    with pytest.raises(NoSuchDevice):
        await town.parts.devices.remove(town.user("u"), "u-ios")
    assert len(providers.ledger()) == sent


async def test_a_test_push_rings_and_is_not_reported(town, providers):
    from push_dispatcher.api.test_texts import test_text

    await town.phone("u")
    await town.parts.devices.test(town.user("u"), "u-ios", test_text("es-MX,en"))
    await town.settled("accepted")
    assert "dispositivo" in providers.ledger()[0]["payload"]["aps"]["alert"]["body"]
    assert town.told() == []


async def test_what_waits_follows_its_device_to_another_host(town, away):
    token = await town.phone("u")
    await town.take(town.alert("u"))
    await waits(town)
    await town.parts.devices.register(
        Registration(
            user=town.user("u"),
            installation_id="u-ios",
            platform=Platform.IOS,
            app="bellwire",
            token=Token(token),
            token_kind="token",
            apns_environment=ApnsEnvironment.DEVELOPMENT,
            settings=UNNARROWED,
        )
    )
    assert [row["lane"] for row in await town.rows()] == ["apns/development"]
    away.reset()
    await town.due_now()
    await town.settled("accepted")
