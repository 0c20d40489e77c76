from datetime import timedelta


async def test_unseen_devices_and_old_deliveries_go(town, providers):
    await town.phone("u")
    await town.take(town.alert("u"))
    await town.settled("accepted")
    assert not await town.parts.retain.step()
    town.clock.move(timedelta(days=31))
    await town.parts.retain.step()
    assert await town.states() == []
    town.clock.move(timedelta(days=240))
    await town.parts.retain.step()
    assert not await town.parts.devices.listed(town.user("u"))
    assert await town.until(lambda: [kind for kind, _ in town.told() if kind == "bellwire.device.removed.v1"])


async def test_a_device_that_comes_back_is_seen(town, providers):
    token = await town.phone("u")
    town.clock.move(timedelta(days=200))
    await town.phone("u", token=token)
    town.clock.move(timedelta(days=200))
    await town.parts.retain.step()
    assert len(await town.parts.devices.listed(town.user("u"))) == 1
