"""`POST /v1/events` as the independent CloudEvents SDK sends it, onto a real broker."""

import json
from typing import Any

import orjson
import pytest
from bellwire_schemas.keys import student_key
from bellwire_schemas.topics import CHANGE_EVENTS, ROSTER_EVENTS
from cloudevents.core.bindings import http as sdk
from cloudevents.core.v1.event import CloudEvent as SdkEvent
from cloudevents.v1.conversion import to_binary as v1_binary
from cloudevents.v1.http import CloudEvent as V1Event
from cloudevents.v1.http import to_structured as v1_structured

from ..conftest import Running, assignment, attributes, bearer, data_of

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


async def post(running: Running, key: str, message: Any) -> Any:
    return await running.client.post(
        "/v1/events", data=message.body, headers={**message.headers, **bearer(key)}
    )


async def batch(running: Running, key: str, events: list[Any]) -> Any:
    body = events if isinstance(events, bytes) else json.dumps(events).encode()
    return await running.client.post("/v1/events", data=body, headers={"Content-Type": BATCH, **bearer(key)})


def in_json(running: Running, **over: Any) -> dict[str, Any]:
    data = over.pop("data", None) or assignment(running)
    found = {**attributes(running, time="2026-03-04T14:59:00Z"), **over, "data": data}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("mode", [sdk.to_binary_event, sdk.to_structured_event])
async def test_event_of_the_sdk_is_appended_as_it_came(running: Running, mode: Any) -> None:
    _, key = await running.publisher()
    data = assignment(running, "s/ä 1", note="kept: Zoë 🎓", unknown={"deep": [1, {"x": None}]})
    sent = SdkEvent(
        attributes(running, subject="students/s/ä 1", traceparent="00-abc", bellwirebackfill="true"), data
    )
    answer = await post(running, key, mode(sent))
    assert answer.status == 202, await answer.text()
    (found_key, event), *more = await running.events()
    assert not more
    assert found_key == student_key(running.source, "s/ä 1")
    assert (event.id, event.source, event.type) == (sent.get_id(), str(running.source), sent.get_type())
    assert event.subject == "students/s/ä 1"
    assert event.extensions == {"traceparent": "00-abc", "bellwirebackfill": "true"}
    assert event.data == json.dumps(data).encode()


async def test_events_of_the_older_sdk_interface(running: Running) -> None:
    _, key = await running.publisher()
    base = {**attributes(running), "time": "2026-03-04T14:59:00Z"}
    for convert in (v1_structured, lambda event: v1_binary(event, orjson.dumps)):
        headers, body = convert(V1Event({**base, "id": str(convert)}, assignment(running)))
        answer = await running.client.post("/v1/events", data=body, headers={**headers, **bearer(key)})
        assert answer.status == 202, await answer.text()
    assert len(await running.events()) == 2


async def test_structured_data_in_base64(running: Running) -> None:
    _, key = await running.publisher()
    data = b'{"x": 1.50, ' + orjson.dumps(assignment(running))[1:]
    answer = await post(running, key, sdk.to_structured_event(SdkEvent(attributes(running), data)))
    assert answer.status == 202, await answer.text()
    assert [event.data for _, event in await running.events()] == [data]


async def test_a_batch_answers_for_every_item(running: Running) -> None:
    _, key = await running.publisher()
    items = [
        in_json(running, id="good"),
        "not an object",
        in_json(running, id="foreign", source="/districts/elsewhere/production"),
        in_json(running, id="bad", data=assignment(running, missing="yes")),
        in_json(running, id="good-2", subject="students/s-2", data=assignment(running, "s-2")),
    ]
    answer = await batch(running, key, items)
    assert answer.status == 202
    lines = (await answer.json())["items"]
    assert [(line["index"], line["id"], line["status"]) for line in lines] == [
        (0, "good", 202),
        (1, None, 400),
        (2, "foreign", 403),
        (3, "bad", 400),
        (4, "good-2", 202),
    ]
    assert lines[3]["problem"]["pointer"] == "/data/missing"
    assert lines[2]["problem"]["type"] == "urn:bellwire:problem:foreign-source"
    assert {event.id for _, event in await running.events()} == {"good", "good-2"}


