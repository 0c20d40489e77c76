"""OneRoster packages over HTTP, through the worker, onto a real broker."""

from collections import Counter
from typing import Any

import orjson
import pytest
from bellwire_kit.streams.protocol import Message, Producer
from bellwire_schemas.catalogue import INCOMING
from bellwire_schemas.envelope import CloudEvent
from bellwire_schemas.topics import CHANGE_EVENTS, ROSTER_EVENTS
from gradebook_events.domain.admission import Admitted, admit
from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.oneroster.names import FileName, Mode
from gradebook_events.domain.publishers import Publisher

from ..conftest import NOW, Running, Starter, bearer, data_of
from ..packages import csv_text, dated, manifest_text, package, roster, zipped


async def all_events(running: Running) -> list[CloudEvent]:
    return [event for topic in (ROSTER_EVENTS, CHANGE_EVENTS) for _, event in await running.events(topic)]


def kinds(events: list[CloudEvent]) -> Counter[str]:
    return Counter(event.type.split(".")[1] for event in events)


def one(events: list[CloudEvent], kind: str, **fields: Any) -> dict[str, Any]:
    """Return the data of the last event of a kind with these fields."""
    found = [dict(data_of(e)) for e in events if e.type == f"bellwire.{kind}.changed.v1"]
    found = [data for data in found if all(data.get(name) == value for name, value in fields.items())]
    assert found, (kind, fields)
    return max(found, key=lambda data: data["modified_at"])


async def test_a_first_bulk_is_the_whole_roster_and_gradebook_and_alerts_nobody(running: Running) -> None:
    _, key = await running.publisher()
    done = await running.upload(key, package(roster()), exported_at="2026-03-04T12:00:00Z")
    assert (done["status"], done["backfill"], done["errors"]) == ("completed", True, [])
    assert done["files"]["users"] == {"rows": 5, "good": 5, "bad": 0, "faults": 0}
    events = await all_events(running)
    expected = {"school": 1, "student": 2, "enrollment": 2, "portal_access": 2, "assignment": 4}
    assert kinds(events) == expected == done["events"]
    assert all(event.backfill and event.source == str(running.source) for event in events)
    for event in events:
        incoming = Incoming(
            event.id, event.source, event.type, event.subject, "", event.data, event.extensions
        )
        assert isinstance(admit(incoming, Publisher("p", running.source), NOW), Admitted)
        assert event.type in INCOMING
    assert one(events, "student", student_id="bob")["display_name"] == "Bobby Doe"
    enrolled = one(events, "enrollment", student_id="ann")
    assert (enrolled["calendar_id"], enrolled["starts_on"], enrolled["ends_on"], enrolled["active"]) == (
        "year",
        "2025-09-01",
        "2026-06-01",
        True,
    )
    mum = one(events, "portal_access", user_id="mum")
    assert (mum["portal"], mum["role"], mum["relationship"]) == (False, "guardian", "parent")
    scored = one(events, "assignment", student_id="ann", assignment_id="q1")
    assert (scored["score_percent"], scored["score_points"], scored["points_possible"]) == (75, 15, 20)
    assert (scored["late"], scored["course_name"], scored["calendar_id"]) == (True, "Algebra", "year")
    assert scored["modified_at"] == "2026-03-04T12:00:00+00:00"
    unscored = one(events, "assignment", student_id="bob", assignment_id="q1")
    assert unscored["score_percent"] is None
    exempt = one(events, "assignment", student_id="bob", assignment_id="q2")
    assert (exempt["exempt"], exempt["text_score"], exempt["score_percent"]) == (True, "B", None)


async def test_roster_stands_before_the_changes_of_a_student(running: Running) -> None:
    _, key = await running.publisher()
    await running.upload(key, package(roster()))
    of_ann = [e.type for _, e in await running.events() if e.subject == "students/ann"]
    first_assignment = of_ann.index("bellwire.assignment.changed.v1")
    assert all("assignment" in name for name in of_ann[first_assignment:])
    assert len(of_ann[:first_assignment]) == 4


async def test_a_later_bulk_publishes_what_changed_and_alerts(running: Running) -> None:
    _, key = await running.publisher()
    rows = roster()
    await running.upload(key, package(rows), exported_at="2026-03-04T12:00:00Z")
    before = await all_events(running)
    again = await running.upload(key, package(rows), exported_at="2026-03-04T13:00:00Z")
    assert (again["status"], again["backfill"], again["events"]) == ("completed", False, {})
    rows[FileName.RESULTS][0]["score"] = "13"
    changed = await running.upload(key, package(rows), exported_at="2026-03-04T14:00:00Z")
    assert changed["events"] == {"assignment": 1}
    (news,) = [e for e in await all_events(running) if e.id not in {old.id for old in before}]
    assert (data_of(news)["score_percent"], news.backfill) == (65, False)
    assert data_of(news)["modified_at"] == "2026-03-04T14:00:00+00:00"
    rows[FileName.RESULTS][0]["score"] = "14"
    silent = await running.upload(key, package(rows), alerts="false")
    assert (silent["backfill"], silent["events"]) == (True, {"assignment": 1})


