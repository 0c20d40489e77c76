"""How the stream is cut into batches decides nothing: the same school nights, event by event and many at once."""

import random
from typing import Any

import pytest
from bellwire_kit.streams.protocol import DONE, Record

from .conftest import World

SEEDS = (0, 27)
"""Nights: what is sent, how long grace is, when events come."""

_ASKED = (
    "select event_id, user_id, outcome, reason, became, kinds from decisions order by event_id, user_id",
    "select user_id, event_id, body from inbox order by user_id, event_id",
    "select student_id, thing, thing_id, user_id, value from told order by 1, 2, 3, 4",
)


def _event(world: World, chance: random.Random) -> Record:
    world.pass_time(seconds=1)
    student = chance.choice(["s1", "s2"])
    match chance.choice(["mark", "lunch", "grade", "assignment"]):
        case "mark":
            status = chance.choice(["present", "absent", "tardy", "early_release"])
            return world.mark(status, student, chance.choice(["m1", "m2"]))
        case "lunch":
            return world.lunch(chance.choice(["5", "8", "12"]), student)
        case "grade":
            return world.grade(percent=chance.choice([80, 90]), posted=chance.random() < 0.7)
        case _:
            score, missing = chance.choice([10, 20]), chance.random() < 0.5
            return world.assignment(score_percent=score, missing=missing, deleted=chance.random() < 0.1)


async def _night(world: World, seed: int, at_once: bool) -> list[Any]:
    chance = random.Random(seed)
    await world.take(*world.roster("s1", ("u1", True), ("u2", True)), *world.roster("s2", ("u1", True)))
    groups = ("attendance", "lunch", "grades", "assignments")
    grace = {group: {"grace_minutes": chance.choice([0, 0, 5, 30])} for group in groups}
    await world.set_user("u1", {"groups": grace, "coalesce_minutes": chance.choice([0, 10])})
    await world.set_district({"per": chance.choice(["day", "period"])})
    world.pass_time(hours=chance.choice([0, 9, 10, 11]))
    for _ in range(6):
        events = [_event(world, chance) for _ in range(chance.randint(1, 5))]
        for batch in [events] if at_once else [[event] for event in events]:
            await world.take(*batch)
        world.pass_time(minutes=chance.choice([0, 3, 7, 60]))
        await world.releases()
    world.pass_time(hours=20)
    await world.releases()
    said = sorted((alert["user_id"], alert["texts"]["full"]["body"]) for alert in world.alerts())
    return [said, *[await world.rows(query) for query in _ASKED]]


_came: dict[int, list[Any]] = {}


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
async def test_any_cut_into_batches_ends_the_same(world: World, seed: int, at_once: bool) -> None:
    came = await _night(world, seed, at_once)
    assert came == _came.setdefault(seed, came)


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_mark_that_was_loaded_counts_for_its_day_in_any_cut(world: World, at_once: bool) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    day = world.clock.now().date().isoformat()
    loaded = world.record(
        "attendance.changed",
        school_id="north",
        attendance_id="m1",
        date=day,
        status="absent",
        backfill=True,
    )
    events = [loaded, world.mark("absent", thing="m2")]
    for batch in [events] if at_once else [[event] for event in events]:
        await world.take(*batch)
    assert await world.decisions() == [("u1", "inbox_only", "same_day")]


async def test_a_user_whose_id_cannot_be_kept_costs_the_others_nothing(world: World) -> None:
    outcomes = await world.take(*world.roster("s1", ("u\x1f1", True), ("u2", True)))
    assert [getattr(each, "reason", "") for each in outcomes] == ["", "", "invalid_id", ""]
    assert await world.take(world.assignment(missing=True)) == [DONE]
    assert [alert["user_id"] for alert in world.alerts()] == ["u2"]
