"""What a hostile or broken client may send: always a clear 4xx, never a 5xx, and nothing appended."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..conftest import Running, Starter, assignment, attributes, bearer

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def in_json(running: Running, **data: Any) -> bytes:
    event = {**attributes(running, time="2026-03-04T14:59:00Z"), "data": assignment(running, **data)}
    return json.dumps(event).encode()


async def send(running: Running, key: str, media: str, body: bytes, **headers: str) -> int:
    answer = await running.client.post(
        "/v1/events", data=body, headers={"Content-Type": media, **bearer(key), **headers}
    )
    if answer.status >= 400 and media != BATCH:
        assert answer.content_type == "application/problem+json"
    return int(answer.status)


def bodies(running: Running) -> list[bytes]:
    good = in_json(running)
    return [
        b"",
        b"null",
        b"[]",
        b"{",
        good[:-1],
        good[: len(good) // 2],
        good + b"{}",
        good.replace(b"87.5", b"NaN"),
        good.replace(b"87.5", b"Infinity"),
        good.replace(b"87.5", b"1e999"),
        good.replace(b"87.5", b"0x10"),
        good.replace(b"87.5", b"9" * 5_000),
        good.replace(b"Unit quiz", b"\xff\xfe"),
        good.replace(b"Unit quiz", b"\\ud800"),
        good.replace(b"Unit quiz", b"a\x00b"),
        good.replace(b"Unit quiz", b"a\\u0000b"),
        good.replace(b'"data"', b'"data": {"a": ' * 2_000 + b'"data"'),
        good.replace(b'"Unit quiz"', b"[" * 100_000 + b"]" * 100_000),
        good.replace(b'"Unit quiz"', b'"x", "u": ' + b'{"a":' * 65 + b"1" + b"}" * 65),
        good.replace(b'"Unit quiz"', b'"' + b"x" * 300_000 + b'"'),
        good.replace(b'"e-', b'"' + b"i" * 300 + b"e-"),
        b'\xef\xbb\xbf{"id": 1}',
        b"\x1f\x8b\x08\x00",
        good.decode().encode("utf-16"),
    ]


async def test_hostile_bodies(running: Running) -> None:
    _, key = await running.publisher()
    for number, body in enumerate(bodies(running)):
        assert 400 <= await send(running, key, STRUCTURED, body) < 500, number
        status = await send(running, key, BATCH, b"[" + body + b"]")
        assert 400 <= status < 500, number
    assert await running.events() == []


async def test_hostile_binary_bodies_and_headers(running: Running) -> None:
    _, key = await running.publisher()
    base = {f"ce-{name}": str(value) for name, value in attributes(running).items() if name != "time"}
    for body in [json.dumps(json.loads(in_json(running))["data"]).encode()[:-3], b"", b"\xff", b"7", b"NaN"]:
        assert 400 <= await send(running, key, "application/json", body, **base) < 500
    good = json.dumps(assignment(running)).encode()
    for over in (
        {"ce-id": "%zz"},
        {"ce-id": "%FF"},
        {"ce-id": "%00"},
        {"ce-id": ""},
        {"ce-subject": "students/%00"},
        {"ce-specversion": "2.0"},
        {"ce-x_y": "1"},
        {"ce-time": "2026-03-04T14:59:00"},
    ):
        assert 400 <= await send(running, key, "application/json", good, **{**base, **over}) < 500, over
    assert await send(running, key, "application/json", good, **base) == 202


async def test_duplicate_members_mean_the_last(running: Running) -> None:
    _, key = await running.publisher()
    twice = in_json(running).replace(b'"student_id": "s-1"', b'"student_id": "other", "student_id": "s-1"')
    assert await send(running, key, STRUCTURED, twice) == 202
    turned = in_json(running).replace(b'"student_id": "s-1"', b'"student_id": "s-1", "student_id": "other"')
    assert await send(running, key, STRUCTURED, turned) == 400
    source = b'"source": "/districts/other/production", "source"'
    assert await send(running, key, STRUCTURED, in_json(running).replace(b'"source"', source)) == 202
    ((_, one), (_, two)) = await running.events()
    assert one.source == two.source == str(running.source)


async def test_sizes_and_counts_are_bounded(start: Starter) -> None:
    async with start(body_limit_bytes=4_096, most_batch_items=3) as running:
        _, key = await running.publisher()
        assert await send(running, key, STRUCTURED, in_json(running, note="x" * 5_000)) == 413
        assert await send(running, key, BATCH, b"[1,2,3,4]") == 413
        bomb = gzip.compress(b"[" + b" " * 10_000_000 + b"]")
        status = await send(running, key, BATCH, bomb, **{"Content-Encoding": "gzip"})
        assert status in (400, 413)
        assert await send(running, "bw_x_y", STRUCTURED, b"x" * 10_000) == 401


async def test_one_nul_in_a_batch_spoils_no_other(running: Running) -> None:
    _, key = await running.publisher()
    body = b"[" + in_json(running, note="a\x00b") + b"," + in_json(running) + b"]"
    assert await send(running, key, BATCH, body) == 202
    assert len(await running.events()) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ["id", "source", "type", "specversion", "subject", "time", "datacontenttype", "data", "data_base64", "x"]
)
data_names = st.sampled_from(
    ["student_id", "modified_at", "score_percent", "missing", "due_on", "district_id"]
)


@pytest.fixture
async def warm(running: Running) -> tuple[Running, str]:
    return running, (await running.publisher())[1]


async def test_any_member_of_any_value_is_2xx_or_4xx(warm: tuple[Running, str]) -> None:
    running, key = warm
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = []

    @settings(max_examples=150, suppress_health_check=list(HealthCheck), database=None, deadline=None)
    @given(
        st.dictionaries(names, json_values, max_size=3), st.dictionaries(data_names, json_values, max_size=2)
    )
    def collect(over: dict[str, Any], data: dict[str, Any]) -> None:
        cases.append((over, data))

    collect()
    items = []
    for over, data in cases:
        event = {**json.loads(in_json(running, **data)), **over}
        body = json.dumps(event).encode()
        assert await send(running, key, STRUCTURED, body) in (202, 400, 403, 413)
        items.append(body)
    strict = [body for body in items if b"NaN" not in body and b"Infinity" not in body]
    answer = await running.client.post(
        "/v1/events", data=b"[" + b",".join(strict) + b"]", headers={"Content-Type": BATCH, **bearer(key)}
    )
    assert answer.status in (202, 400)


@settings(max_examples=50, suppress_health_check=list(HealthCheck), database=None, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_an_event_or_a_refusal(raw: bytes) -> None:
    from gradebook_events.domain.incoming import Incoming
    from gradebook_events.domain.refusals import Refusal
    from gradebook_events.wire.http_binary import binary
    from gradebook_events.wire.json_format import split, structured

    assert isinstance(structured(raw), Incoming | Refusal)
    assert isinstance(split(raw), list | Refusal)
    assert isinstance(binary([("ce-id", "x")], "", raw), Incoming | Refusal)
