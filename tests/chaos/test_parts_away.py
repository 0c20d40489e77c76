"""Kafka and Postgres stopped for ten seconds and back, in mid-stream: nothing lost, nothing told twice."""

import asyncio

import aiohttp
import pytest
from bellwire_local.stack import Stack
from crowd import Crowd, four_each

pytestmark = pytest.mark.slow

STUDENTS = 300
AWAY_SECONDS = 10.0


@pytest.mark.parametrize("part", ["kafka", "postgres"])
async def test_a_part_away_for_ten_seconds(stack: Stack, session: aiohttp.ClientSession, part: str) -> None:
    crowd = Crowd(stack, session, f"away-{part}", STUDENTS)
    moment = await crowd.open()
    changes = list(four_each(crowd.district, moment.date()))
    stream = asyncio.create_task(crowd.publish(changes, moment, pause=0.3))
    await asyncio.sleep(0.6)
    await asyncio.to_thread(stack.take_down, part, kill=True)
    await asyncio.sleep(AWAY_SECONDS)
    await asyncio.to_thread(stack.bring_up, part)
    assert await stream == len(changes)
    reckoning = await crowd.settle(seconds=90)
    assert (reckoning.lost, reckoning.duplicated, reckoning.without_right) == ([], [], [])
