"""The brake: a school's burst is held until its administrator says what becomes of it."""

from typing import Any

import pytest
from bellwire_kit.streams.protocol import Record
from threshold_evaluator.app import Stream, compose
from threshold_evaluator.domain.surge import SurgeLimits
from threshold_evaluator.evaluate import Evaluate
from threshold_evaluator.settings import Settings

from .conftest import World

STUDENTS = 12


@pytest.fixture
async def school(world: World) -> World:
    """A school of twelve students and a bound of ten facts instead of five hundred."""
    world.evaluate = Evaluate(world.store, world.broker.producer(), world.clock, SurgeLimits(10, 10))
    for number in range(STUDENTS):
        await world.take(*world.roster(f"s{number}", (f"u{number}", True)))
    return world


def missing(world: World, count: int, **data: Any) -> list[Record]:
    thing = f"a{world.offset}"
    return [world.assignment(f"s{number}", thing, missing=True, **data) for number in range(count)]


async def answer(world: World, resolution: str) -> None:
    await world.pool.execute("update brakes set resolution = $1", resolution)
    await world.recalculate("school", "north")
    await world.releases()


async def test_the_first_facts_of_a_school_are_told_up_to_the_least(school: World) -> None:
    await school.take(*missing(school, 10))
    assert len(school.alerts()) == 10
    assert await school.rows("select * from brakes") == []


async def test_a_burst_is_held_and_released_as_one_summary_a_user(school: World) -> None:
    await school.take(*missing(school, STUDENTS))
    await school.take(*missing(school, 3, late=True))
    assert school.alerts() == []
    assert {d[1:] for d in await school.decisions()} == {("hold", "surge")}
    assert len(await school.rows("select * from inbox")) == STUDENTS + 3
    school.pass_time(hours=5)
    await school.releases()
    assert school.alerts() == []
    await answer(school, "release")
    assert len(school.alerts()) == STUDENTS
    assert [len(alert.get("members", [])) for alert in school.alerts("u0")] == [2]
    await school.releases()
    assert len(school.alerts()) == STUDENTS


async def test_the_end_of_a_pause_is_no_answer_to_a_surge(school: World) -> None:
    await school.take(*missing(school, STUDENTS))
    school.pass_time(minutes=2)
    await school.take(*missing(school, 3, late=True))
    await school.set_district({"paused": True})
    await school.releases()
    await school.take(*missing(school, 3, exempt=True))
    school.pass_time(minutes=30)
    await school.set_district({"paused": False})
    await school.releases()
    assert school.alerts() == []
    await answer(school, "release")
    assert [len(alert.get("members", [])) for alert in school.alerts("u0")] == [3]


async def test_a_newer_change_does_not_take_out_what_a_surge_holds(school: World) -> None:
    await school.take(*(school.assignment(f"s{number}", missing=True) for number in range(STUDENTS)))
    school.pass_time(minutes=30)
    await school.take(school.assignment("s1", missing=True, score_percent=80))
    await school.take(school.assignment("s2", missing=False))
    await school.releases()
    assert school.alerts() == []
    await answer(school, "release")
    assert school.alerts("u1")[0]["kinds"] == ["assignment.missing", "assignment.scored"]
    assert len(school.alerts()) == STUDENTS - 1


async def test_what_one_surge_let_go_and_the_next_one_changes_waits_for_the_answer_to_the_next(
    school: World,
) -> None:
    await school.set_user("u0", {"groups": {"assignments": {"delivery": "weekly"}}})
    await school.take(*(school.assignment(f"s{number}", missing=True) for number in range(STUDENTS)))
    await answer(school, "release")
    school.pass_time(days=1)
    await school.take(*(school.assignment(f"s{number}", late=True) for number in range(STUDENTS)))
    school.pass_time(days=5)  # past the weekly digest
    await school.releases()
    assert school.alerts("u0") == []
    await answer(school, "release")
    assert [alert["kinds"] for alert in school.alerts("u0")] == [["assignment.late"]]


