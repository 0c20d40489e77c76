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


async def test_all_items_of_what_waited_are_marked_when_nothing_of_it_holds(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(incomplete=True))
    world.pass_time(hours=11)
    for flags in ({"missing": True}, {"missing": True, "late": True}, {}):
        world.pass_time(minutes=5)
        await world.take(world.assignment(**flags))
    world.pass_time(hours=8)
    await world.releases()
    assert len(world.alerts()) == 1
    items = await world.rows("select body, corrected_at from inbox order by entered")
    assert [(item["body"], item["corrected_at"] is not None) for item in items] == [
        ("Quiz: incomplete", False),
        ("Quiz: missing", True),
        ("Quiz: missing, late", True),
    ]


async def test_an_item_is_marked_when_what_took_its_place_is_put_right_in_grace(world: World) -> None:
    await night(world)
    await world.set_user("u1", {"kinds": {"assignment.scored": {"grace_minutes": 60}}})
    await world.take(world.assignment(missing=True))
    world.pass_time(minutes=5)
    await world.take(world.assignment(missing=True, score_percent=9))
    world.pass_time(minutes=5)
    await world.take(world.assignment())
    world.pass_time(hours=8)
    await world.releases()
    items = await world.rows("select body, corrected_at from inbox")
    assert [(item["body"], item["corrected_at"] is not None) for item in items] == [("Quiz: missing", True)]


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


async def test_a_grade_posted_again_is_news_to_whom_it_was_never_told(world: World) -> None:
    """u1 waits five minutes, u2 is told at once: taken back within the five, 85 is news to u1 alone."""
    await world.take(*world.roster("s1", ("u1", True), ("u2", True)))
    await world.set_user("u1", {"groups": {"grades": {"grace_minutes": 5}}, "coalesce_minutes": 0})
    await world.take(world.grade(percent=80))
    world.pass_time(minutes=30)
    await world.releases()
    await world.take(world.grade(percent=85))
    world.pass_time(minutes=2)
    await world.take(world.grade(percent=85, posted=False))
    world.pass_time(minutes=30)
    await world.releases()
    for percent in (85, 85, 80):
        await world.take(world.grade(percent=percent))
        world.pass_time(minutes=30)
        await world.releases()
    said = {user: [alert["texts"]["full"]["body"] for alert in world.alerts(user)] for user in ("u1", "u2")}
    assert said["u1"] == ["Grade: 80%", "Grade: now 85%", "Grade: now 80%"]
    assert said["u2"] == said["u1"]
    assert {row["value"] for row in await world.rows("select value from told")} == {""}


async def test_a_grade_that_changed_and_came_back_over_unposted_is_not_news(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"groups": {"grades": {"grace_minutes": 5}}})
    for data in ({"percent": 80}, {"percent": 85}, {"percent": 85, "posted": False}):
        world.pass_time(minutes=30 if data == {"percent": 85} else 1)
        await world.releases()
        await world.take(world.grade(**data))
    world.pass_time(minutes=30)
    await world.releases()
    await world.take(world.grade(percent=80))
    world.pass_time(minutes=30)
    await world.releases()
    assert [alert["texts"]["full"]["body"] for alert in world.alerts()] == ["Grade: 80%"]


async def test_a_balance_that_is_paid_while_its_alert_waits_is_cleared_whatever_becomes_of_that(
    world: World,
) -> None:
    await night(world)
    await world.take(world.lunch("5.00"))
    world.pass_time(minutes=10)
    await world.take(world.lunch("12.00"))
    world.pass_time(hours=8)
    await world.releases()
    assert (world.alerts(), await world.rows("select value from told")) == ([], [{"value": ""}])
    await world.set_user("u1", {"groups": {"lunch": {"threshold": "15.00"}}})
    await world.take(world.lunch("13.00"))
    assert [alert["texts"]["full"]["body"] for alert in world.alerts()] == ["The lunch balance is $13.00"]


async def siblings_low_at_night(world: World) -> None:
    """Brother and sister on one account; the SIS says each balance of the child who ate or whose parent paid."""
    await night(world)
    await world.take(*world.roster("s2", ("u1", True)), world.lunch("9.00", "s1"))
    world.pass_time(minutes=10)


async def test_what_was_paid_in_for_the_other_child_is_paid(world: World) -> None:
    await siblings_low_at_night(world)
    await world.take(world.lunch("40.00", "s2"))
    world.pass_time(hours=8)
    await world.releases()
    assert world.alerts() == []
    assert [row["corrected_at"] is None for row in await world.rows("select * from inbox")] == [False]
    await world.take(world.lunch("8.00", "s1"))
    (alert,) = world.alerts()
    assert alert["texts"]["full"]["body"] == "The lunch balance is $8.00"


async def test_a_balance_that_waited_is_said_as_it_is_by_now_whoever_ate(world: World) -> None:
    await siblings_low_at_night(world)
    await world.take(world.lunch("7.00", "s2"))
    world.pass_time(hours=8)
    await world.releases()
    (alert,) = world.alerts()
    assert (alert["student_id"], alert["texts"]["full"]["body"]) == ("s1", "The lunch balance is $7.00")


async def test_a_shared_account_that_was_paid_is_not_told_low_though_the_other_child_s_event_is_late(
    world: World,
) -> None:
    await world.take(*world.roster("s1", ("u1", True)), *world.roster("s2", ("u1", True)))
    await world.set_user("u1", {"groups": {"lunch": {"grace_minutes": 5}}})
    await world.take(world.lunch("5.00", "s1"), world.lunch("5.00", "s2"))
    world.pass_time(minutes=1)
    late = world.lunch("40.00", "s2")
    await world.take(world.lunch("40.00", "s1"))
    world.pass_time(minutes=5)
    await world.releases()
    await world.take(late)
    assert (world.alerts(), await world.rows("select * from inbox")) == ([], [])
    assert {row["became"] for row in await world.rows("select became from decisions")} == {
        "replaced",
        "resolved",
    }
