"""What waits: quiet hours, grace, digests, coalescing, cap, bells, pauses; and what becomes of it at release."""

from .conftest import World


async def night(world: World) -> None:
    """23:00 in Chicago, inside the default quiet hours."""
    await world.take(*world.roster("s1", ("u1", True)))
    world.pass_time(hours=11)


async def test_quiet_hours_hold_and_their_end_is_one_summary(world: World) -> None:
    await night(world)
    await world.take(world.assignment(missing=True), world.mark("absent"))
    assert world.alerts() == []
    assert [d[1:] for d in await world.decisions()] == [("hold", "quiet_hours"), ("hold", "quiet_hours")]
    assert len(await world.rows("select * from inbox")) == 2
    world.pass_time(hours=6, minutes=59)
    assert (await world.releases(), world.alerts()) == (0, [])
    world.pass_time(minutes=1)
    await world.releases()
    (summary,) = world.alerts()
    assert (summary["summary"], len(summary["members"]), summary["urgency"]) == (True, 2, "urgent")
    assert summary["texts"]["standard"]["body"] == "2 updates"
    assert summary["unseen"] == 2
    became = await world.rows("select distinct became, sent_as from decisions")
    assert [str(row["sent_as"]) for row in became] == [summary["alert_id"]]
    await world.releases()
    assert len(world.alerts()) == 1


async def test_a_correction_within_grace_reaches_nobody(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(score_percent=90))
    world.pass_time(hours=1)
    await world.set_user("u1", {"groups": {"assignments": {"grace_minutes": 5}}})
    await world.take(world.assignment(score_percent=9))
    world.pass_time(minutes=2)
    await world.take(world.assignment(score_percent=90))
    world.pass_time(minutes=3)
    await world.releases()
    assert len(world.alerts()) == 1
    assert len(await world.rows("select * from inbox")) == 1
    became = {row["became"] for row in await world.rows("select became from decisions")}
    assert became == {"", "replaced", "resolved"}


async def test_a_newer_change_replaces_the_content_not_the_clock(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"groups": {"assignments": {"grace_minutes": 5}}})
    await world.take(world.assignment(score_percent=9))
    world.pass_time(minutes=4)
    await world.take(world.assignment(score_percent=19))
    world.pass_time(minutes=1)
    await world.releases()
    (alert,) = world.alerts()
    assert alert["texts"]["full"]["body"] == "Quiz: 19%"


async def test_grace_is_the_longest_of_all_facts_from_the_first_unsent_change(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    kinds = {"assignment.missing": {"grace_minutes": 5}, "assignment.scored": {"grace_minutes": 30}}
    await world.set_user("u1", {"kinds": kinds})
    await world.take(world.assignment(missing=True))
    world.pass_time(minutes=4)
    await world.take(world.assignment(missing=True, score_percent=9))
    world.pass_time(minutes=25)
    await world.take(world.assignment(missing=True, score_percent=90))
    await world.releases()
    assert (world.alerts(), await world.rows("select * from inbox")) == ([], [])
    world.pass_time(minutes=1)
    await world.releases()
    (alert,) = world.alerts()
    assert alert["texts"]["full"]["body"] == "Quiz: missing, 90%"
    world.pass_time(hours=1)
    await world.take(world.assignment(missing=True, score_percent=9))
    world.pass_time(minutes=4)
    await world.take(world.assignment(missing=True, score_percent=9, late=True))
    world.pass_time(minutes=25)
    await world.releases()
    assert len(world.alerts()) == 1, "a fact of no grace makes that of another no shorter"


async def test_coalescing_makes_one_follow_up_in_the_same_slot(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(thing="a1", missing=True))
    world.pass_time(minutes=1)
    await world.take(world.assignment(thing="a2", missing=True), world.assignment(thing="a3", late=True))
    await world.releases()
    assert len(world.alerts()) == 1
    world.pass_time(minutes=9)
    await world.releases()
    first, follow_up = world.alerts()
    assert (follow_up["summary"], follow_up["slot"]) == (True, first["slot"])


async def test_digests_go_daily_at_their_time(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"groups": {"assignments": {"delivery": "daily"}}})
    await world.take(world.assignment(thing="a1", missing=True), world.assignment(thing="a2", missing=True))
    assert {d[1] for d in await world.decisions()} == {"digest"}
    world.pass_time(hours=6)  # 18:00
    await world.releases()
    (digest,) = world.alerts()
    assert digest["summary"]


async def test_the_cap_turns_the_rest_into_a_digest(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"daily_cap": 2, "coalesce_minutes": 0})
    for number in range(4):
        await world.take(world.assignment(thing=f"a{number}", missing=True))
    assert [d[1:] for d in await world.decisions()][-2:] == [("digest", "daily_cap")] * 2
    world.pass_time(hours=6)
    await world.releases()
    assert [alert.get("summary", False) for alert in world.alerts()] == [False, False, True]


