"""The inbox: order, pages, seen and read apart, and what the other devices are told."""

import json
from datetime import timedelta
from typing import Any

import pytest


@pytest.fixture
async def home(town: Any) -> Any:
    """A town with two students whom u1 may see."""
    for student in ("s1", "s2"):
        await town.student(student)
        await town.access("u1", student)
    return town


async def notices(home: Any) -> list[dict[str, Any]]:
    rows = await home.pool.fetch(
        "select payload from outbox where district_id = $1 order by position", home.id
    )
    return [json.loads(row["payload"]) for row in rows]


async def test_items_come_newest_first_in_pages(home: Any) -> None:
    ids = [str(await home.item("u1", "s1")) for _ in range(5)]
    api = home.api("u1")
    page = await api.ok("/v1/me/inbox", limit=2)
    seen = [item["id"] for item in page["items"]]
    while page["next_cursor"]:
        page = await api.ok("/v1/me/inbox", limit=2, cursor=page["next_cursor"])
        seen += [item["id"] for item in page["items"]]
    assert seen == ids[::-1]


async def test_seen_and_read_are_apart_and_devices_are_told_once(home: Any) -> None:
    first, second, third = [await home.item("u1", "s1") for _ in range(3)]
    api = home.api("u1")
    answered = await api.post("/v1/me/inbox/seen", {"up_to": str(second)})
    assert answered.body == {"unseen": 1, "seq": 1}
    items = {item["id"]: item for item in (await api.ok("/v1/me/inbox"))["items"]}
    assert [items[str(each)]["seen"] for each in (first, second, third)] == [True, True, False]
    assert not any(item["read"] for item in items.values())
    read = await api.post("/v1/me/inbox/read", {"ids": [str(third)]})
    assert read.body == {"unseen": 0, "seq": 2}
    again = await api.post("/v1/me/inbox/read", {"ids": [str(third)]})
    assert again.body == {"unseen": 0, "seq": 2}
    told = await notices(home)
    assert [(each["unseen"], each["seq"], each["read"]) for each in told] == [
        (1, 1, []),
        (0, 2, [str(third)]),
    ]
    assert (await api.ok("/v1/me"))["unseen"] == 0


async def test_seen_up_to_a_time(home: Any) -> None:
    now = home.served.clock.now()
    await home.item("u1", "s1", now - timedelta(hours=2))
    await home.item("u1", "s1", now)
    answered = await home.api("u1").post(
        "/v1/me/inbox/seen", {"up_to": (now - timedelta(hours=1)).isoformat()}
    )
    assert answered.body["unseen"] == 1
    far = await home.api("u1").post("/v1/me/inbox/seen", {"up_to": "9999-12-31T23:59:59-12:00"})
    assert far.body["unseen"] == 0


async def test_items_of_a_student_whom_one_may_not_see_now_are_gone(home: Any) -> None:
    await home.item("u1", "s1")
    await home.item("u1", "s2")
    await home.access("u1", "s1", portal=False)
    page = await home.api("u1").ok("/v1/me/inbox")
    assert [item["student_id"] for item in page["items"]] == ["s2"]
    assert (await home.api("u1").ok("/v1/me/inbox", student_id="s1"))["items"] == []


async def test_another_users_item_is_not_there(home: Any) -> None:
    mine = await home.item("u1", "s1")
    other = home.api("u2")
    assert (await other.post("/v1/me/inbox/seen", {"up_to": str(mine)})).status == 404
    assert (await other.post("/v1/me/inbox/read", {"ids": [str(mine)]})).body == {"unseen": 0, "seq": 0}
    assert (await home.api("u1").ok("/v1/me/inbox"))["items"][0]["read"] is False
    assert await notices(home) == []


async def test_what_retention_took_is_not_unseen(home: Any) -> None:
    await home.item("u1", "s1")
    await home.item("u1", "s1")
    await home.pool.execute(
        "insert into user_counters (district_id, environment, user_id, unseen) "
        "values ($1, 'production', 'u1', 2)",
        home.id,
    )
    await home.pool.execute("delete from inbox where district_id = $1", home.id)
    answered = await home.api("u1").post("/v1/me/inbox/seen", {"up_to": home.served.clock.now().isoformat()})
    assert answered.body == {"unseen": 0, "seq": 1}
    assert [(each["unseen"], each["seq"]) for each in await notices(home)] == [(0, 1)]
    again = await home.api("u1").post("/v1/me/inbox/read", {"ids": []})
    assert again.body == {"unseen": 0, "seq": 1}


async def test_what_one_may_not_see_now_is_neither_seen_nor_read(home: Any) -> None:
    hidden = await home.item("u1", "s1")
    shown = await home.item("u1", "s2")
    await home.access("u1", "s1", portal=False)
    api = home.api("u1")
    await api.post("/v1/me/inbox/seen", {"up_to": str(shown)})
    await api.post("/v1/me/inbox/read", {"ids": [str(hidden)]})
    await home.access("u1", "s1")
    items = {item["id"]: (item["seen"], item["read"]) for item in (await api.ok("/v1/me/inbox"))["items"]}
    assert items == {str(hidden): (False, False), str(shown): (True, False)}


@pytest.mark.parametrize("up_to", ["x", 5, "1760400000", "2026-10-14", "2026-10-14T15:30:00", None, True, []])
async def test_what_is_no_item_and_no_time_is_refused_by_name(home: Any, up_to: Any) -> None:
    await home.item("u1", "s1")
    refused = await home.api("u1").post("/v1/me/inbox/seen", {"up_to": up_to})
    assert (refused.status, refused.body["pointer"]) == (400, "/up_to")
    assert "such as 2026" in refused.body["detail"]
    since = await home.api("u1").get("/v1/me/changes", since=up_to)
    assert (since.status, since.body["pointer"]) == (400, "/query/since")
