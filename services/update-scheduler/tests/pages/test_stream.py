"""`/v1/stream`: programs hear of the requests within their reach, and of no other."""

import asyncio
import json

import aiohttp


async def _events(world, who, heard, ready):
    headers = {"Authorization": f"Bearer {world.http.token(*who)}"}
    timeout = aiohttp.ClientTimeout(total=None)
    async with world.http.session.get(
        world.http.base + "/v1/stream", headers=headers, timeout=timeout
    ) as answer:
        assert answer.content_type == "text/event-stream"
        kind = ""
        async for line in answer.content:
            text = line.decode().strip()
            if text.startswith("event:"):
                kind = text.removeprefix("event:").strip()
            elif text.startswith("data:") and kind == "ready":
                ready.set()
            elif text.startswith("data:") and kind == "changed":
                heard.put_nowait(json.loads(text.removeprefix("data:")))


async def test_programs_hear_of_what_they_may_see(world):
    people = {"operator": ("operator", "op-1"), "contact": world.contact("springfield")}
    heard = {name: asyncio.Queue() for name in people}
    ready = {name: asyncio.Event() for name in people}
    tasks = [asyncio.create_task(_events(world, who, heard[n], ready[n])) for n, who in people.items()]
    await asyncio.wait_for(asyncio.gather(*(e.wait() for e in ready.values())), 10)
    other = await world.update("maple-county", "2615")
    mine = await world.update("springfield", "2611")

    async def told(name):
        while (news := await heard[name].get())["request_id"] == "":
            pass
        return news

    first = await asyncio.wait_for(told("operator"), 10)
    assert first == {"district_id": "maple-county", "request_id": other["id"]}
    second = await asyncio.wait_for(told("contact"), 10)
    assert second == {"district_id": "springfield", "request_id": mine["id"]}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_stream_is_for_those_who_sign_in(world):
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        async with world.http.session.get(world.http.base + "/v1/stream", headers=headers) as answer:
            assert answer.status == 401
    headers = {"Authorization": f"Bearer {world.http.token('guardian', 'g', 'springfield')}"}
    async with world.http.session.get(world.http.base + "/v1/stream", headers=headers) as answer:
        assert answer.status == 403