async def test_a_cap_that_is_raised_lets_go_what_it_held(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"daily_cap": 1, "coalesce_minutes": 0})
    await world.take(*(world.assignment(thing=f"a{number}", missing=True) for number in range(4)))
    await world.set_user("u1", {"daily_cap": 3, "coalesce_minutes": 0})
    await world.releases()
    assert len(world.alerts()) == 3
    world.pass_time(hours=6)
    await world.releases()
    assert len(world.alerts()) == 4


async def test_a_gate_that_closes_drops_what_waits_and_withdraws_what_went(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(thing="a1", missing=True))
    await world.set_user("u1", {"groups": {"grades": {"delivery": "daily"}}})
    await world.take(world.grade(percent=50))
    world.pass_time(minutes=1)
    await world.take(world.record("portal_access.changed", user_id="u1", role="guardian", portal=False))
    await world.releases()
    (first,) = world.alerts()
    assert [each["alert_id"] for each in world.withdrawn()] == [first["alert_id"]]
    world.pass_time(hours=6)
    await world.releases()
    assert len(world.alerts()) == 1
    assert {row["became"] for row in await world.rows("select became from decisions")} == {"withdrawn"}


async def test_a_pause_holds_and_its_end_is_one_summary(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_district({"paused": True})
    await world.take(world.assignment(missing=True), world.mark("absent"))
    world.pass_time(minutes=90)
    await world.releases()
    assert world.alerts() == []
    await world.set_district({"paused": False})
    await world.releases()
    (summary,) = world.alerts()
    assert len(summary["members"]) == 2


async def test_bells_hold_students_while_in_session(world: World) -> None:
    await world.take(
        *world.roster("s1", ("kid", True), role="student"), *world.roster("s1", ("mum", True))[2:]
    )
    await world.pool.execute(
        "insert into schools (district_id, environment, school_id, bell) values ($1, $2, 'north', $3)",
        "lakeside",
        "production",
        {"starts": "08:00", "ends": "15:00", "days": ["wednesday"]},
    )
    await world.set_district({"bell_hold": "students"})
    await world.take(world.assignment(missing=True), world.mark("absent"))
    assert [(a["user_id"], a["group"]) for a in world.alerts()] == [
        ("kid", "attendance"),
        ("mum", "assignments"),
        ("mum", "attendance"),
    ]
    world.pass_time(hours=3)
    await world.releases()
    assert [a["group"] for a in world.alerts("kid")] == ["attendance", "assignments"]


async def test_deletion_withdraws_what_is_unsent(world: World) -> None:
    await night(world)
    await world.take(world.assignment(missing=True))
    world.pass_time(minutes=1)
    await world.take(world.assignment(deleted=True))
    world.pass_time(hours=7)
    await world.releases()
    assert world.alerts() == []


async def test_settings_are_read_again_at_release(world: World) -> None:
    await night(world)
    await world.take(world.assignment(score_percent=60))
    await world.set_user("u1", {"quiet_hours": "off", "groups": {"assignments": {"threshold": 50}}})
    await world.releases()
    assert world.alerts() == []
    await world.set_user("u1", {"quiet_hours": "off"})
    await world.releases()
    assert world.alerts() == []  # a suppressed fact is not revived


async def test_a_user_who_moves_by_the_access_to_another_child_is_timed_again(world: World) -> None:
    await night(world)
    await world.take(world.assignment(missing=True))
    world.pass_time(minutes=1)
    moved = world.record(
        "portal_access.changed",
        "s2",
        user_id="u1",
        role="guardian",
        portal=True,
        timezone="America/New_York",
    )
    await world.take(*world.roster("s2"), moved)
    world.pass_time(hours=5, minutes=59)
    await world.releases()
    assert len(world.alerts()) == 1


async def test_a_summary_says_no_more_than_the_narrowest_cap_of_its_members(world: World) -> None:
    await night(world)
    await world.set_user("u1", {"privacy": "full"})
    await world.take(*world.roster("s2", ("u1", True)))
    await world.pool.execute(
        "insert into schools (district_id, environment, school_id, own) values ($1, $2, 'south', $3)",
        "lakeside",
        "production",
        {"caps": {"privacy": "private"}},
    )
    await world.take(
        world.record("enrollment.changed", "s2", school_id="south"),
        world.assignment("s1", missing=True),
    )
    world.pass_time(minutes=1)
    await world.take(world.assignment("s2", thing="a2", school_id="south", missing=True))
    world.pass_time(hours=8)
    await world.releases()
    (alert,) = world.alerts()
    assert alert["summary"]
    assert (list(alert["texts"]), alert["privacy"]) == (["private"], "private")
    assert list(alert["summary_text"]) == ["private"]


async def test_what_is_mandatory_takes_no_place_in_the_daily_cap(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_district({"mandatory_kinds": ["attendance.marked"]})
    await world.set_user("u1", {"daily_cap": 1, "coalesce_minutes": 0})
    for number in range(2):
        await world.take(world.mark("absent", thing=f"m{number}", date=f"2026-10-1{3 + number}"))
    await world.take(world.assignment(thing="a1", missing=True), world.assignment(thing="a2", missing=True))
    assert [reason for _, _, reason in await world.decisions()] == ["told", "told", "told", "daily_cap"]