async def test_what_a_bulk_no_longer_lists_is_ended(running: Running) -> None:
    _, key = await running.publisher()
    rows = roster()
    rows[FileName.LINE_ITEMS] += [{**rows[FileName.LINE_ITEMS][0], "sourcedId": f"x{i}"} for i in range(20)]
    await running.upload(key, package(rows), exported_at="2026-03-04T12:00:00Z")
    rows[FileName.LINE_ITEMS] = [row for row in rows[FileName.LINE_ITEMS] if row["sourcedId"] != "x7"]
    rows[FileName.USERS][0]["agentSourcedIds"] = "mum"
    done = await running.upload(key, package(rows), exported_at="2026-03-04T13:00:00Z")
    assert (done["status"], done["unlisted"]) == ("completed", 1)
    events = await all_events(running)
    gone = one(events, "assignment", student_id="ann", assignment_id="x7")
    assert (gone["deleted"], gone["modified_at"]) == (True, "2026-03-04T13:00:00+00:00")
    assert one(events, "portal_access", user_id="dad")["portal"] is False
    assert done["events"] == {"assignment": 2, "portal_access": 1, "student": 0} or done["events"] == {
        "assignment": 2,
        "portal_access": 1,
    }


async def test_over_a_tenth_ended_waits_for_a_confirmation(running: Running) -> None:
    _, key = await running.publisher()
    rows = roster()
    await running.upload(key, package(rows), exported_at="2026-03-04T12:00:00Z")
    before = len(await all_events(running))
    for file in (FileName.USERS, FileName.ROLES, FileName.ENROLLMENTS, FileName.RESULTS):
        rows[file] = [row for row in rows[file] if "bob" not in row.values()]
    done = await running.upload(key, package(rows), exported_at="2026-03-04T13:00:00Z")
    assert (done["status"], done["unlisted"]) == ("waiting_for_confirmation", 4)
    assert len(await all_events(running)) == before
    place = f"/v1/imports/{done['id']}"
    foreign = await running.client.post(
        f"{place}/confirmation", headers=bearer(running.token(district="elsewhere"))
    )
    assert foreign.status == 404
    answer = await running.client.post(f"{place}/confirmation", headers=bearer(running.token()))
    assert answer.status == 202
    assert (await running.finished(place, key))["status"] == "completed"
    again = await running.client.post(f"{place}/confirmation", headers=bearer(key))
    assert again.status == 409
    events = await all_events(running)
    assert one(events, "enrollment", student_id="bob")["active"] is False
    assert one(events, "assignment", student_id="bob", assignment_id="q1")["deleted"] is True


async def test_a_delta_touches_what_it_names(running: Running) -> None:
    _, key = await running.publisher()
    rows = roster()
    await running.upload(key, package(rows), exported_at="2026-03-01T12:00:00Z")
    old = {event.id for event in await all_events(running)}
    result = {**rows[FileName.RESULTS][0], "score": "19", "late": "false"}
    delta = dated({FileName.RESULTS: [result]}, "2026-03-04T10:00:00.123Z")
    done = await running.upload(key, package(delta, Mode.DELTA))
    assert (done["status"], done["events"], done["backfill"]) == ("completed", {"assignment": 1}, False)
    (news,) = [data_of(e) for e in await all_events(running) if e.id not in old]
    assert (news["score_percent"], news["late"]) == (95, False)
    assert news["modified_at"] == "2026-03-04T10:00:00.123000+00:00"
    gone = {
        **rows[FileName.LINE_ITEMS][0],
        "status": "tobedeleted",
        "dateLastModified": "2026-03-04T11:00:00Z",
    }
    done = await running.upload(key, package({FileName.LINE_ITEMS: [gone]}, Mode.DELTA))
    assert done["events"] == {"assignment": 2}
    assert one(await all_events(running), "assignment", student_id="ann", assignment_id="q1")["deleted"]


async def test_agents_have_the_portal_where_the_source_is_set_so(running: Running) -> None:
    _, key = await running.publisher(agents_have_portal=True)
    await running.upload(key, package(roster()))
    events = await all_events(running)
    assert one(events, "portal_access", user_id="mum")["portal"] is True
    assert one(events, "portal_access", user_id="dad")["portal"] is False  # the account is disabled


