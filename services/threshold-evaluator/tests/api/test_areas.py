"""Areas from stored state: what each shows, what a cursor returns, what is inactive, who may look."""

from datetime import date, timedelta
from typing import Any

import pytest
from bellwire_schemas.changes import Meeting, ScheduleChanged


@pytest.fixture
async def home(town: Any) -> Any:
    """A town with the student s1, whom u1 may see."""
    await town.student("s1")
    await town.access("u1", "s1")
    return town


AREA = "/v1/me/students/s1/"


async def test_assignments_show_the_last_version_and_a_cursor_only_what_changed(home: Any) -> None:
    for number in range(3):
        await home.state("s1", "assignments", f"a{number}", {"title": f"T{number}", "score_percent": 71.5})
    api = home.api("u1")
    page = await api.ok(AREA + "assignments")
    assert (page["reset"], page["active"], page["more"]) == (True, True, False)
    assert {item["id"]: item["score_percent"] for item in page["items"]} == {f"a{n}": 71.5 for n in range(3)}
    again = await api.ok(AREA + "assignments", cursor=page["cursor"])
    assert (again["items"], again["removed"], again["reset"]) == ([], [], False)
    await home.state("s1", "assignments", "a1", {"title": "New", "missing": True})
    await home.state("s1", "assignments", "a2", {}, deleted=True)
    changed = await api.ok(AREA + "assignments", cursor=again["cursor"])
    assert [(item["id"], item["title"], item["missing"]) for item in changed["items"]] == [
        ("a1", "New", True)
    ]
    assert changed["removed"] == [{"thing": "assignment", "id": "a2"}]
    assert (await api.ok(AREA + "assignments"))["removed"] == []


async def test_pages_miss_nothing_and_repeat_nothing(home: Any) -> None:
    for number in range(7):
        await home.state("s1", "assignments", f"a{number}", {})
    api = home.api("u1")
    page = await api.ok(AREA + "assignments", limit=3)
    seen = [item["id"] for item in page["items"]]
    while page["more"]:
        page = await api.ok(AREA + "assignments", limit=3, cursor=page["cursor"])
        assert page["reset"] is False
        seen += [item["id"] for item in page["items"]]
    assert sorted(seen) == [f"a{n}" for n in range(7)]


async def test_an_unposted_grade_is_not_shown(home: Any) -> None:
    await home.state("s1", "grades", "g1", {"posted": True, "percent": 88, "term": "Q1"})
    await home.state("s1", "grades", "g2", {"posted": False, "percent": 40})
    page = await home.api("u1").ok(AREA + "grades")
    assert [(item["id"], item["percent"]) for item in page["items"]] == [("g1", 88)]
    await home.state("s1", "grades", "g1", {"posted": False})
    later = await home.api("u1").ok(AREA + "grades", cursor=page["cursor"])
    assert later["removed"] == [{"thing": "grade", "id": "g1"}]


async def test_attendance_has_marks_and_a_summary(home: Any) -> None:
    for number, status in enumerate(["absent", "absent", "tardy"]):
        await home.state(
            "s1", "attendance", f"m{number}", {"date": f"2026-10-0{number + 1}", "status": status}
        )
    await home.state("s1", "attendance", "gone", {"date": "2026-10-05", "status": "absent"}, deleted=True)
    page = await home.api("u1").ok(AREA + "attendance")
    assert (page["items"][0]["date"], page["items"][0]["status"]) == ("2026-10-01", "absent")
    assert page["summary"] == [
        {"status": "absent", "excuse": "unknown", "count": 2},
        {"status": "tardy", "excuse": "unknown", "count": 1},
    ]


async def test_food_service_has_the_balance_as_the_sis_wrote_it(home: Any) -> None:
    await home.state("s1", "lunch", "l1", {"balance": "9.70", "currency": "USD"})
    await home.state("s1", "lunch", "l2", {"balance": 9.5})
    page = await home.api("u1").ok(AREA + "food_service")
    assert [item["balance"] for item in page["items"]] == ["9.70", "9.5"]


