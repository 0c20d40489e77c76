"""Pending Input: the thread, and where an answer returns a request."""

from datetime import datetime

OPERATOR = ("operator", "op-1")


async def ask_and_answer(world, request):
    asked = await world.move(request, "pending_input", note="Which theme do you use?")
    assert asked["came_from"] is not None
    path = f"/v1/requests/{request['id']}/messages"
    await world.ok(OPERATOR, "POST", path, {"body": "Please answer soon."})
    assert (await world.refresh(request))["status"] == "pending_input"
    await world.ok(world.contact("springfield"), "POST", path, {"body": "The blue one."})
    return await world.refresh(request)


async def test_from_to_be_scheduled_and_back(world):
    request = await world.update("springfield")
    back = await ask_and_answer(world, request)
    assert back["status"] == "to_be_scheduled"
    thread = await world.ok(world.contact("springfield"), "GET", f"/v1/requests/{request['id']}/messages")
    assert [m["body"] for m in thread["items"]] == ["Please answer soon.", "The blue one."]
    assert [m["by_role"] for m in thread["items"]] == ["operator", "technical_contact"]
    await world.settled()
    assert "Which theme do you use?" in world.mailbox.all()[1]["text"]


async def test_from_scheduled_the_slot_is_held_and_taken_again(world):
    request = await world.update("springfield")
    await world.move(request, "scheduled", at="2026-11-26T06:30:00Z")
    await world.move(request, "pending_input")
    assert (await world.free())[0]["left"] == 39
    path = f"/v1/requests/{request['id']}/messages"
    await world.ok(world.contact("springfield"), "POST", path, {"body": "Here."})
    back = await world.refresh(request)
    assert (back["status"], back["scheduled_for"]) == ("scheduled", "2026-11-26T06:30:00Z")


async def test_from_scheduled_with_its_slot_over_to_be_scheduled(world):
    request = await world.update("springfield")
    await world.move(request, "scheduled", at="2026-11-26T06:30:00Z")
    await world.move(request, "pending_input")
    world.clock.set(datetime.fromisoformat("2026-11-26T10:00:00+00:00"))
    path = f"/v1/requests/{request['id']}/messages"
    await world.ok(world.contact("springfield"), "POST", path, {"body": "Late."})
    assert (await world.refresh(request))["status"] == "to_be_scheduled"


async def test_once_begun_it_stays_flagged_until_an_operator_moves_it(world):
    request = await world.update("springfield")
    await world.move(request, "scheduled", at="2026-11-26T06:30:00Z")
    await world.move(request, "not_started")
    await world.move(request, "in_progress")
    back = await ask_and_answer(world, request)
    assert (back["status"], back["answered"], back["came_from"]) == ("pending_input", True, "in_progress")
    assert "in_progress" in back["may_become"]
    assert (await world.move(request, "in_progress"))["status"] == "in_progress"
    await world.settled()
    assert len(world.mailbox.all()) == 6
    audit = await world.ok(OPERATOR, "GET", f"/v1/requests/{request['id']}/transitions")
    assert [a["to_status"] for a in audit["items"]][-3:] == ["pending_input", "answered", "in_progress"]


async def test_the_thread_of_another_district_is_not_there(world):
    request = await world.update("springfield")
    path = f"/v1/requests/{request['id']}/messages"
    stranger = world.contact("shelbyville")
    assert (await world.http(stranger, "GET", path))[0] == 404
    assert (await world.http(stranger, "POST", path, {"body": "Hi"}))[0] == 404
