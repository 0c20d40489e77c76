"""What pages remember is never older than the last change that they heard of (hypothesis)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from update_scheduler.pages.recall import Recall

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


@given(st.lists(st.sampled_from(["ask a", "ask b", "change", "wait"]), max_size=40))
def test_an_answer_is_asked_once_for_each_state(steps):
    async def play():
        recall, state, asked, now = Recall(), 0, set(), NOW
        for step in steps:
            if step == "change":
                state += 1
                recall.forget()
                asked.clear()
            elif step == "wait":
                now += timedelta(seconds=10)
                asked.clear()
            else:
                times = []

                async def ask(times=times, state=state):
                    times.append(1)
                    return state

                assert await recall.get(step, now, ask) == state
                assert len(times) == (step not in asked)
                asked.add(step)

    asyncio.run(play())


async def test_the_same_question_at_once_is_asked_once_and_a_failure_is_not_kept():
    recall, asked, gate = Recall(), [], asyncio.Event()

    async def ask():
        asked.append(1)
        await gate.wait()
        if len(asked) == 1:
            raise OSError
        return "right"

    first = [asyncio.create_task(recall.get("q", NOW, ask)) for _ in range(3)]
    while not asked:
        await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*first, return_exceptions=True)
    assert [type(a) for a in answers] == [OSError] * 3
    assert await recall.get("q", NOW, ask) == "right"
    assert len(asked) == 2


async def test_one_who_goes_away_does_not_take_the_answer_along():
    recall, gate = Recall(), asyncio.Event()

    async def ask():
        await gate.wait()
        return "right"

    one, other = (asyncio.create_task(recall.get("q", NOW, ask)) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    gate.set()
    assert await other == "right"
    with pytest.raises(asyncio.CancelledError):
        await one
