"""The broker and the database go away and come back: nothing is lost, the service goes on."""

import asyncio
from dataclasses import replace

import aiohttp
from kafka.admin import KafkaAdminClient, NewTopic


async def test_broker_and_database_away_and_back(surroundings, own_kafka):
    world = surroundings
    bootstrap = own_kafka.bootstrap_servers
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(world.topic, num_partitions=3, replication_factor=1)])
    admin.close()
    world = replace(
        world,
        kafka=bootstrap,
        settings=world.settings.model_copy(update={"kafka_bootstrap_servers": bootstrap}),
    )
    async with world.process() as child:
        request = await world.update("springfield")
        await world.settled()
        await asyncio.to_thread(own_kafka.kill)
        await world.move(request, "deferred")
        await world.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )

        async def moved():
            try:
                return await world.move(await world.refresh(request), "to_be_scheduled")
            except (AssertionError, aiohttp.ClientError):
                return None

        await world.until(moved)
        await asyncio.to_thread(own_kafka.start)
        await asyncio.to_thread(own_kafka.wait_ready)
        await world.settled()
        assert child.returncode is None
    # The letter in flight when the database went away may have gone out twice, with one Message-ID.
    letters = {m["message_id"]: m["subject"].split(":")[0] for m in world.mailbox.all()}
    assert len(world.mailbox.all()) <= len(letters) + 1
    words = list(letters.values())
    assert words == ["To Be Scheduled", "Deferred", "To Be Scheduled"]
    records = await world.events()
    mine = [r for r in records if r.key == b"springfield.production"]
    ids = list(dict.fromkeys(dict(r.headers)["ce_id"] for r in mine))
    types = [next(dict(r.headers)["ce_type"] for r in mine if dict(r.headers)["ce_id"] == i) for i in ids]
    assert [t.split(b".")[2] for t in types] == [b"to_be_scheduled", b"deferred", b"to_be_scheduled"]