async def test_a_burst_can_be_left_to_the_inbox_and_what_still_comes_of_it_too(school: World) -> None:
    await school.take(*missing(school, STUDENTS))
    await answer(school, "inbox_only")
    await school.take(*missing(school, 1))
    await school.releases()
    assert school.alerts() == []
    rows = await school.rows(
        "select distinct became from decisions where reason = 'surge' and outcome = 'hold'"
    )
    assert [row["became"] for row in rows] == ["inbox"]
    assert (await school.decisions())[-1][1:] in {("inbox_only", "surge"), ("hold", "surge")}
    assert len(await school.rows("select * from inbox")) == STUDENTS + 1
    school.pass_time(minutes=11)
    await school.take(*missing(school, 1))
    assert len(school.alerts()) == 1


async def test_ten_minutes_are_any_ten_and_batches_add_up(school: World) -> None:
    school.pass_time(minutes=8)
    await school.take(*missing(school, 6))
    school.pass_time(minutes=4)
    await school.take(*missing(school, 6))
    assert len(await school.rows("select * from brakes")) == 1
    assert len(school.alerts()) == 6
    school.pass_time(minutes=30)
    await school.take(*missing(school, 6))
    school.pass_time(minutes=11)
    await school.take(*missing(school, 6))
    assert len(await school.rows("select * from brakes")) == 1


async def test_what_the_burst_brought_before_it_was_found_is_held_too(school: World) -> None:
    await school.set_district({"defaults": {"groups": {"assignments": {"delivery": "daily"}}}})
    await school.take(*missing(school, 6))
    await school.take(*missing(school, 12))
    school.pass_time(hours=8)
    await school.releases()
    assert school.alerts() == []
    await answer(school, "release")
    assert len(school.alerts()) == STUDENTS


async def test_a_busy_school_has_a_high_usual(school: World) -> None:
    for _ in range(3):
        await school.take(*missing(school, 5))
        school.pass_time(days=1)
    await school.take(*missing(school, 12), *missing(school, 12))
    assert await school.rows("select * from brakes") == []
    await school.take(*missing(school, 12), *missing(school, 12), *missing(school, 12))
    (row,) = await school.rows("select facts, usual from brakes")
    assert (row["facts"], row["usual"]) == (60, 5.0)


async def test_another_school_and_another_environment_go_on(school: World) -> None:
    await school.take(*missing(school, STUDENTS))
    await school.take(
        school.record("enrollment.changed", "s1", school_id="south"),
        school.assignment("s1", "b1", school_id="south", missing=True),
    )
    assert len(school.alerts()) == 1


async def test_two_workers_pull_one_brake(school: World) -> None:
    import asyncio

    other = Evaluate(school.store, school.broker.producer(), school.clock, SurgeLimits(10, 10))
    one, two = missing(school, STUDENTS), missing(school, STUDENTS)
    await asyncio.gather(school.evaluate(one), other(two))
    assert len(await school.rows("select * from brakes")) == 1
    assert school.alerts() == []


def changes_stream(world: World, **chosen: Any) -> Stream:
    """The stream of change events as the service composes it; what is not chosen is the product's default."""
    settings = Settings(database_url="unused", kafka_bootstrap_servers="unused", **chosen)
    parts = compose(settings, world.pool, world.broker.producer(), world.clock)
    return next(stream for stream in parts.streams if stream.name == "changes")


@pytest.mark.parametrize(("chosen", "held"), [({}, True), ({"surge_facts": 0}, False)])
async def test_the_service_holds_more_than_five_hundred_facts_unless_that_is_turned_off(
    school: World, chosen: dict[str, Any], held: bool
) -> None:
    stream = changes_stream(school, **chosen)
    await stream.handler([school.assignment("s0", f"a{each}", missing=True) for each in range(500)])
    school.pass_time(minutes=9)
    told = len(school.alerts())
    assert told == 1  # the rest follow it, or are beyond the day's cap
    await stream.handler([school.assignment("s1", "one-more", missing=True)])
    assert bool(await school.rows("select * from brakes")) == held
    assert len(school.alerts()) == told + (not held)
