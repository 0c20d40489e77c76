"""kill -9 of each service in mid-stream: nothing lost, nothing told twice beyond requests in flight."""

import asyncio

import aiohttp
import pytest
from bellwire_local.stack import Stack
from crowd import Crowd, four_each

pytestmark = pytest.mark.slow

STUDENTS = 300
IN_FLIGHT = 600
"""What the dispatcher may have in flight at its two providers when it dies."""

SHORT_LEASE = {"REQUEST_SECONDS": "3", "LEASE_SECONDS": "7"}


async def _killed_in_mid_stream(
    stack: Stack, session: aiohttp.ClientSession, service: str, district_id: str
) -> tuple[Crowd, asyncio.Task[int]]:
    crowd = Crowd(stack, session, district_id, STUDENTS)
    moment = await crowd.open()
    changes = list(four_each(crowd.district, moment.date()))
    stream = asyncio.create_task(crowd.publish(changes, moment, pause=0.3))
    await asyncio.sleep(0.6)
    await asyncio.to_thread(stack.kill, service)
    return crowd, stream


@pytest.mark.parametrize("service", ["gradebook_events", "threshold_evaluator"])
async def test_a_killed_service_loses_and_doubles_nothing(
    stack: Stack, session: aiohttp.ClientSession, service: str
) -> None:
    crowd, stream = await _killed_in_mid_stream(stack, session, service, f"kill-{service.replace('_', '-')}")
    assert await stream == STUDENTS * 4
    reckoning = await crowd.settle()
    assert (reckoning.lost, reckoning.duplicated, reckoning.without_right) == ([], [], [])


async def test_a_killed_dispatcher_repeats_only_what_was_in_flight(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    # What a dead process had claimed is told, and repeated, when its lease is over: until then nothing is settled.
    await asyncio.to_thread(stack.take_down, "push_dispatcher")
    await asyncio.to_thread(stack.bring_up, "push_dispatcher", SHORT_LEASE)
    crowd, stream = await _killed_in_mid_stream(stack, session, "push_dispatcher", "kill-dispatcher")
    await stream
    reckoning = await crowd.settle()
    assert (reckoning.lost, reckoning.without_right) == ([], [])
    assert len(reckoning.duplicated) <= IN_FLIGHT
