"""What ends one hold goes as one, whatever else would have held it, and no more goes than the cap allows."""

from .conftest import World
from .test_timing import night

DAILY = {"groups": {"assignments": {"delivery": "daily"}}}


async def members(world: World) -> list[int]:
    """Release what is due; answer how many each alert so far carries."""
    await world.releases()
    return [len(alert.get("members") or [1]) for alert in world.alerts()]


async def test_a_digest_that_a_pause_held_goes_with_the_rest_of_it(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", DAILY)
    await world.take(world.assignment(missing=True))
    await world.set_district({"paused": True})
    await world.take(world.mark("absent"))
    world.pass_time(hours=7)  # past the digest
    assert await members(world) == []
    await world.set_district({"paused": False})
    assert await members(world) == [2]
    assert await world.rows("select pushes from user_counters") == [{"pushes": 1}]


async def test_a_digest_of_which_the_time_has_not_come_waits_for_it_when_a_pause_ends(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", DAILY)
    await world.take(world.assignment(missing=True))
    await world.set_district({"paused": True})
    await world.take(world.mark("absent"))
    world.pass_time(hours=1)
    await world.set_district({"paused": False})
    assert await members(world) == [1]
    world.pass_time(hours=5)
    assert await members(world) == [1, 1]


async def test_a_digest_in_quiet_hours_goes_with_what_else_they_held(world: World) -> None:
    await night(world)
    await world.set_user("u1", {**DAILY, "digest": {"at": "23:30"}})
    await world.take(world.assignment(missing=True), world.mark("absent"), world.grade(percent=50))
    world.pass_time(hours=7)
    assert await members(world) == [3]
    world.pass_time(minutes=3)
    await world.set_user("u1", {})
    await world.take(world.assignment(thing="a2", missing=True), world.grade(thing="g2", percent=50))
    # The digest opened no window, the rest of the summary did.
    assert [alert["group"] for alert in world.alerts()] == ["attendance", "assignments"]


async def test_follow_ups_of_two_children_at_once_meet_the_cap(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), *world.roster("s2", ("u1", True)))
    await world.set_user("u1", {"daily_cap": 3})
    for thing in ("a1", "a2", "a3"):
        for student in ("s1", "s2"):
            await world.take(world.assignment(student, thing, missing=True))
    assert await members(world) == [1, 1]
    world.pass_time(minutes=10)
    assert await members(world) == [1, 1, 2]
    world.pass_time(hours=6)
    assert await members(world) == [1, 1, 2, 2]


async def test_a_summary_takes_the_last_place_under_the_cap_whole(world: World) -> None:
    await night(world)
    await world.set_user("u1", {"daily_cap": 1})
    await world.take(world.assignment(missing=True), world.mark("absent"), world.grade(percent=50))
    world.pass_time(hours=7)
    assert await members(world) == [3]
    await world.take(world.lunch("5.00"))
    assert (await world.decisions())[-1][1:] == ("digest", "daily_cap")


async def test_what_falls_due_just_after_a_summary_follows_it_though_both_are_looked_at_at_once(
    world: World,
) -> None:
    await night(world)
    await world.set_user("u1", {"kinds": {"assignment.scored": {"grace_minutes": 30}}})
    await world.take(world.assignment(thing="a1", missing=True), world.mark("absent"))
    world.pass_time(hours=6, minutes=30, seconds=5)
    await world.take(world.assignment(thing="a2", score_percent=50))
    world.pass_time(minutes=30)  # a busy morning: 06:00 is five seconds past, and so is the end of grace
    assert await members(world) == [2]
    world.pass_time(minutes=10)
    assert await members(world) == [2, 1]