async def test_the_planner_has_todays_meetings_and_work_due_and_starts_again_tomorrow(home: Any) -> None:
    from bellwire_schemas.changes import Meeting, ScheduleChanged
    from bellwire_schemas.names import Weekday

    meetings = (
        Meeting(section_id="wed", days=(Weekday.WEDNESDAY,), starts="08:00"),
        Meeting(section_id="thu", days=(Weekday.THURSDAY,), starts="08:00"),
        Meeting(section_id="any"),
    )
    await home.tell(
        ScheduleChanged(
            district_id=home.id,
            modified_at=home.served.clock.now(),
            student_id="s1",
            school_id="north",
            term="T1",
            meetings=meetings,
        )
    )
    due = {"due": "2026-10-16", "past": "2026-10-13", "far": "2026-11-20"}
    for name, day in due.items():
        await home.state("s1", "assignments", name, {"due_on": day})
    await home.state("s1", "assignments", "open", {})
    api = home.api("u1")
    page = await api.ok(AREA + "planner")
    assert page["date"] == "2026-10-14"
    assert {item["id"] for item in page["items"] if item["thing"] == "assignment"} == {"due"}
    [schedule] = [item for item in page["items"] if item["thing"] == "schedule"]
    assert [meeting["section_id"] for meeting in schedule["meetings"]] == ["wed", "any"]
    await home.state("s1", "assignments", "due", {"due_on": "2026-12-01"})
    moved = await api.ok(AREA + "planner", cursor=page["cursor"])
    assert (moved["items"], moved["removed"]) == ([], [{"thing": "assignment", "id": "due"}])
    home.served.clock.move(timedelta(days=1))
    tomorrow = await api.ok(AREA + "planner", cursor=moved["cursor"])
    assert tomorrow["reset"] is True
    assert tomorrow["date"] == str(date(2026, 10, 15))
    whole = await api.ok(AREA + "schedule")
    assert len(whole["items"][0]["meetings"]) == 3


async def test_a_disabled_area_is_inactive_and_empty_and_comes_back_whole(home: Any) -> None:
    await home.state("s1", "grades", "g1", {"posted": True, "percent": 88})
    api = home.api("u1")
    open_page = await api.ok(AREA + "grades")
    await home.school(settings={"areas": {"grades": False}})
    shut = await api.ok(AREA + "grades", cursor=open_page["cursor"])
    assert (shut["active"], shut["reset"], shut["items"]) == (False, True, [])
    await home.school(settings={})
    back = await api.ok(AREA + "grades", cursor=shut["cursor"])
    assert (back["active"], back["reset"], len(back["items"])) == (True, True, 1)


async def test_a_student_whom_one_may_not_see_now_is_not_there(home: Any) -> None:
    await home.state("s1", "grades", "g1", {"posted": True})
    api = home.api("u1")
    cursor = (await api.ok(AREA + "grades"))["cursor"]
    assert (await home.api("stranger").get(AREA + "grades")).status == 404
    await home.access("u1", "s1", portal=False)
    assert (await api.get(AREA + "grades", cursor=cursor)).status == 404


@pytest.mark.parametrize("path", ["s1/gym", "s%00/grades", f"{'x' * 300}/grades"])
async def test_an_address_that_cannot_be_is_refused_by_name(home: Any, path: str) -> None:
    answered = await home.api("u1").call("GET", "/v1/me/students/" + path)
    assert answered.status in (400, 404)
    assert answered.headers["Content-Type"].startswith("application/problem+json")


async def test_whatever_the_contract_takes_is_shown(home: Any) -> None:
    # Fields of the SIS's own are kept with an event, and a number may be written as a text.
    own = {
        "thing": "grade",
        "id": "x",
        "title": "Quiz",
        "score_percent": "\u0666\u0664",
        "score_points": " 6_4.5 ",
    }
    await home.state("s1", "assignments", "a1", own)
    await home.state("s1", "lunch", "l1", {"balance": " 9.50 "})
    await home.state("s1", "lunch", "l2", {"balance": 10})
    api = home.api("u1")
    await home.pool.execute(
        "update states set data = jsonb_set(data, '{note}', '1e5000') where district_id = $1", home.id
    )
    (item,) = (await api.ok(AREA + "assignments"))["items"]
    assert (item["thing"], item["id"]) == ("assignment", "a1")
    assert (item["score_percent"], item["score_points"]) == (64, 64.5)
    accounts = (await api.ok(AREA + "food_service"))["items"]
    assert {each["id"]: each["balance"] for each in accounts} == {"l1": "9.50", "l2": "10"}