async def test_a_batch_with_nothing_good_is_400(running: Running) -> None:
    _, key = await running.publisher()
    answer = await batch(running, key, [in_json(running, type="bellwire.nothing.v1"), 7])
    assert answer.status == 400
    assert [line["status"] for line in (await answer.json())["items"]] == [400, 400]
    assert (await batch(running, key, [])).status == 400


async def test_the_same_event_again_is_accepted(running: Running) -> None:
    _, key = await running.publisher()
    for _ in range(2):
        assert (await batch(running, key, [in_json(running, id="same")])).status == 202
    assert len({event.id for _, event in await running.events()}) == 1


async def test_school_and_district_go_to_the_roster_topic(running: Running) -> None:
    _, key = await running.publisher()
    stamp = {"district_id": running.district, "modified_at": "2026-03-04T14:59:00Z"}
    answer = await batch(
        running,
        key,
        [
            in_json(
                running,
                type="bellwire.school.changed.v1",
                subject="schools/north",
                data={**stamp, "school_id": "north", "name": "North"},
            ),
            in_json(
                running,
                type="bellwire.district.changed.v1",
                subject=f"districts/{running.district}",
                data={**stamp, "name": "D", "state": "TX", "timezone": "America/Chicago"},
            ),
        ],
    )
    assert answer.status == 202, await answer.text()
    assert {found.decode() for found, _ in await running.events(ROSTER_EVENTS)} == {
        f"{running.district}/production/school/north",
        f"{running.district}/production/district/{running.district}",
    }
    assert await running.events(CHANGE_EVENTS) == []


@pytest.mark.parametrize(
    ("over", "status", "pointer"),
    [
        ({"specversion": "0.3"}, 400, "/specversion"),
        ({"id": ""}, 400, "/id"),
        ({"id": {"x": 1}}, 400, "/id"),
        ({"id": 7}, 400, "/id"),
        ({"id": "a\nb"}, 400, "/id"),
        ({"id": "i" * 256}, 400, "/id"),
        ({"source": "https://cloudevents.io"}, 400, "/source"),
        ({"source": "/districts/other/production"}, 403, "/source"),
        ({"type": "bellwire.assignment.changed.v2"}, 400, "/type"),
        ({"subject": "students/somebody-else"}, 400, "/subject"),
        ({"subject": "schools/north"}, 400, "/subject"),
        ({"time": "lunchtime"}, 400, "/time"),
        ({"time": "2018-04-05T18:31:00+xx:00"}, 400, "/time"),
        ({"my.extension": "x"}, 400, "/my.extension"),
        ({"datacontenttype": "text/plain"}, 400, "/datacontenttype"),
        ({"datacontenttype": ""}, 400, "/datacontenttype"),
        ({"bellwirebackfill": "maybe"}, 400, "/bellwirebackfill"),
        ({"data_base64": "e30="}, 400, "/data_base64"),
        ({"data": [1]}, 400, "/data"),
        ({"data": "text"}, 400, "/data"),
    ],
)
async def test_a_bad_attribute_is_named(
    running: Running, over: dict[str, Any], status: int, pointer: str
) -> None:
    _, key = await running.publisher()
    answer = await running.client.post(
        "/v1/events",
        data=json.dumps(in_json(running, **over)).encode(),
        headers={"Content-Type": STRUCTURED, **bearer(key)},
    )
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["pointer"] == pointer
    assert await running.events() == []


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"district_id": "other"}, "/data/district_id"),
        ({"modified_at": "2026-03-04T15:05:01Z"}, "/data/modified_at"),
        ({"modified_at": "2026-03-04T15:00:00"}, "/data/modified_at"),
        ({"modified_at": 1_700_000_000}, "/data/modified_at"),
        ({"modified_at": "1700000000"}, "/data/modified_at"),
        ({"modified_at": "2026-03-04T15:00Z"}, "/data/modified_at"),
        ({"modified_at": "2026-03-04_15:00:00Z"}, "/data/modified_at"),
        ({"due_on": "1767225600"}, "/data/due_on"),
        ({"modified_at": "0001-01-01T00:00:00+14:00"}, "/data/modified_at"),
        ({"student_id": ""}, "/data/student_id"),
        ({"student_id": "x" * 256}, "/data/student_id"),
        ({"score_percent": "NaN"}, "/data/score_percent"),
        ({"late": "true"}, "/data/late"),
        ({"note": "a\x00b"}, "/data/note"),
        ({"note": {"deep/er": ["ok", "a\x00b"]}}, "/data/note/deep~1er/1"),
        ({"note": {"a\x00b": 1}}, "/data/note"),
    ],
)
async def test_bad_data_is_named(running: Running, over: dict[str, Any], pointer: str) -> None:
    _, key = await running.publisher()
    for mode in (sdk.to_binary_event, sdk.to_structured_event):
        answer = await post(running, key, mode(SdkEvent(attributes(running), assignment(running, **over))))
        assert answer.status in (400, 403), await answer.text()
        assert (await answer.json())["pointer"] == pointer


