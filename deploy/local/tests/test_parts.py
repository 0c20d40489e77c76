"""The embedded broker and database do what real ones do, and survive a kill on the same port and state."""

import shutil
import uuid
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from bellwire_local.jars import class_path
from bellwire_local.kafka import EmbeddedKafka, answers
from bellwire_local.kafka_seed import seed
from bellwire_local.postgres import EmbeddedPostgres, takes_queries
from bellwire_local.processes import Command, Process


async def create_topic(bootstrap: str) -> str:
    topic = f"local-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    return topic


async def send(bootstrap: str, topic: str, value: bytes, codec: str | None = None) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def receive(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=f"g-{topic}", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


@pytest.mark.timeout(60)
async def test_every_codec_goes_through_the_session_broker(kafka_bootstrap: str) -> None:
    topic = await create_topic(kafka_bootstrap)
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        await send(kafka_bootstrap, topic, codec.encode() * 100, codec)
    values = await receive(kafka_bootstrap, topic, 4)
    assert values == [codec * 100 for codec in (b"gzip", b"snappy", b"lz4", b"zstd")]


async def test_the_session_database_is_fresh_and_keeps_its_promises(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("show fsync") == "on"
        assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    finally:
        await connection.close()


@pytest.mark.timeout(120)
async def test_a_killed_broker_comes_back_with_what_it_acknowledged(own_kafka: EmbeddedKafka) -> None:
    bootstrap = own_kafka.bootstrap_servers
    topic = await create_topic(bootstrap)
    await send(bootstrap, topic, b"before")
    own_kafka.kill()
    assert not answers(bootstrap)
    own_kafka.start()
    own_kafka.wait_ready()
    assert own_kafka.bootstrap_servers == bootstrap
    await send(bootstrap, topic, b"after")
    assert await receive(bootstrap, topic, 2) == [b"before", b"after"]
    own_kafka.stop()
    assert not own_kafka.process.running


@pytest.mark.timeout(120)
def test_a_broker_starts_from_a_spoilt_cache_of_java(own_kafka: EmbeddedKafka, tmp_path: Path) -> None:
    first = seed(class_path(print), print, {})
    shutil.copytree(first.folder, tmp_path / "seed")
    (tmp_path / "seed" / "start.aot").write_text("not what Java wrote")
    own_kafka.stop()
    command = replace(first, folder=tmp_path / "seed").command(own_kafka.state / "server.properties")
    own_kafka.process = Process(Command("kafka", command, tmp_path / "log"))
    own_kafka.start()
    own_kafka.wait_ready()


@pytest.mark.timeout(120)
async def test_a_killed_database_comes_back_with_what_it_committed(own_postgres: EmbeddedPostgres) -> None:
    url = own_postgres.url()
    connection = await asyncpg.connect(url)
    await connection.execute("create table kept (n int); insert into kept values (1)")
    own_postgres.kill()
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await connection.execute("insert into kept values (2)")
    assert not takes_queries(url)
    own_postgres.start()
    own_postgres.wait_ready()
    again = await asyncpg.connect(url)
    assert await again.fetchval("select count(*) from kept") == 1
    await again.close()
    own_postgres.stop()
    assert not own_postgres.process.running
