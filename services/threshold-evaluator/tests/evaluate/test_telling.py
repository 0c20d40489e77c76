"""From a change to what users are told: detection, gates, thresholds, timing, end to end in one process."""

from typing import Any

import pytest
from bellwire_kit.streams.protocol import DONE
from bellwire_schemas.alerts import AlertRequested

from .conftest import World


async def test_an_alert_is_what_the_contract_says(world: World) -> None:
    await world.take(
        *world.roster("s1", ("u1", True)), world.assignment(score_percent=64.5, course_name="Algebra")
    )
    (alert,) = world.alerts()
    parsed = AlertRequested.model_validate(alert)
    assert parsed.kinds == ("assignment.scored",)
    assert parsed.texts["full"].title == "Mia s1: Algebra"
    assert parsed.texts["full"].body == "Quiz: 64.5%"
    assert parsed.texts["private"].body == "There is something new."
    assert (parsed.unseen, parsed.seq) == (1, 1)


async def test_portal_flag_decides_who_is_told(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True), ("u2", False)), world.assignment(missing=True))
    assert [alert["user_id"] for alert in world.alerts()] == ["u1"]
    assert await world.decisions() == [("u1", "send", "told"), ("u2", "suppress", "gate_closed")]


async def test_a_revocation_stands_before_the_change_after_it(world: World) -> None:
    revoked = world.record("portal_access.changed", user_id="u1", role="guardian", portal=False)
    await world.take(
        *world.roster("s1", ("u1", True)), world.assignment(missing=True), revoked, world.mark("absent")
    )
    assert [alert["kinds"] for alert in world.alerts()] == [["assignment.missing"]]


async def test_threshold_is_exact_and_strict(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"groups": {"assignments": {"threshold": 70, "grace_minutes": 0}}})
    await world.take(
        world.assignment(thing="a1", score_percent=70),
        world.assignment(thing="a2", score_points=69.99, points_possible=100),
        world.assignment(thing="a3", score_points=7, points_possible=10),
        world.assignment(thing="a4", text_score="B"),
    )
    decisions = await world.decisions()
    assert [decision[1:] for decision in decisions] == [
        ("suppress", "not_below_threshold"),
        ("send", "told"),
        ("suppress", "not_below_threshold"),
        ("hold", "coalesced"),
    ]


async def test_an_unknown_student_waits_and_is_told_when_the_roster_comes(world: World) -> None:
    early = world.assignment("s9", missing=True)
    assert await world.take(early, early) == [world_done(), world_done()]
    assert world.alerts() == []
    assert len(await world.rows("select * from waiting")) == 1
    student, *rest = world.roster("s9", ("u1", True))
    await world.take(student)
    await world.take(*rest, world.mark("absent", "s9"))
    assert world.alerts() == []
    assert await world.evaluate.unpark() == 2
    await world.take(world.grade("s9", percent=50))
    kinds = [alert["kinds"] for alert in world.alerts()]
    assert kinds == [["assignment.missing"], ["attendance.marked"], ["grade.posted"]]
    assert await world.rows("select * from waiting") == []


def world_done() -> Any:
    from bellwire_kit.streams.protocol import DONE

    return DONE


