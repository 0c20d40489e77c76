"""Who asks too often waits, others do not, and time fills the bucket again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from bellwire_kit.web.application import application
from bellwire_kit.web.rates import TokenBuckets, limits
from hypothesis import given
from hypothesis import strategies as st


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def client(time: Time) -> AsyncIterator[TestClient[Any, Any]]:
    async def ok(_request: web.Request) -> web.Response:
        return web.Response()

    rates = limits(
        known=TokenBuckets(1.0, 3.0), unknown=TokenBuckets(1.0, 1.0), unlimited=("/v1/events",), now=time
    )
    app = application(title="t", version="1", checks={}, rates=rates)
    for path in ("/v1/things", "/v1/events"):
        app.router.add_get(path, ok)
    async with TestClient(TestServer(app)) as made:
        yield made


async def statuses(client: TestClient[Any, Any], path: str, times: int, token: str = "") -> list[int]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return [(await client.get(path, headers=headers)).status for _ in range(times)]


async def test_one_who_asks_too_often_waits_and_others_do_not(
    client: TestClient[Any, Any], time: Time
) -> None:
    assert await statuses(client, "/v1/things", 5, "one") == [200, 200, 200, 429, 429]
    assert await statuses(client, "/v1/things", 3, "other") == [200, 200, 200]
    assert await statuses(client, "/v1/things", 2) == [200, 429]
    time.now += 2.0
    assert await statuses(client, "/v1/things", 3, "one") == [200, 200, 429]


async def test_the_answer_says_when_to_come_again(client: TestClient[Any, Any]) -> None:
    await statuses(client, "/v1/things", 3, "one")
    async with client.get("/v1/things", headers={"Authorization": "Bearer one"}) as response:
        assert response.headers["Retry-After"] == "1"
        assert (await response.json(content_type=None))["type"] == "urn:bellwire:problem:too-many-requests"


async def test_health_and_paths_with_limits_of_their_own_are_not_counted(
    client: TestClient[Any, Any],
) -> None:
    assert set(await statuses(client, "/v1/events", 10, "one")) == {200}
    assert set(await statuses(client, "/healthz", 10)) == {200}


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.floats(0.1, 50), st.floats(1, 20))
def test_never_more_than_burst_and_rate_allow(gaps: list[float], per_second: float, burst: float) -> None:
    buckets, now, taken = TokenBuckets(per_second, burst), 0.0, 0
    for gap in gaps:
        now += gap
        taken += buckets.wait(b"key", now) == 0
    assert taken <= burst + now * per_second + 1e-6
