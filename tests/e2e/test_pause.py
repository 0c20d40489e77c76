"""A pause that meets pushes half-way: what a phone has is not sent again, what waits goes once when it ends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import pytest
from bellwire_local.demo.opening import Phone
from bellwire_local.demo.outside import Outside, Who
from bellwire_local.stack import Stack
from crowd import Crowd, four_each

pytestmark = pytest.mark.slow

BROKEN = {"error": "InternalServerError"}
"""What APNs answers for some devices: each push to them is tried again, and no other waits."""

_CALLED_BACK = """
select count(distinct alert_id) from threshold_evaluator.device_outcomes
where district_id = $1 and outcome = 'withdrawn'
"""
_UNSETTLED = """
select (select count(*) from threshold_evaluator.due_alerts where district_id = $1 and phase = 'held')
       + (select count(*) from threshold_evaluator.outbox where district_id = $1)
       + (select count(*) from push_dispatcher.deliveries where district_id = $1 and state = 'queued')
"""


@asynccontextmanager
async def broken(outside: Outside, phones: list[Phone]) -> AsyncIterator[None]:
    """APNs fails for these phones."""
    control = outside.endpoints["ledger"].removesuffix("/ledger") + "/control"
    rules = [
        await outside.ask(
            "POST", control, json={"provider": "apns", "token": phone.token, "times": 0, "outcome": BROKEN}
        )
        for phone in phones
    ]
    try:
        yield
    finally:
        for rule in rules:
            await outside.ask("DELETE", f"{control}/{rule['id']}")


async def until(crowd: Crowd, query: str, wanted: int) -> None:
    """Wait until the services' own tables count as much."""
    connection = await asyncpg.connect(crowd.outside.endpoints["database"])
    try:
        async with asyncio.timeout(30):
            while await connection.fetchval(query, crowd.district.district_id) != wanted:
                await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def told(crowd: Crowd) -> Counter[str]:
    """How many pushes each phone has had."""
    ours = {phone.token for phone in crowd.phones}
    entries = await crowd.outside.ask("GET", crowd.outside.endpoints["ledger"])
    return Counter(entry["token"] for entry in entries if entry["token"] in ours)


async def pause(crowd: Crowd, *, on: bool) -> None:
    """Have the district's administrator pause, or resume."""
    admin = Who("district_admin", "admin", crowd.district.district_id)
    await crowd.outside.as_user(
        admin, "PATCH", "threshold_evaluator", "/v1/admin/district", json={"paused": on}
    )


async def test_a_pause_in_the_middle_of_a_burst_tells_nobody_twice(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    crowd = Crowd(stack, session, "pause-half-way", students=20)
    moment = await crowd.open()
    # Users with one phone and one student: what they are to be told is one push.
    waiting = [
        phone for phone in crowd.phones if phone.user.phones == ("ios",) and len(phone.user.student_ids) == 1
    ]
    scores = list(four_each(crowd.district, moment.date()))[::4]
    async with broken(crowd.outside, waiting):
        await crowd.publish(scores, moment)
        late = {phone.token for phone in waiting}
        at_once = [token for _, token in crowd.due if token not in late]
        called_back = len(crowd.due) - len(at_once)
        assert at_once
        assert called_back
        async with asyncio.timeout(30):
            while await told(crowd) != Counter(at_once):
                await asyncio.sleep(0.05)
        await pause(crowd, on=True)
        await until(crowd, _CALLED_BACK, called_back)
    await pause(crowd, on=False)
    await asyncio.to_thread(stack.move_clock, by=660)  # the window that the first push had opened is over
    await until(crowd, _UNSETTLED, 0)
    assert await told(crowd) == Counter(token for _, token in crowd.due)
