"""`python -m bellwire_kit dlq` on a real broker."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from bellwire_kit.__main__ import app
from bellwire_kit.streams.dead_letters import dead_letter_message
from bellwire_kit.streams.protocol import DeadLetter, Record
from typer.testing import CliRunner


@pytest.fixture
def command(kafka_bootstrap: str) -> Any:
    async def run(*arguments: str, code: int = 0) -> str:
        environment = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap}
        answer = await asyncio.to_thread(CliRunner().invoke, app, ["dlq", *arguments], env=environment)
        assert answer.exit_code == code, answer.output
        return answer.output

    return run


def letter(topic: str, number: int, reason: str) -> Any:
    record = Record(
        topic,
        3,
        100 + number,
        1_700_000_000_000,
        b"a/production/s1",
        b'{"name": "Ana"}',
        (
            ("ce_id", b"%d" % number),
            ("x-note", b"secret"),
        ),
    )
    return dead_letter_message(record, DeadLetter(reason, "one sentence"), "evaluator")


@pytest.fixture
async def topic(real: Sequence[Any]) -> str:
    stage = real[0]
    name = await stage.topic(1)
    await stage.send([letter(name, n, "invalid_json" if n % 2 else "unknown_type") for n in range(10)])
    return str(name)


async def test_list_counts_by_topic_and_reason(topic: str, command: Any) -> None:
    lines = [line.split() for line in (await command("list", topic)).splitlines()]
    assert lines[1:3] == [
        [f"{topic}.dlq", "invalid_json", "5", "0"],
        [f"{topic}.dlq", "unknown_type", "5", "0"],
    ]
    assert f"{topic}.dlq" in await command("list")


async def test_show_says_whence_and_keeps_values_back(topic: str, command: Any) -> None:
    shown = await command("show", topic, "--offset", "4")
    assert f"dlq_topic: {topic}" in shown
    assert "dlq_partition: 3" in shown
    assert "dlq_offset: 104" in shown
    assert "dlq_reason: unknown_type" in shown
    assert "ce_id: 4" in shown
    assert "Ana" not in shown
    assert "secret" not in shown
    full = await command("show", f"{topic}.dlq", "--offset", "4", "--values")
    assert '{"name": "Ana"}' in full
    assert "x-note: secret" in full
    assert "no dead letter" in await command("show", topic, "--offset", "99", code=1)


async def test_redrive_is_dry_then_sends_once(topic: str, command: Any, real: Sequence[Any]) -> None:
    stage = real[0]
    assert "5 letters" in await command("redrive", topic, "--reason", "invalid_json")
    assert await stage.records(topic) == []
    assert "2 letters" in await command(
        "redrive", topic, "--reason", "invalid_json", "--limit", "2", "--apply"
    )
    assert "3 letters" in await command("redrive", topic, "--reason", "invalid_json", "--apply")
    assert "0 letters" in await command("redrive", topic, "--reason", "invalid_json", "--apply")
    records = await stage.records(topic)
    assert [dict(record.headers)["ce_id"] for record in records] == [b"1", b"3", b"5", b"7", b"9"]
    assert {(record.key, record.value) for record in records} == {(b"a/production/s1", b'{"name": "Ana"}')}
    assert [name for name, _ in records[0].headers] == ["ce_id", "x-note", "dlq_redriven_from"]
    lines = [line.split() for line in (await command("list", topic)).splitlines()]
    assert lines[1:3] == [
        [f"{topic}.dlq", "invalid_json", "0", "5"],
        [f"{topic}.dlq", "unknown_type", "5", "0"],
    ]


async def test_redrive_of_a_range(topic: str, command: Any, real: Sequence[Any]) -> None:
    ranged = ("redrive", topic, "--partition", "0", "--from-offset", "2", "--to-offset", "3")
    assert "2 letters" in await command(*ranged, "--apply")
    assert [dict(r.headers)["ce_id"] for r in await real[0].records(topic)] == [b"2", b"3"]


async def test_an_unclear_choice_is_refused(topic: str, command: Any) -> None:
    assert "choose with --reason" in await command("redrive", topic, code=2)
    assert "together" in await command("redrive", topic, "--partition", "0", code=2)
    assert "there is no topic" in await command("list", "streams-nowhere", code=1)
