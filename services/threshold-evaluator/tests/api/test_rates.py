"""The public address: how often it may be asked."""

from contextlib import AsyncExitStack
from typing import Any

import aiohttp
from hypothesis import given
from hypothesis import strategies as st
from threshold_evaluator.api.rates import PublicRate

from .conftest import NOW, portal_at


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 5), st.integers(1, 10))
def test_no_address_is_ever_given_more_than_burst_and_rate(
    waits: list[float], burst: int, per_second: int
) -> None:
    rate, now, allowed = PublicRate(per_second, burst), 100.0, 0
    for wait in waits:
        now += wait
        seconds = rate.wait("a", now)
        rate.wait("another", now)
        allowed += seconds == 0
        assert allowed <= burst + per_second * (now - 100.0) + 1e-6
        if seconds:
            assert rate.wait("a", now + seconds + 1e-6) == 0
            allowed += 1
            now += seconds + 1e-6


async def test_who_asks_too_often_is_told_when_to_come_back(served: Any, migrated: str) -> None:
    async with AsyncExitStack() as stack, aiohttp.ClientSession() as session:
        from bellwire_kit.clock import ManualClock

        url = await portal_at(stack, migrated, served.issuer, ManualClock(NOW), PublicRate(0.5, 2))
        answers = []
        for _ in range(3):
            async with session.get(f"{url}/v1/districts", params={"name": "x"}) as response:
                answers.append((response.status, response.headers.get("Retry-After")))
        assert [status for status, _ in answers] == [200, 200, 429]
        assert int(answers[2][1]) >= 1
