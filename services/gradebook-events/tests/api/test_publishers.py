"""Publisher keys: shown once, rotated with overlap, revoked; another district sees none of it."""

import asyncio
from typing import Any

import pytest
from bellwire_kit.web.problems import Problem
from bellwire_schemas.names import Role
from gradebook_events.adapters.postgres.publishers import PostgresPublishers
from gradebook_events.authenticate import Authenticator

from ..conftest import Running, Starter, assignment, attributes, bearer

EVENT = {"Content-Type": "application/cloudevents+json"}


async def post(running: Running, key: str) -> int:
    event = {**attributes(running, time="2026-03-04T14:59:00Z"), "data": assignment(running)}
    answer = await running.client.post("/v1/events", json=event, headers={**EVENT, **bearer(key)})
    return int(answer.status)


async def test_a_key_is_shown_once_and_kept_as_a_hash(running: Running) -> None:
    publisher_id, key = await running.publisher()
    assert key.startswith("bw_")
    assert await post(running, key) == 202
    answer = await running.client.get("/v1/publishers", headers=bearer(running.token()))
    (listed,) = (await answer.json())["items"]
    assert (listed["id"], listed["name"], len(listed["keys"])) == (publisher_id, "sis", 1)
    secret = key.split("_", 2)[2]
    assert secret not in await answer.text()
    rows = await running.pool.fetch("select * from publisher_keys where publisher_id = $1", publisher_id)
    assert all(secret.encode() not in row["digest"] for row in rows)
    assert secret not in str(rows)


async def test_a_rotated_key_holds_for_the_overlap(running: Running) -> None:
    publisher_id, old = await running.publisher()
    assert await post(running, old) == 202
    place = f"/v1/publishers/{publisher_id}/rotation"
    answer = await running.client.post(place, json={"overlap_minutes": 60}, headers=bearer(running.token()))
    assert answer.status == 201
    new = (await answer.json())["key"]
    assert [await post(running, key) for key in (old, new)] == [202, 202]
    answer = await running.client.post(place, json={"overlap_minutes": 0}, headers=bearer(running.token()))
    newest = (await answer.json())["key"]
    assert [await post(running, key) for key in (old, new, newest)] == [401, 401, 202]


async def test_a_revoked_publisher_writes_nothing(running: Running) -> None:
    publisher_id, key = await running.publisher()
    assert await post(running, key) == 202
    answer = await running.client.delete(f"/v1/publishers/{publisher_id}", headers=bearer(running.token()))
    assert answer.status == 204
    assert await post(running, key) == 401
    again = await running.client.delete(f"/v1/publishers/{publisher_id}", headers=bearer(running.token()))
    assert again.status == 404
    rows = await running.pool.fetch(
        "select actor, action from audit_lines where district_id = $1 order by line", running.district
    )
    assert [tuple(row) for row in rows] == [
        ("district_admin:admin-1", "publisher.created"),
        ("district_admin:admin-1", "publisher.revoked"),
    ]


async def test_the_list_is_paged(running: Running) -> None:
    made = [(await running.publisher())[0] for _ in range(5)]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = await running.client.get(
            "/v1/publishers", params=query, headers=bearer(running.token(user="admin-2"))
        )
        page = await answer.json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert sorted(found) == sorted(made)
    foreign = await running.client.get(
        "/v1/publishers", params=query, headers=bearer(running.token(district="elsewhere"))
    )
    assert foreign.status == 400


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DISTRICT_ADMIN])
async def test_only_administrators(running: Running, role: Role) -> None:
    for method in ("get", "post"):
        answer = await running.client.request(
            method, "/v1/publishers", json={"name": "x"}, headers=bearer(running.token(role))
        )
        assert answer.status == 403


async def test_a_publisher_key_is_no_administrator(running: Running) -> None:
    publisher_id, key = await running.publisher()
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", f"/{publisher_id}")):
        for credential, status in (
            (key, 403),
            ("bw_" + "a" * 16 + "_" + "a" * 43, 401),
            ("bw_nonsense", 401),
        ):
            answer = await running.client.request(
                method, f"/v1/publishers{path}", json={"name": "x"}, headers=bearer(credential)
            )
            assert answer.status == status
    refused = await running.client.get("/v1/publishers", headers=bearer(key))
    assert "administrators" in (await refused.json())["detail"]


async def test_guessing_keys_is_429_and_known_ones_go_on(running: Running) -> None:
    publisher_id, key = await running.publisher()
    authenticator = Authenticator(PostgresPublishers(running.pool), monotonic=lambda: 0.0)
    assert (await authenticator.publisher(key, "10.0.0.1")).publisher_id == publisher_id
    found = []
    for number in range(70):
        with pytest.raises(Problem) as refused:
            await authenticator.publisher(f"bw_{number:016d}_{'a' * 43}", "10.0.0.1")
        found.append(refused.value.status)
    assert found == [401] * 59 + [429] * 11
    assert (await authenticator.publisher(key, "10.0.0.1")).publisher_id == publisher_id
    assert (await authenticator.publisher((await running.publisher())[1], "10.0.0.2")).publisher_id


async def test_administration_is_limited_and_events_are_not(running: Running) -> None:
    _, key = await running.publisher()
    answers = await asyncio.gather(*(running.client.get("/v1/publishers") for _ in range(200)))
    assert {answer.status for answer in answers} == {401, 429}
    assert [await post(running, key) for _ in range(3)] == [202] * 3


async def test_every_route_meets_a_foreign_token_with_403_or_404(running: Running) -> None:
    publisher_id, key = await running.publisher()
    document = await (await running.client.get("/openapi.json")).json()
    foreign = bearer(running.token(district="elsewhere"))
    walked = set()
    for path, operations in document["paths"].items():
        for method in operations:
            if method not in ("get", "put", "post", "patch", "delete"):
                continue
            walked.add(path)
            url = path.replace("{publisher_id}", publisher_id).replace("{import_id}", "0" * 32)
            answer = await running.client.request(method, url, json={"name": "x"}, headers=foreign)
            if path == "/v1/publishers":
                # The caller's own list and its own new publisher: nothing of the other district.
                assert publisher_id not in await answer.text()
            elif path.startswith("/v1/"):
                assert answer.status in (403, 404), (method, path)
    assert {"/v1/events", "/v1/imports/{import_id}", "/v1/publishers/{publisher_id}"} <= walked
    assert await post(running, key) == 202


async def test_a_share_that_is_used_up_is_429(start: Starter) -> None:
    async with start(capacity_events_per_second=1, publisher_share=1, publisher_burst_seconds=3) as running:
        _, key = await running.publisher()
        _, other = await running.publisher()
        assert [await post(running, key) for _ in range(4)] == [202, 202, 202, 429]
        event = {**attributes(running, time="2026-03-04T14:59:00Z"), "data": assignment(running)}
        answer = await running.client.post("/v1/events", json=event, headers={**EVENT, **bearer(key)})
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert await post(running, other) == 202
