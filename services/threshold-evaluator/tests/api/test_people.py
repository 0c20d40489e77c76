"""Districts, the caller, and whom the caller may see now."""

import pytest


async def test_a_district_is_found_by_any_part_of_its_name_and_its_state_without_a_token(town) -> None:
    from dataclasses import replace

    public = replace(town.api("u"), token="")
    await town.district(name=f"Unified {town.id} Schools", state="TX")
    found = await public.ok("/v1/districts", name=town.id.upper()[3:], state="tx")
    assert [each["district_id"] for each in found["items"]] == [town.id]
    assert (await public.ok("/v1/districts", name=town.id, state="NE"))["items"] == []
    assert (await public.ok("/v1/districts", name=town.id, environment="sandbox"))["items"] == []


async def test_districts_come_in_pages(town) -> None:
    await town.district(name="Paged One")
    found = await town.api("u").ok("/v1/districts", limit=1)
    seen = [each["district_id"] for each in found["items"]]
    while found["next_cursor"]:
        found = await town.api("u").ok("/v1/districts", limit=1, cursor=found["next_cursor"])
        seen += [each["district_id"] for each in found["items"]]
    assert town.id in seen
    assert len(seen) == len(set(seen))


async def test_me_says_who_one_is(town) -> None:
    await town.student("s1")
    await town.access("u1", "s1")
    me = await town.api("u1").ok("/v1/me")
    assert me["user_id"] == "u1"
    assert me["district"] == {
        "district_id": town.id,
        "name": "Lincoln",
        "state": "NE",
        "timezone": "America/Chicago",
    }
    assert (me["students"], me["unseen"]) == (1, 0)


async def test_students_are_those_whom_the_user_may_see_now(town) -> None:
    for student, name in (("s1", "Ben"), ("s2", "Ana"), ("s3", "Carl")):
        await town.student(student, name)
        await town.access("u1", student, portal=student != "s3")
    page = await town.api("u1").ok("/v1/me/students")
    assert [each["display_name"] for each in page["items"]] == ["Ana", "Ben"]
    assert page["items"][0]["school"] == {"school_id": "north", "name": "North"}
    assert {area["area"]: area["active"] for area in page["items"][0]["areas"]}["planner"] is True
    first = await town.api("u1").ok("/v1/me/students", limit=1)
    second = await town.api("u1").ok("/v1/me/students", limit=1, cursor=first["next_cursor"])
    assert [each["student_id"] for each in second["items"]] == ["s1"]
    assert second["next_cursor"] is None


async def test_an_access_to_a_student_whom_the_roster_does_not_know_shows_nobody(town) -> None:
    await town.access("u1", "ghost")
    assert (await town.api("u1").ok("/v1/me/students"))["items"] == []


@pytest.mark.parametrize("level", ["district", "school"])
async def test_an_area_that_district_or_school_turned_off_is_inactive(town, level: str) -> None:

    await town.student("s1")
    await town.access("u1", "s1")
    await getattr(town, level)(settings={"areas": {"grades": False}})
    [student] = (await town.api("u1").ok("/v1/me/students"))["items"]
    assert {area["area"] for area in student["areas"] if not area["active"]} == {"grades"}


async def test_a_cursor_of_another_user_is_refused(town) -> None:
    for student in ("s1", "s2"):
        await town.student(student)
        await town.access("u1", student)
        await town.access("u2", student)
    cursor = (await town.api("u1").ok("/v1/me/students", limit=1))["next_cursor"]
    answered = await town.api("u2").get("/v1/me/students", cursor=cursor)
    assert answered.status == 400
    assert answered.body["pointer"] == "/query/cursor"