async def test_five_minutes_ahead_is_not_too_far(running: Running) -> None:
    _, key = await running.publisher()
    data = assignment(running, modified_at="2026-03-04T09:04:59-06:00")
    assert (await batch(running, key, [in_json(running, data=data)])).status == 202


async def test_what_may_be_left_out(running: Running) -> None:
    _, key = await running.publisher()
    event = in_json(running, subject=None, time=None, datacontenttype=None)
    assert (await batch(running, key, [event])).status == 202
    ((_, found),) = await running.events()
    assert found.subject == "students/s-1"
    assert found.time.isoformat() == "2026-03-04T14:59:00+00:00"


async def test_a_subject_may_be_percent_encoded(running: Running) -> None:
    _, key = await running.publisher()
    event = in_json(running, subject="students/s%2F1", data=assignment(running, "s/1"))
    assert (await batch(running, key, [event])).status == 202


async def test_an_unknown_enum_value_is_refused(running: Running) -> None:
    _, key = await running.publisher()
    data = {
        "district_id": running.district,
        "modified_at": "2026-03-04T14:59:00Z",
        "student_id": "s-1",
        "school_id": "north",
        "attendance_id": "m-1",
        "date": "2026-03-04",
        "status": "asleep",
    }
    answer = await batch(running, key, [in_json(running, type="bellwire.attendance.changed.v1", data=data)])
    assert (await answer.json())["items"][0]["problem"]["pointer"] == "/data/status"


async def test_another_districts_events_leave_an_audit_line(running: Running) -> None:
    publisher_id, key = await running.publisher()
    answer = await batch(
        running,
        key,
        [
            in_json(running, source="/districts/other/production"),
            in_json(running, source=f"/districts/{running.district}/sandbox"),
        ],
    )
    assert [line["status"] for line in (await answer.json())["items"]] == [403, 403]
    rows = await running.pool.fetch(
        "select actor, action, detail from audit_lines where district_id = $1 order by line", running.district
    )
    assert [tuple(row) for row in rows][1:] == [
        (f"publisher:{publisher_id}", "events.foreign_source_refused", {"events": 2})
    ]
    assert await running.events() == []


@pytest.mark.parametrize("credential", ["", "x", "bw_abc_def", "bw_aaaaaaaaaaaaaaaa_" + "a" * 43])
async def test_without_a_key_that_holds(running: Running, credential: str) -> None:
    answer = await batch(running, credential, [in_json(running)])
    assert answer.status == 401
    assert "WWW-Authenticate" in answer.headers


async def test_other_content_types(running: Running) -> None:
    _, key = await running.publisher()
    kinds = ("json", "cloudevents+avro", "x-text", "cloudevents+json; charset=utf-16")
    for media in (f"application/{kind}" for kind in kinds):
        answer = await running.client.post(
            "/v1/events", data=b"{}", headers={"Content-Type": media, **bearer(key)}
        )
        assert answer.status == 415, media


async def test_binary_event_without_content_type(running: Running) -> None:
    _, key = await running.publisher()
    untyped = {name: value for name, value in attributes(running).items() if name != "datacontenttype"}
    message = sdk.to_binary_event(SdkEvent(untyped, assignment(running)))
    assert "content-type" not in message.headers
    assert (await post(running, key, message)).status == 202


async def test_data_of_many_fields_is_kept_byte_for_byte(running: Running) -> None:
    _, key = await running.publisher()
    raw = orjson.dumps(assignment(running))[:-1] + b' , "n": 12345678901234567890.10,\t"u": "\\u00e9" }'
    rest = json.dumps({name: value for name, value in in_json(running).items() if name != "data"})
    body = b'[{"data":' + raw + b"," + rest.encode()[1:] + b"]"
    assert (await batch(running, key, body)).status == 202
    ((_, event),) = await running.events()
    assert event.data == raw
    assert data_of(event)["u"] == "é"
