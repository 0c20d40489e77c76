"""A preview of days before which users had been told, and in which they were told more, reminders too."""

from datetime import timedelta
from typing import Any

import pytest
from bellwire_kit.auth import Caller
from bellwire_schemas.names import Group, Role
from msgspec import structs
from threshold_evaluator.adapters.postgres.portal.reading.pasts import PostgresPasts
from threshold_evaluator.domain.documents import read_user
from threshold_evaluator.preview import would_have_sent
from threshold_evaluator.remind import Remind

from .conftest import World

DAYS = timedelta(days=30)


async def previewed(world: World, document: dict[str, Any], student: str = "") -> dict[Group, int]:
    """What the last 30 days would have sent u1 with these settings, by group, where anything."""
    caller = Caller(Role.GUARDIAN, "u1", world.source.district_id, world.source.environment)
    past = await PostgresPasts(world.pool).past(caller, world.clock.now() - DAYS)
    counts = would_have_sent(
        past, lambda watcher: structs.replace(watcher, documents=read_user(document, {})), student
    )
    return {group: count for group, count in counts.items() if count}


async def balances(world: World, *told: tuple[int, str]) -> None:
    """Take balances, each so many days after the one before; the timer of reminders looks on each of them."""
    timer = Remind(world.store, world.broker.producer(), world.clock)
    for days, balance in told:
        for _ in range(days):
            world.pass_time(days=1)
            await timer.once()
        await world.releases()
        if balance:
            await world.take(world.lunch(balance))


@pytest.mark.parametrize("reminded", [0, 3])
async def test_a_low_balance_is_not_news_again_because_of_a_reminder(world: World, reminded: int) -> None:
    document = {"groups": {"lunch": {"remind_days": reminded or "off"}}}
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", document)
    await balances(world, (0, "9.00"), (8, "8.00"), (28, ""))
    # One of the spans of three days has an hour more: clocks go back, and the timer looks a day later.
    assert len(world.alerts()) == (12 if reminded else 1)
    assert await previewed(world, document) == {}
    # Told of 9.00 by then, the 8.00 is the first below 8.50.
    lower = {"groups": {"lunch": {"threshold": "8.50"}}}
    assert await previewed(world, lower) == {Group.LUNCH: 1}


async def test_a_low_balance_is_not_news_again_because_it_was_paid_later(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await balances(world, (0, "9.00"), (8, "8.00"), (2, "40.00"), (2, "7.00"), (24, ""))
    assert len(world.alerts()) == 2
    assert await previewed(world, {}) == {Group.LUNCH: 1}


async def test_a_mark_is_compared_with_what_was_told_before(world: World) -> None:
    await world.set_district({"attendance_days": 60})
    await world.take(*world.roster("s1", ("u1", True)))
    day = world.clock.now().date().isoformat()
    await world.take(world.mark("absent", thing="m1", date=day))
    world.pass_time(days=10)
    await world.take(world.mark("present", thing="m1", date=day))
    await world.take(world.mark("tardy", thing="m2", date=day), world.mark("absent", thing="m3", date=day))
    world.pass_time(days=25)
    assert [reason for _, _, reason in await world.decisions()] == ["told", "told", "coalesced", "coalesced"]
    assert await previewed(world, {}) == {Group.ATTENDANCE: 3}


async def test_the_same_status_of_a_day_told_before_is_for_the_inbox(world: World) -> None:
    await world.set_district({"attendance_days": 60})
    await world.take(*world.roster("s1", ("u1", True)))
    day = world.clock.now().date().isoformat()
    await world.take(world.mark("absent", thing="m1", date=day))
    world.pass_time(days=10)
    await world.take(world.mark("absent", thing="m2", date=day))
    world.pass_time(days=25)
    assert len(world.alerts()) == 1
    assert await previewed(world, {}) == {}


async def test_of_one_student_of_an_account_only_what_comes_with_it_counts(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), *world.roster("s2", ("u1", True)))
    await world.take(world.lunch("9.00", "s1"))
    world.pass_time(minutes=1)
    await world.take(world.lunch("9.00", "s2"))
    assert [alert["student_id"] for alert in world.alerts()] == ["s1"]
    assert await previewed(world, {}, "s1") == {Group.LUNCH: 1}
    assert await previewed(world, {}, "s2") == {}


async def test_what_came_late_is_late_in_a_preview_too_whatever_the_door_s_clock_says(world: World) -> None:
    """The broker's clock is not the product's: the record says when the door appended it, in real time."""
    await world.take(*world.roster("s1", ("u1", True)))
    event = world.assignment(missing=True)
    world.pass_time(hours=50)
    await world.take(event)
    assert [reason for _, _, reason in await world.decisions()] == ["arrived_late"]
    assert await previewed(world, {}) == {}


async def test_what_waited_for_its_roster_came_when_it_came(world: World) -> None:
    await world.take(world.assignment("s9", missing=True))
    world.pass_time(hours=50)
    await world.take(*world.roster("s9", ("u1", True)))
    while await world.evaluate.unpark():
        continue
    assert [reason for _, _, reason in await world.decisions()] == ["told"]
    assert await previewed(world, {}) == {Group.ASSIGNMENTS: 1}