async def test_bad_rows_are_listed_and_good_ones_count(running: Running) -> None:
    _, key = await running.publisher()
    rows = roster()
    rows[FileName.USERS] += [
        {**rows[FileName.USERS][0], "username": "again"},
        {**rows[FileName.USERS][1], "sourcedId": "c d"},
        {**rows[FileName.USERS][1], "sourcedId": "eve", "enabledUser": "yes", "givenName": ""},
    ]
    rows[FileName.LINE_ITEMS].append({**rows[FileName.LINE_ITEMS][0], "sourcedId": "q3", "dueDate": "soon"})
    rows[FileName.RESULTS].append({**rows[FileName.RESULTS][0], "sourcedId": "r3", "lineItemSourcedId": "q3"})
    rows[FileName.RESULTS].append(
        {**rows[FileName.RESULTS][0], "sourcedId": "r4", "dateLastModified": "2026-03-04T15:06:00Z"}
    )
    done = await running.upload(key, package(rows))
    assert done["status"] == "completed_with_errors"
    assert [(e["file"], e["line"], e["field"], e["reason"]) for e in done["errors"]] == [
        ("users.csv", 7, "sourcedId", "duplicate_sourced_id"),
        ("users.csv", 8, "sourcedId", "invalid_guid"),
        ("users.csv", 9, "enabledUser", "invalid_boolean"),
        ("users.csv", 9, "givenName", "missing_required_value"),
        ("lineItems.csv", 4, "dueDate", "invalid_date"),
        ("results.csv", 4, "lineItemSourcedId", "missing_target_record"),
        ("results.csv", 5, "dateLastModified", "modified_in_future"),
    ]
    assert (done["errors_total"], done["files"]["users"]["bad"]) == (7, 3)
    assert done["events"]["assignment"] == 4
    page = await running.client.get(f"/v1/imports/{done['id']}", params={"limit": 3}, headers=bearer(key))
    first = await page.json()
    assert len(first["errors"]) == 3
    rest = await running.client.get(
        f"/v1/imports/{done['id']}", params={"cursor": first["next_cursor"]}, headers=bearer(key)
    )
    assert first["errors"] + (await rest.json())["errors"] == done["errors"]


async def test_a_row_that_turned_bad_does_not_end_what_it_stood_for(running: Running) -> None:
    _, key = await running.publisher()
    rows = roster()
    await running.upload(key, package(rows))
    rows[FileName.ENROLLMENTS][0]["beginDate"] = "not a date"
    done = await running.upload(key, package(rows))
    assert (done["status"], done["unlisted"], done["events"]) == ("completed_with_errors", 0, {})


def _manifest(**over: str) -> dict[str, str | bytes]:
    rows = roster()
    members: dict[str, str | bytes] = {"manifest.csv": manifest_text(dict.fromkeys(rows, Mode.BULK))}
    members |= {file.member: csv_text(file, found) for file, found in rows.items()}
    return {**members, **over}


def _without(*names: str) -> dict[str, str | bytes]:
    return {name: text for name, text in _manifest().items() if name not in names}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_a_zip"),
        (b"PK not a zip", "not_a_zip"),
        (package(roster())[:-30], "not_a_zip"),
        (zipped({}), "missing_manifest"),
        (zipped(_without("users.csv")), "missing_file"),
        (zipped(_manifest(**{"other.csv": "x"})), "unknown_file"),
        (zipped(_manifest(**{"sub/users.csv": "x"})), "unknown_file"),
        (zipped(_manifest(**{"demographics.csv": "sourcedId\n"})), "unexpected_file"),
        (zipped(_manifest(**{"users.csv": "sourcedId,username\n"})), "missing_column"),
        (zipped(_manifest(**{"users.csv": ""})), "missing_header"),
        (zipped(_manifest(**{"categories.csv": "sourcedId,title,color\n"})), "unknown_column"),
        (zipped(_manifest(**{"manifest.csv": "name,value\n"})), "invalid_manifest_header"),
        (
            zipped(
                _manifest(
                    **{
                        "manifest.csv": manifest_text({}).replace(
                            "oneroster.version,1.2", "oneroster.version,1.1"
                        )
                    }
                )
            ),
            "unsupported_version",
        ),
        (zipped({f"f{i}.csv": "" for i in range(65)}), "too_many_members"),
        (zipped(_manifest(**{"users.csv": b"0" * (64 << 20)})), "expands_too_much"),
    ],
)
async def test_a_package_with_a_fault_of_its_own_is_refused(
    running: Running, body: bytes, reason: str
) -> None:
    _, key = await running.publisher()
    answer = await running.client.post("/v1/imports/oneroster", data=body, headers=bearer(key))
    assert answer.status == 400, await answer.text()
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["errors"][0]["reason"] == reason


