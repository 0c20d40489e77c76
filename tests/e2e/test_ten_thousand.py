"""10,000 events give exactly the ledger that the plain rules expect."""

import aiohttp
import pytest
from bellwire_local.stack import Stack
from crowd import Crowd, four_each

pytestmark = pytest.mark.slow


async def test_ten_thousand_events_give_exactly_the_ledger(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    crowd = Crowd(stack, session, "ten-thousand", students=2_500)
    moment = await crowd.open()
    changes = list(four_each(crowd.district, moment.date()))
    assert len(changes) == 10_000
    await crowd.publish(changes, moment)
    reckoning = await crowd.settle(seconds=90)
    assert (reckoning.lost, reckoning.duplicated, reckoning.without_right) == ([], [], [])
    assert reckoning.due > 5_000
