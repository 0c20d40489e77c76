"""kill -9 between commit and mail, and between commit and event; mail server and broker away and back."""

import asyncio
from collections import Counter
from contextlib import suppress

import aiohttp
import pytest
from bellwire_local.mail.smtp import Mood, Refusal

pytestmark = pytest.mark.slow

OPERATOR = ("operator", "op-1")


def words(mails):
    return [m["subject"].split(":")[0] for m in mails]


async def create_in(world, child, district="springfield"):
    """Ask for an update; the process may die before it answers."""
    body = {"kind": "version_update", "site_id": f"{district}.production", "version": "2611"}
    with suppress(aiohttp.ClientError):
        await world.http(world.contact(district), "POST", "/v1/requests", body)
    assert await asyncio.wait_for(child.wait(), 60) == -9


@pytest.mark.parametrize(
    ("fault", "copies"),
    [("update_scheduler.mail.before_send", 1), ("update_scheduler.mail.sent", 2)],
)
async def test_killed_between_commit_and_mail(surroundings, restarted, fault, copies):
    world = surroundings
    async with world.process(f"{fault}:1") as child:
        await create_in(world, child)
    async with restarted():
        await world.settled()
    mails = world.mailbox.all()
    assert words(mails) == ["To Be Scheduled"] * copies
    assert len({m["message_id"] for m in mails}) == 1
    assert len({dict(r.headers)["ce_id"] for r in await world.events()}) == 2


async def test_killed_in_mid_batch_repeats_at_most_the_one_in_flight(surroundings, restarted):
    world = surroundings
    await world.mailbox.down()
    async with restarted():
        for district in ("springfield", "maple-county", "north-haverbrook"):
            await world.update(district, "2611.1")
    await world.mailbox.up()
    await world.hurry()
    async with world.process("update_scheduler.mail.sent:2") as child:
        assert await asyncio.wait_for(child.wait(), 60) == -9
    async with restarted():
        await world.settled()
    sent = Counter(m["message_id"] for m in world.mailbox.all())
    assert len(sent) == 3
    assert sorted(sent.values()) == [1, 1, 2]


async def test_killed_between_commit_and_event(surroundings, restarted):
    world = surroundings
    async with world.process("update_scheduler.events.sent:1") as child:
        await create_in(world, child)
    async with restarted():
        await world.settled()
    records = await world.events()
    ids = Counter(dict(r.headers)["ce_id"] for r in records)
    assert len(ids) == 2
    assert sum(ids.values()) <= 4


@pytest.mark.parametrize("fault", ["update_scheduler.recorded", "update_scheduler.create.before_commit"])
async def test_killed_before_commit_nothing_happened(surroundings, fault):
    world = surroundings
    async with world.process(f"{fault}:1") as child:
        await create_in(world, child)
    assert await world.sql("select 1 from requests") == []
    assert await world.sql("select 1 from mail_outbox") == []
    assert await world.sql("select 1 from event_outbox") == []


async def test_killed_after_commit_of_a_transition_it_stands_and_is_told(surroundings, restarted):
    world = surroundings
    async with world.process("update_scheduler.transition.committed:1") as child:
        request = await world.update("springfield")
        with pytest.raises(aiohttp.ClientError):
            await world.move(request, "deferred")
        assert await asyncio.wait_for(child.wait(), 60) == -9
    async with restarted():
        assert (await world.refresh(request))["status"] == "deferred"
        await world.settled()
    # The mail may have been on its way when the process died: then it is told again, under the same id.
    once = {m["message_id"]: m for m in world.mailbox.all()}
    assert words(once.values()) == ["To Be Scheduled", "Deferred"]


async def test_mail_server_away_and_back(world):
    await world.mailbox.down()
    request = await world.update("springfield")
    await world.move(request, "deferred")

    async def tried():
        rows = await world.sql("select min(attempts) as n from mail_outbox where sent_at is null")
        return (rows[0]["n"] or 0) >= 1

    await world.until(tried)
    await world.mailbox.up()
    await world.hurry()
    await world.settled()
    assert words(world.mailbox.all()) == ["To Be Scheduled", "Deferred"]


async def test_a_refused_recipient_does_not_hold_the_others(world):
    world.mailbox.desk.mood = Refusal(code=550, recipients=("it@springfield.example",))
    contact = {"name": "Second", "email": "second@springfield.example", "district_id": "springfield"}
    await world.ok(OPERATOR, "POST", "/v1/contacts", contact)
    await world.update("springfield")
    await world.settled()
    assert [m["to"] for m in world.mailbox.all()] == ["second@springfield.example"]
    rows = await world.sql("select answer from mail_outbox where failed_at is not null")
    assert [r["answer"] for r in rows] == ["550"]


async def test_a_server_that_says_later_gets_it_later(world):
    world.mailbox.desk.mood = Refusal(code=451)
    await world.update("springfield")

    async def waits():
        rows = await world.sql("select attempts from mail_outbox where answer = '451'")
        return bool(rows)

    await world.until(waits)
    world.mailbox.desk.mood = Mood.ACCEPTING
    await world.hurry()
    await world.settled()
    assert words(world.mailbox.all()) == ["To Be Scheduled"]


async def test_two_processes_send_each_mail_and_event_once(surroundings):
    world = surroundings
    async with world.process(), world.process():
        for district in ("springfield", "maple-county", "north-haverbrook"):
            await world.update(district, "2611.1")
        await world.settled()
    assert len(world.mailbox.all()) == 3
    assert len({m["message_id"] for m in world.mailbox.all()}) == len(world.mailbox.all())
    assert len(await world.events()) == 6


async def test_mail_sent_more_than_thirty_days_ago_is_removed(world):
    await world.update("springfield")
    await world.update("maple-county", "2611.1")
    await world.settled()
    await world.sql(
        "update mail_outbox set sent_at = now() - interval '31 days' where recipient like '%springfield%'"
    )
    await world.update("north-haverbrook")

    async def removed():
        rows = await world.sql("select recipient from mail_outbox")
        return rows and not [r for r in rows if "springfield" in r["recipient"]]

    await world.until(removed)
    assert [r["n"] for r in await world.sql("select count(*) as n from mail_outbox")] >= [2]