async def test_versions(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    first = world.assignment(score_percent=50)
    world.pass_time(minutes=30)
    newer = world.assignment(score_percent=60)
    tie = world.assignment(score_percent=61)
    same = world.assignment(score_percent=61)
    await world.take(newer, first, tie, same, newer, tie)
    assert await world.detections() == ["stale_version", "facts", "facts", "duplicate"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_duplicate_that_is_posted_again_after_another_content_of_its_moment_has_no_effect(
    world: World, at_once: bool
) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    first, same, other = (world.assignment(score_percent=percent) for percent in (60, 60, 61))
    events = [first, same, other, same]
    for batch in [events] if at_once else [[event] for event in events]:
        await world.take(*batch)
    assert await world.detections() == ["facts", "duplicate", "facts"]
    assert await world.rows("select data ->> 'score_percent' as percent from states") == [{"percent": "61"}]


async def test_attendance_is_modified_against_what_the_user_was_told(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.mark("tardy"))
    world.pass_time(minutes=30)
    await world.take(world.mark("absent", excuse="unexcused"))
    world.pass_time(minutes=30)
    await world.take(world.mark("present"))
    world.pass_time(minutes=30)
    await world.take(world.mark("present", thing="m2"))
    kinds = [alert["kinds"][0] for alert in world.alerts()]
    assert kinds == ["attendance.marked", "attendance.modified", "attendance.modified"]
    assert world.alerts()[1]["texts"]["full"]["body"].startswith("Now absent (unexcused) on Oct 14, 2026")


async def test_the_same_status_on_a_day_goes_to_the_inbox_only(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.mark("absent", thing="p1", period="1"))
    world.pass_time(hours=1)
    await world.take(
        world.mark("absent", thing="p2", period="2"), world.mark("tardy", thing="p3", period="3")
    )
    assert [d[1:] for d in await world.decisions()] == [
        ("send", "told"),
        ("inbox_only", "same_day"),
        ("send", "told"),
    ]
    assert len(await world.rows("select * from inbox")) == 3


async def test_lunch_is_told_once_a_crossing_and_a_shared_account_once_a_user(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), *world.roster("s2", ("u1", True)))
    for balance in ("12.00", "9.75", "8.00", "10.00", "9.99"):
        world.pass_time(hours=1)
        await world.take(world.lunch(balance, "s1"), world.lunch(balance, "s2"))
    bodies = [alert["texts"]["full"]["body"] for alert in world.alerts()]
    assert bodies == ["The lunch balance is $9.75", "The lunch balance is $9.99"]


async def test_a_shared_account_of_two_thresholds_is_told_once_a_crossing_of_each(world: World) -> None:
    """Below 20 for one child, 10 for the other: what clears the lower does not clear what the higher told."""
    await world.take(*world.roster("s1", ("u1", True)), *world.roster("s2", ("u1", True)))
    await world.set_user("u1", {"groups": {"lunch": {"threshold": "20.00"}}}, student="s1")
    await world.set_user("u1", {"coalesce_minutes": 0})
    for balance in ("25.00", "15.00", "14.00", "13.00", "9.00", "8.00", "30.00", "14.50"):
        world.pass_time(hours=1)
        await world.take(world.lunch(balance, "s1"), world.lunch(balance, "s2"))
    bodies = [
        alert["texts"]["full"]["body"].removeprefix("The lunch balance is ") for alert in world.alerts()
    ]
    assert bodies == ["$15.00", "$9.00", "$14.50"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_an_older_balance_of_a_shared_account_is_no_news_whoever_it_comes_of(
    world: World, at_once: bool
) -> None:
    """The students of an account lie in different partitions: one may be hours behind the other."""
    await world.take(*world.roster("s1", ("u1", True)), *world.roster("s2", ("u1", True)))
    came: dict[str, list[Any]] = {"s1": [], "s2": []}
    for balance in ("5.00", "40.00", "8.00", "30.00", "9.00"):
        world.pass_time(hours=1)
        for student, listed in came.items():
            listed.append(world.lunch(balance, student))
    events = [*came["s1"], *came["s2"]]
    for batch in [events] if at_once else [[event] for event in events]:
        await world.take(*batch)
        world.pass_time(minutes=30)
        await world.releases()
    entered = await world.rows("select body from inbox order by entered")
    assert [row["body"].removeprefix("The lunch balance is ") for row in entered] == [
        "$5.00",
        "$8.00",
        "$9.00",
    ]
    states = await world.rows("select data ->> 'balance' as balance from states")
    assert states == [{"balance": "9.00"}, {"balance": "9.00"}]


async def test_grades_tell_posted_then_modified(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    for data in (
        {"percent": 80, "posted": False},
        {"percent": 81, "letter": "B"},
        {"percent": 85, "letter": "B", "posted": False},
        {"percent": 81, "letter": "B"},
        {"percent": 84, "letter": "B"},
    ):
        world.pass_time(hours=1)
        await world.take(world.grade(**data))
    assert [alert["kinds"] for alert in world.alerts()] == [["grade.posted"], ["grade.modified"]]
    assert world.alerts()[1]["texts"]["full"]["body"] == "Grade: now 84% (B)"


async def test_backfill_counts_as_told(world: World) -> None:
    await world.take(
        *world.roster("s1", ("u1", True)),
        world.assignment(score_percent=40, missing=True, backfill=True),
        world.mark("absent", backfill=True),
        world.lunch("3.00", backfill=True),
    )
    world.pass_time(hours=1)
    await world.take(
        world.assignment(score_percent=40, missing=True, late=True), world.mark("absent"), world.lunch("2")
    )
    assert [alert["kinds"] for alert in world.alerts()] == [["assignment.late"]]


async def test_a_loaded_mark_of_present_tells_nothing_of_its_day(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.mark("present", thing="m1", backfill=True))
    await world.take(world.mark("absent", thing="m2"))
    world.pass_time(minutes=30)
    await world.take(world.mark("present", thing="m2"))
    bodies = [alert["texts"]["full"]["body"] for alert in world.alerts()]
    assert bodies == ["Absent on Oct 14, 2026", "Now present on Oct 14, 2026"]


async def test_late_arrivals_go_to_the_inbox(world: World) -> None:
    await world.take(
        *world.roster("s1", ("u1", True)),
        world.assignment(missing=True, modified_at="2026-10-12T16:00:00Z"),
        world.mark("absent", date="2026-10-06"),
    )
    assert world.alerts() == []
    assert [d[1:] for d in await world.decisions()] == [
        ("inbox_only", "arrived_late"),
        ("inbox_only", "old_attendance"),
    ]


async def test_a_poison_event_costs_only_itself(world: World) -> None:
    poison = world.assignment(thing="bad", missing=True, unknown=0)
    poison = type(poison)(
        poison.topic,
        poison.partition,
        poison.offset,
        poison.timestamp,
        poison.key,
        poison.value.replace(b'"unknown":0', b'"unknown":1e400000'),
        poison.headers,
    )
    broken = type(poison)("t", 0, 0, 0, b"", b"{", ())
    records = [
        *world.roster("s1", ("u1", True)),
        world.assignment(missing=True),
        poison,
        broken,
        world.mark("absent"),
    ]
    outcomes = await world.take(*records)
    assert [getattr(outcome, "reason", "") for outcome in outcomes[3:]] == [
        "",
        "unstorable",
        "invalid_envelope",
        "",
    ]
    assert len(world.alerts()) == 2


async def test_inactive_calendars_yield_no_fact(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.take(
        world.record("enrollment.changed", school_id="south", calendar_id="old", ends_on="2026-09-01"),
        world.assignment(school_id="south", missing=True),
        world.assignment(thing="a2", school_id="north", calendar_id="c9", missing=True),
    )
    assert await world.detections() == ["inactive_calendar", "facts"]


@pytest.mark.parametrize("group", ["push_enabled", "areas", "allowed_kinds"])
async def test_gates_of_the_district(world: World, group: str) -> None:
    documents = {"push_enabled": False, "areas": {"assignments": False}, "allowed_kinds": ["grade.posted"]}
    await world.set_district({group: documents[group]})
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    assert await world.decisions() == [("u1", "suppress", "gate_closed")]
    assert await world.rows("select * from inbox") == []


async def test_a_balance_that_is_paid_in_the_holidays_is_told_when_it_is_low_again(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.lunch("5.00"))
    world.pass_time(hours=1)
    await world.take(world.record("enrollment.changed", school_id="north", active=False), world.lunch("50"))
    world.pass_time(hours=1)
    await world.take(world.record("enrollment.changed", school_id="north"), world.lunch("8.00"))
    bodies = [alert["texts"]["full"]["body"] for alert in world.alerts()]
    assert bodies == ["The lunch balance is $5.00", "The lunch balance is $8.00"]


@pytest.mark.parametrize("apart", [0, 2], ids=["together", "one after the other"])
async def test_marks_of_one_day_that_were_in_grace_are_pushed_once(world: World, apart: int) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"groups": {"attendance": {"grace_minutes": 5}}, "coalesce_minutes": 0})
    await world.take(world.mark("absent", thing="m1"))
    world.pass_time(minutes=apart)
    await world.take(world.mark("absent", thing="m2"), world.mark("tardy", thing="m3"))
    for _ in range(3):
        world.pass_time(minutes=4)
        await world.releases()
    told = [thing for alert in world.alerts() for thing in alert["things"]]
    assert len([thing for thing in told if "m1" in thing or "m2" in thing]) == 1
    assert len(told) == 2
    entered = await world.rows("select thing_id from inbox order by thing_id")
    assert [row["thing_id"] for row in entered] == ["m1", "m2", "m3"]


async def test_a_field_of_the_sis_own_in_the_settings_stops_no_stream(world: World) -> None:
    await world.pool.execute(
        "update districts set version = version + 1,"
        " published = jsonb_build_object('since', 10::numeric ^ 400, 'allowed_kinds', '[\"assignment.late\"]'::jsonb)"
    )
    await world.take(*world.roster("s1", ("u1", True)))
    assert await world.take(world.assignment(missing=True, late=True)) == [DONE]
    assert [alert["kinds"] for alert in world.alerts()] == [["assignment.late"]]
