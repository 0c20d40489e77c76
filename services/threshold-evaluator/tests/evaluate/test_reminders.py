"""Lunch reminders: by the clock alone, with the latest balance, of each account and user apart."""

import asyncio
from typing import Any

import pytest
from threshold_evaluator.remind import Remind

from .conftest import World

EVERY_THREE = {"groups": {"lunch": {"remind_days": 3}}}


@pytest.fixture
async def timer(world: World) -> Remind:
    """A family of two children on one account, who want reminders every three days."""
    await world.take(*world.roster("s1", ("u1", True)), *world.roster("s2", ("u1", True)))
    await world.set_user("u1", EVERY_THREE)
    return Remind(world.store, world.broker.producer(), world.clock)


async def told(world: World, timer: Remind, **span: Any) -> list[str]:
    """Let time pass an hour at a time, as the timer does; answer what the phone has said so far."""
    total = int(span.get("days", 0) * 24 + span.get("hours", 0))
    for _ in range(total):
        world.pass_time(hours=1)
        await timer.once()
        await world.releases()
    return [alert["texts"]["full"]["body"].removeprefix("The lunch balance is ") for alert in world.alerts()]


async def test_every_three_days_with_the_latest_balance(world: World, timer: Remind) -> None:
    await world.take(world.lunch("9.00", "s1"), world.lunch("9.00", "s2"))
    assert await told(world, timer, days=2, hours=23) == ["$9.00"]
    await world.take(world.lunch("7.25", "s2"))
    assert await told(world, timer, hours=1) == ["$9.00", "$7.25"]
    assert await told(world, timer, days=3) == ["$9.00", "$7.25", "$7.25"]
    assert len(await world.rows("select * from inbox")) == 3


async def test_of_a_shared_account_it_is_the_student_of_whom_was_told_whose_threshold_counts(
    world: World, timer: Remind
) -> None:
    await world.set_user("u1", {"groups": {"lunch": {"threshold": "20.00"}}}, student="s2")
    await world.take(world.lunch("15.00", "s1"), world.lunch("15.00", "s2"))
    assert await told(world, timer, days=3) == ["$15.00", "$15.00"]


async def test_over_a_change_of_clocks_it_comes_at_the_same_time_of_day(world: World, timer: Remind) -> None:
    world.pass_time(days=17)  # the 31st of October, noon; clocks go back in the night to the 1st
    await world.take(world.lunch("9.00", "s1"))
    assert await told(world, timer, days=3) == ["$9.00"]
    assert await told(world, timer, hours=1) == ["$9.00", "$9.00"]


async def test_a_balance_that_is_up_again_ends_them(world: World, timer: Remind) -> None:
    await world.take(world.lunch("9.00", "s1"))
    await world.take(world.lunch("30.00", "s1"))
    assert await told(world, timer, days=4) == ["$9.00"]


async def test_off_is_off_and_a_change_counts_from_what_was_told(world: World, timer: Remind) -> None:
    await world.set_user("u1", {})
    await world.take(world.lunch("9.00", "s1"))
    assert await told(world, timer, days=2) == ["$9.00"]
    await world.set_user("u1", {"groups": {"lunch": {"remind_days": 1}}})
    assert await told(world, timer, hours=1) == ["$9.00", "$9.00"]


async def test_a_closed_gate_stays_closed(world: World, timer: Remind) -> None:
    await world.take(world.lunch("9.00", "s1"))
    revoked = [
        world.record("portal_access.changed", student, user_id="u1", role="guardian", portal=False)
        for student in ("s1", "s2")
    ]
    await world.take(*revoked)
    assert await told(world, timer, days=4) == ["$9.00"]
    assert len(await world.decisions()) == 1


async def test_a_clock_that_jumps_a_month_makes_one(world: World, timer: Remind) -> None:
    await world.take(world.lunch("9.00", "s1"))
    world.pass_time(days=30)
    while await timer.once():
        pass
    await world.releases()
    assert len(world.alerts()) == 2
    world.pass_time(days=-1)
    await timer.once()
    await world.releases()
    assert len(world.alerts()) == 2


async def test_quiet_hours_hold_a_reminder_and_no_second_one_is_made(world: World, timer: Remind) -> None:
    world.pass_time(hours=9, minutes=59)  # 21:59, just before quiet hours
    await world.take(world.lunch("9.00", "s1"))
    world.pass_time(minutes=2)
    assert await told(world, timer, days=3) == ["$9.00"]
    assert await told(world, timer, hours=8) == ["$9.00", "$9.00"]


async def test_two_workers_remind_once_and_why_says_so(world: World, timer: Remind) -> None:
    await world.take(world.lunch("9.00", "s1"))
    world.pass_time(days=3)
    other = Remind(world.store, world.broker.producer(), world.clock)
    await asyncio.gather(timer.once(), other.once())
    assert len(world.alerts()) == 2
    rows = await world.rows("select detection, kinds from changes where detection = 'reminder'")
    assert [tuple(row.values()) for row in rows] == [("reminder", ["lunch.low"])]
    assert [d[1:] for d in await world.decisions()] == [("send", "told")] * 2


@pytest.mark.parametrize("closed", ["north", "south"])
async def test_a_child_whose_school_shows_no_lunch_does_not_silence_the_other(
    world: World, timer: Remind, closed: str
) -> None:
    await world.pool.execute(
        "insert into schools (district_id, environment, school_id, own) values ($1, $2, $3, $4)",
        "lakeside",
        "production",
        closed,
        {"areas": {"food_service": False}},
    )
    await world.take(
        world.record("enrollment.changed", "s2", school_id="south"),
        world.lunch("9.00", "s1"),
        world.lunch("9.00", "s2", school_id="south"),
    )
    assert await told(world, timer, days=3) == ["$9.00", "$9.00"]
    assert {alert["student_id"] for alert in world.alerts()} == {"s2" if closed == "north" else "s1"}


async def test_the_other_child_s_reminder_says_the_balance_that_came_last(
    world: World, timer: Remind
) -> None:
    await world.take(
        world.record("enrollment.changed", "s2", school_id="south"),
        world.lunch("9.00", "s2", school_id="south"),
    )
    world.pass_time(hours=1)
    left = world.record("enrollment.changed", "s1", school_id="north", active=False)
    await world.take(world.lunch("6.00", "s1"), left)
    world.pass_time(days=3)
    await timer.once()
    assert (world.alerts()[-1]["student_id"], len(world.alerts())) == ("s2", 2)
    assert world.alerts()[-1]["texts"]["full"]["body"] == "The lunch balance is $6.00"