async def test_a_damaged_member_is_refused(running: Running) -> None:
    _, key = await running.publisher()
    body = bytearray(package(roster()))
    at = body.index(b"users.csv") + 60
    body[at : at + 8] = b"\xff" * 8
    answer = await running.client.post("/v1/imports/oneroster", data=bytes(body), headers=bearer(key))
    assert answer.status == 400, await answer.text()


async def test_a_package_that_is_too_large(start: Starter) -> None:
    async with start(package_limit_bytes=2_048) as running:
        _, key = await running.publisher()
        answer = await running.client.post("/v1/imports/oneroster", data=b"x" * 4_096, headers=bearer(key))
        assert answer.status == 413


async def test_parameters_of_an_upload(running: Running) -> None:
    _, key = await running.publisher()
    for query in ({"alerts": "maybe"}, {"exported_at": "soon"}, {"exported_at": "2026-03-04T15:05:01Z"}):
        answer = await running.client.post(
            "/v1/imports/oneroster", data=package(roster()), params=query, headers=bearer(key)
        )
        assert answer.status == 400, query
    assert (await running.client.post("/v1/imports/oneroster", data=b"")).status == 401


async def test_another_district_sees_no_import(running: Running) -> None:
    _, key = await running.publisher()
    done = await running.upload(key, package(roster()))
    _, foreign = await running.publisher(district="elsewhere")
    for credential in (foreign, running.token(district="elsewhere")):
        answer = await running.client.get(f"/v1/imports/{done['id']}", headers=bearer(credential))
        assert answer.status == 404
    answer = await running.client.get(f"/v1/imports/{done['id']}", headers=bearer(running.token()))
    assert answer.status == 200


class Failing:
    """A producer that loses its broker at one call, and the process with it as far as the job can tell."""

    def __init__(self, inner: Producer, at: int) -> None:
        self._inner = inner
        self._at = at
        self.calls = 0

    async def send(self, messages: list[Message]) -> list[Exception | None]:
        self.calls += 1
        if self.calls == self._at:
            return [TimeoutError("away")] * len(messages)
        return list(await self._inner.send(messages))


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_an_import_goes_on_where_the_broker_left_it(start: Starter, at: int) -> None:
    from bellwire_kit.streams.aiokafka_producer import AiokafkaProducer
    from gradebook_events.settings import Settings

    async with start() as first:
        settings: Settings = first.settings
    # Gone by now: its own worker would take the import up where the other left it.
    inner = AiokafkaProducer(settings.streams)
    producer = Failing(inner, at)
    async with start(producer=producer) as running:
        _, key = await running.publisher()
        done = await running.upload(key, package(roster()))
        assert (done["status"], producer.calls) == ("completed", 4)
        events = await all_events(running)
        assert kinds(events) == {
            "school": 1,
            "student": 2,
            "enrollment": 2,
            "portal_access": 2,
            "assignment": 4,
        }
    await inner.close()


async def test_ids_are_the_same_on_a_second_run(start: Starter) -> None:
    async with start() as running:
        publisher_id, key = await running.publisher()
        await running.upload(key, package(roster()), exported_at="2026-03-04T12:00:00Z")
        first = sorted(event.id for event in await all_events(running))
        await running.pool.execute("delete from things where publisher_id = $1", publisher_id)
        done = await running.upload(key, package(roster()), exported_at="2026-03-04T13:00:00Z")
        assert sum(done["events"].values()) == len(first)
        assert sorted({event.id for event in await all_events(running)}) == first


def test_no_personal_data_in_faults() -> None:
    # What is stored and answered about a fault names fields, never values.
    from gradebook_events.domain.oneroster.csv_records import Cells
    from gradebook_events.domain.oneroster.rows import BadRow, Header, Reading, read_header, read_row

    columns = csv_text(FileName.USERS, []).strip().split(",")
    header = read_header(FileName.USERS, Cells(1, tuple(columns)))
    assert isinstance(header, Header)
    values = tuple("Zebulon\x01Secret" for _ in columns)
    row = read_row(header, Cells(2, values), Reading(Mode.BULK, NOW, NOW))
    assert isinstance(row, BadRow)
    assert "Zebulon" not in orjson.dumps([fault.detail for fault in row.faults]).decode()
