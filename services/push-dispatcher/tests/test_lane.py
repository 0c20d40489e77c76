"""A lane on a provider of its own, whose answers the test chooses: when connections are left behind."""

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
from push_dispatcher.domain.verdict import DELIVERED, Misconfigured, Reconnect
from push_dispatcher.lane import Lane, LaneLimits

NOW = datetime(2026, 3, 4, tzinfo=UTC)


class Chosen:
    """Delivers to tokens in good standing; the others are answered together, when so many are in flight."""

    def __init__(self, verdict, together):
        self.verdict = verdict
        self.reconnected = 0
        self.all_there = asyncio.Event()
        self.together = together

    async def send(self, push, sent_at):
        if push.token == "good":
            return DELIVERED
        self.together -= 1
        if not self.together:
            self.all_there.set()
        await self.all_there.wait()
        return self.verdict

    async def reconnect(self):
        self.reconnected += 1

    async def close(self):
        pass


def job(number, token):
    identity = UUID(int=number)
    message = Message(
        Purpose.ALERT, "", "", 0, identity, "", "", "", "", "", identity, urgent=False, lifetime=1
    )
    user = UserKey("d", Environment.PRODUCTION, "u")
    return Job(
        identity,
        "apns/production",
        user,
        str(number),
        ("d", "production", str(number)),
        Push(identity, Token(token), "token", message),
        0,
        NOW,
        NOW,
        NOW,
        monotonic() + 60,
    )


@pytest.mark.parametrize(
    ("verdict", "times"),
    [
        (Reconnect("IdleTimeout"), 1),
        (Misconfigured("InvalidProviderToken", reconnect=True), 1),
        (Misconfigured("TopicDisallowed"), 0),
    ],
)
async def test_a_connection_of_no_more_use_is_left_once_for_all_that_it_carried(verdict, times):
    provider, gate, answers = Chosen(verdict, together=10), asyncio.Event(), []
    gate.set()
    lane = Lane("apns/production", provider, LaneLimits(), lambda *answer: answers.append(answer), gate)
    running = asyncio.create_task(lane.run())
    lane.put([job(0, "good")])
    async with asyncio.timeout(10):
        while len(answers) < 1:
            await asyncio.sleep(0.01)
        lane.put(job(number, "bad") for number in range(1, 11))
        while len(answers) < 11:
            await asyncio.sleep(0.01)
        lane.stop()
        await running
    assert provider.reconnected == times
