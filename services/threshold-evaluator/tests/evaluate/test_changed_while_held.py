"""What waits while the thing that it is about changes again: nothing is said that no longer holds."""

from .conftest import World
from .test_timing import night


async def test_a_grade_that_is_unposted_while_it_waits_is_not_told(world: World) -> None:
    await night(world)
    await world.take(world.grade(percent=85))
    world.pass_time(minutes=10)
    await world.take(world.grade(percent=85, posted=False))
    world.pass_time(hours=8)
    await world.releases()
    assert world.alerts() == []
    assert [row["corrected_at"] is None for row in await world.rows("select * from inbox")] == [False]
    assert [row["became"] for row in await world.rows("select became from decisions")] == ["resolved"]


async def test_a_grade_that_is_posted_again_while_it_waits_is_told_once(world: World) -> None:
    await night(world)
    for posted in (True, False, True):
        world.pass_time(minutes=10)
        await world.take(world.grade(percent=85, posted=posted))
    world.pass_time(hours=8)
    await world.releases()
    assert [alert["kinds"] for alert in world.alerts()] == [["grade.posted"]]


async def test_an_item_of_what_was_put_right_is_marked_when_it_is_replaced(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(score_percent=90))
    world.pass_time(hours=11)
    await world.take(world.assignment(score_percent=9))
    world.pass_time(minutes=10)
    await world.take(world.assignment(score_percent=90))
    items = await world.rows("select body, corrected_at from inbox order by entered")
    assert [(item["body"], item["corrected_at"] is not None) for item in items] == [
        ("Quiz: 90%", False),
        ("Quiz: 9%", True),
        ("Quiz: 90%", False),
    ]


async def test_a_mark_that_was_never_told_is_said_once_as_it_stands(world: World) -> None:
    await night(world)
    await world.set_user("u1", {"groups": {"attendance": {"grace_minutes": 5}}})
    await world.take(world.mark("absent"))
    world.pass_time(minutes=1)
    await world.take(world.mark("tardy"))
    world.pass_time(hours=8)
    await world.releases()
    (alert,) = world.alerts()
    assert alert["texts"]["full"]["body"] == "Tardy on Oct 15, 2026"
    assert alert["texts"]["standard"]["body"] == "Attendance marked"


async def test_a_grade_that_was_never_told_is_said_once_as_it_stands(world: World) -> None:
    await night(world)
    await world.take(world.grade(percent=85))
    world.pass_time(minutes=10)
    await world.take(world.grade(percent=86))
    world.pass_time(hours=8)
    await world.releases()
    (alert,) = world.alerts()
    assert alert["texts"]["full"]["body"] == "Grade: 86%"


async def test_a_balance_up_and_low_again_in_one_batch_is_told_once_after_grace(world: World) -> None:
    await night(world)
    await world.set_user("u1", {"groups": {"lunch": {"grace_minutes": 5}}})
    await world.take(world.lunch("5.00"))
    world.pass_time(minutes=10)
    await world.releases()
    up, low = world.lunch("12.00"), world.lunch("8.00", modified_at="2026-10-15T04:10:01Z")
    await world.take(up, low)
    world.pass_time(minutes=10)
    await world.take(world.lunch("7.00"))
    bodies = [row["body"] for row in await world.rows("select body from inbox order by entered")]
    assert bodies == ["The lunch balance is $5.00", "The lunch balance is $8.00"]
