"""Mail 7 days and 24 hours before, once for each date."""

from datetime import timedelta

OPERATOR = ("operator", "op-1")


async def reminders(world):
    await world.settled()
    return [m["subject"] for m in world.mailbox.all() if m["subject"].startswith("In ")]


async def wait_for(world, count):
    async def reminded():
        return len(await world.sql("select 1 from reminders")) >= count

    await world.until(reminded)


async def test_reminders_a_week_and_a_day_before(world):
    request = await world.update("springfield")
    await world.move(request, "scheduled", at="2026-12-03T06:30:00Z")
    await world.move_clock(timedelta(days=4))
    await wait_for(world, 1)
    assert await reminders(world) == [
        "In 7 days: version 2611 on production and sandbox, Springfield Public Schools"
    ]
    await world.move_clock(timedelta(days=6))
    await wait_for(world, 2)
    assert [s.split(":")[0] for s in await reminders(world)] == ["In 7 days", "In 24 hours"]


async def test_a_new_date_is_reminded_anew_and_a_cancelled_one_not(world):
    request = await world.update("springfield")
    await world.move(request, "scheduled", at="2026-12-03T06:30:00Z")
    other = await world.update("maple-county", "2611.1")
    await world.move(other, "scheduled", at="2026-12-03T06:30:00Z")
    now = await world.refresh(other)
    contact = world.contact("maple-county")
    assert (await world.http(contact, "DELETE", f"/v1/requests/{other['id']}", etag=now["revision"]))[
        0
    ] == 204
    await world.move_clock(timedelta(days=4))
    await wait_for(world, 1)
    await world.move(request, "scheduled", at="2026-12-10T06:30:00Z")
    await world.move_clock(timedelta(days=7))
    await wait_for(world, 2)
    found = await reminders(world)
    assert [s.split(":")[0] for s in found] == ["In 7 days", "In 7 days"]
    assert all("Springfield" in s for s in found)
