import asyncio
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

import pytest
from bellwire_schemas.names import Environment
from push_dispatcher.domain.alert import UserKey
from push_dispatcher.domain.content import Purpose
from push_dispatcher.domain.job import Job
from push_dispatcher.domain.payload import Message, Push, Token
from push_dispatcher.job_queue import JobQueue

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def job(number, installation="i", *, urgent=False, lease=60.0, shown=60.0):
    identity = UUID(int=number)
    message = Message(
        Purpose.ALERT, "", "", 0, identity, "", "", "", "", "", identity, urgent=urgent, lifetime=1
    )
    push = Push(identity, Token("t"), "token", message)
    user = UserKey("d", Environment.PRODUCTION, "u")
    device = (user.district_id, user.environment, installation)
    return Job(
        identity,
        "apns/production",
        user,
        installation,
        device,
        push,
        0,
        NOW,
        NOW,
        NOW,
        monotonic() + lease,
        monotonic() + shown,
    )


async def test_urgent_goes_first():
    queue = JobQueue(1.0)
    queue.put([job(1, "a"), job(2, "b", urgent=True)])
    assert (await queue.take()).delivery_id == UUID(int=2)


async def test_one_request_of_a_device_at_a_time_in_order():
    queue = JobQueue(1.0)
    queue.put([job(1), job(2), job(3), job(4, "other")])
    first, other = await queue.take(), await queue.take()
    assert (first.delivery_id.int, other.delivery_id.int) == (1, 4)
    assert len(queue) == 2
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.answered(first)
    assert (await waiting).delivery_id.int == 2


async def test_the_same_row_twice_is_one_job():
    queue = JobQueue(1.0)
    queue.put([job(1), job(1)])
    assert len(queue) == 1


async def test_what_was_begun_cannot_be_recalled():
    queue = JobQueue(1.0)
    queue.put([job(1), job(2), job(3, "other")])
    await queue.take()
    recalled = queue.recall({UUID(int=1), UUID(int=2)})
    assert [one.delivery_id.int for one in recalled] == [2]
    assert len(queue) == 1
    assert [one.delivery_id.int for one in queue.recall_all()] == [3]


async def test_a_lease_about_to_end_is_not_used():
    queue = JobQueue(5.0)
    queue.put([job(1, lease=4.0)])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.take(), 0.05)
    assert len(queue) == 0


async def test_a_cancelled_taker_passes_its_turn_on():
    queue = JobQueue(1.0)
    gone, left = asyncio.create_task(queue.take()), asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    queue.put([job(1)])
    gone.cancel()
    assert (await left).delivery_id.int == 1


async def test_what_nobody_should_be_shown_any_more_is_not_begun():
    queue = JobQueue(1.0)
    queue.put([job(1, "a", shown=0.0), job(2, "b")])
    assert (await queue.take()).delivery_id == UUID(int=2)
    assert not len(queue)
