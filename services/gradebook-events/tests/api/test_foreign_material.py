"""Material that nobody of this project wrote, where it lies beside the checkout: ../shared/data."""

import json
from pathlib import Path
from typing import Any

import pytest
from bellwire_schemas.topics import CHANGE_EVENTS, ROSTER_EVENTS

from ..conftest import Running, bearer
from ..packages import zipped

DATA = Path(__file__).parents[5] / "shared" / "data"

REASONS = {
    "package.missing_manifest": "missing_manifest",
    "manifest.invalid_header": "invalid_manifest_header",
    "package.unknown_file": "unknown_file",
    "manifest.file_unexpected": "unexpected_file",
    "csv.unescaped_quote": "unescaped_quote",
    "row.invalid_year": "invalid_year",
    "row.invalid_guid": "invalid_guid",
    "row.missing_required_value": "missing_required_value",
    "row.invalid_integer": "invalid_integer",
    "row.invalid_date": "invalid_date",
    "row.invalid_float": "invalid_float",
    "row.invalid_enum": "invalid_enum",
    "row.invalid_boolean": "invalid_boolean",
    "row.invalid_list": "invalid_list",
    "reference.duplicate_sourced_id": "duplicate_sourced_id",
    "reference.missing_target_record": "missing_target_record",
}
"""That project's names of diagnostics, and ours."""


def _index(kind: str) -> list[Any]:
    path = DATA / "oneroster" / "index.json"
    entries = json.loads(path.read_text()) if path.exists() else []
    return [pytest.param(entry, id=entry["name"]) for entry in entries if entry["kind"] == kind]


@pytest.mark.parametrize("entry", _index("valid"))
async def test_a_valid_package_imports(running: Running, entry: dict[str, Any]) -> None:
    _, key = await running.publisher()
    folder = DATA / "oneroster" / entry["dir"]
    body = zipped({name: (folder / name).read_bytes() for name in entry["files"]})
    done = await running.upload(key, body)
    assert (done["status"], done["errors"]) == ("completed", [])
    events = [e for topic in (CHANGE_EVENTS, ROSTER_EVENTS) for _, e in await running.events(topic)]
    schools = [e for e in events if e.type == "bellwire.school.changed.v1"]
    assert len(schools) == (0 if entry["profile"] == "package" else 1)
    assert all(event.backfill == (entry.get("mode") == "bulk") for event in events)


@pytest.mark.parametrize("entry", _index("negative"))
async def test_a_broken_package_is_refused_for_its_reason(running: Running, entry: dict[str, Any]) -> None:
    _, key = await running.publisher()
    body = (DATA / "oneroster" / f"{entry['dir']}.zip").read_bytes()
    answer = await running.client.post("/v1/imports/oneroster", data=body, headers=bearer(key))
    found = await answer.json()
    if answer.status == 202:
        found = await running.finished(answer.headers["Location"], key)
        assert found["status"] == "completed_with_errors"
    else:
        assert answer.status == 400
    assert {REASONS[code] for code in entry["expectedCodes"]} <= {e["reason"] for e in found["errors"]}


def _events(name: str, member: str) -> list[Any]:
    path = DATA / "cloudevents" / name
    tests = json.loads(path.read_text())["tests"] if path.exists() else []
    return [pytest.param(test[member], id=test["id"]) for test in tests]


@pytest.mark.parametrize(
    "event", _events("valid-events.json", "event") + _events("invalid-events.json", "event")
)
async def test_a_foreign_event_is_a_clear_4xx(running: Running, event: dict[str, Any]) -> None:
    _, key = await running.publisher()
    headers = {"Content-Type": "application/cloudevents+json", **bearer(key)}
    answer = await running.client.post("/v1/events", data=json.dumps(event), headers=headers)
    assert answer.status in (400, 403)
    assert (await answer.json())["pointer"].startswith("/")


@pytest.mark.parametrize(
    "batch", _events("valid-batches.json", "batch") + _events("invalid-batches.json", "batch")
)
async def test_a_foreign_batch_is_a_clear_4xx(running: Running, batch: list[Any]) -> None:
    _, key = await running.publisher()
    headers = {"Content-Type": "application/cloudevents-batch+json", **bearer(key)}
    answer = await running.client.post("/v1/events", data=json.dumps(batch), headers=headers)
    assert answer.status == 400
    assert [line["index"] for line in (await answer.json())["items"]] == list(range(len(batch)))
    assert await running.events() == []


@pytest.mark.parametrize("event", _events("valid-events.json", "event"))
async def test_a_valid_event_that_is_of_our_types_is_taken(running: Running, event: dict[str, Any]) -> None:
    _, key = await running.publisher()
    ours = {
        **event,
        "source": str(running.source),
        "type": "bellwire.student.changed.v1",
        "subject": "students/s-1",
        "datacontenttype": "application/json",
        "data": {
            "district_id": running.district,
            "modified_at": "2026-03-04T14:00:00Z",
            "student_id": "s-1",
            "school_id": "north",
        },
    }
    headers = {"Content-Type": "application/cloudevents+json", **bearer(key)}
    answer = await running.client.post("/v1/events", data=json.dumps(ours), headers=headers)
    assert answer.status == 202, await answer.text()


@pytest.mark.parametrize("event", _events("invalid-events.json", "event"))
async def test_an_invalid_event_that_is_otherwise_ours_is_refused(
    running: Running, event: dict[str, Any]
) -> None:
    _, key = await running.publisher()
    ours = {
        **event,
        "source": str(running.source) if event.get("source") else "",
        **({"type": "bellwire.student.changed.v1"} if "type" in event else {}),
        "data": {
            "district_id": running.district,
            "modified_at": "2026-03-04T14:00:00Z",
            "student_id": "s-1",
            "school_id": "north",
        },
    }
    headers = {"Content-Type": "application/cloudevents+json", **bearer(key)}
    answer = await running.client.post("/v1/events", data=json.dumps(ours), headers=headers)
    assert answer.status == 400, await answer.text()