async def test_a_cursor_opens_no_other_list_whatever_ids_there_are(home: Any) -> None:
    # With ids joined as they are, an area of "inbox" and the inbox of "planner" would have one name.
    for user, student in (("u1", "inbox"), ("u1", "planner"), ("u1/x", "s1"), ("u1", "x/s1")):
        await home.student(student)
        await home.access(user, student)
    api = home.api("u1")
    cursor = (await api.ok("/v1/me/students/inbox/planner"))["cursor"]
    refused = await api.get("/v1/me/inbox", student_id="planner", cursor=cursor)
    assert (refused.status, refused.body["pointer"]) == (400, "/query/cursor")
    other = (await home.api("u1/x").ok("/v1/me/students/s1/grades"))["cursor"]
    assert (await api.get("/v1/me/students/x%2Fs1/grades", cursor=other)).status == 400


async def test_a_thing_that_moves_to_a_school_that_hides_the_area_is_removed(home: Any) -> None:
    await home.school("south", settings={"areas": {"grades": False}})
    await home.state("s1", "grades", "g0", {"posted": True, "school_id": "south"})
    await home.state("s1", "grades", "g1", {"posted": True, "percent": 88})
    api = home.api("u1")
    page = await api.ok(AREA + "grades")
    assert [item["id"] for item in page["items"]] == ["g1"]
    await home.pool.execute(
        "update states set school_id = 'south', changed_in = pg_current_xact_id()"
        " where district_id = $1 and thing_id = 'g1'",
        home.id,
    )
    later = await api.ok(AREA + "grades", cursor=page["cursor"])
    assert (later["items"], later["reset"]) == ([], False)
    assert later["removed"] == [{"thing": "grade", "id": "g1"}]
    assert (await api.ok(AREA + "grades"))["items"] == []


@pytest.mark.parametrize("place", ["school", "district"])
async def test_the_planner_shows_nothing_of_an_area_that_is_off(home: Any, place: str) -> None:
    await home.tell(
        ScheduleChanged(
            district_id=home.id,
            modified_at=home.served.clock.now(),
            student_id="s1",
            school_id="north",
            meetings=(Meeting(section_id="x"),),
        )
    )
    await home.state("s1", "assignments", "a1", {"due_on": "2026-10-16", "score_percent": 40})
    api = home.api("u1")
    page = await api.ok(AREA + "planner")
    assert {item["thing"] for item in page["items"]} == {"schedule", "assignment"}
    await getattr(home, place)(settings={"areas": {"assignments": False}})
    without = await api.ok(AREA + "planner", cursor=page["cursor"])
    assert (without["active"], without["reset"]) == (True, True)
    assert {item["thing"] for item in without["items"]} == {"schedule"}


async def test_what_a_transaction_wrote_that_commits_late_is_read_later(home: Any) -> None:
    for name in ("a1", "a2"):
        await home.state("s1", "assignments", name, {"title": "Old"})
    api = home.api("u1")
    page = await api.ok(AREA + "assignments")
    write = (
        'update states set data = data || \'{"title": "New"}\', changed_in = pg_current_xact_id()'
        " where district_id = $1 and thing_id = $2"
    )
    async with home.pool.acquire() as slow:
        late = slow.transaction()
        await late.start()
        await slow.execute(write, home.id, "a1")
        await home.pool.execute(write, home.id, "a2")
        page = await api.ok(AREA + "assignments", cursor=page["cursor"])
        assert {item["id"]: item["title"] for item in page["items"]} == {"a2": "New"}
        await late.commit()
    page = await api.ok(AREA + "assignments", cursor=page["cursor"])
    assert ("a1", "New") in {(item["id"], item["title"]) for item in page["items"]}
