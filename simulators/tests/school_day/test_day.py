"""The day is the same each time, covers every scene, and what it publishes is valid by the contracts."""

import csv
import io
import json
import zipfile
from collections import Counter
from datetime import UTC, date, datetime

import pytest
from bellwire_schemas.catalogue import INCOMING
from bellwire_simulators.school_day.cloud_events import Publisher, batch, binary, structured
from bellwire_simulators.school_day.district import District, make_district
from bellwire_simulators.school_day.oneroster import bundle
from bellwire_simulators.school_day.plan import Verdict, make_plan

DISTRICT = make_district()
PLAN = make_plan(DISTRICT, "2026-10-14")
MOMENT = datetime(2026, 10, 14, 15, 0, tzinfo=UTC)


def test_two_runs_speak_of_the_same_people_and_changes() -> None:
    assert make_district() == DISTRICT
    assert make_plan(DISTRICT, "2026-10-14") == PLAN


def test_it_has_the_size_that_was_promised() -> None:
    assert len(DISTRICT.schools) >= 3
    assert len(DISTRICT.students) >= 1_500
    assert any(len(user.student_ids) > 1 for user in DISTRICT.users)


def test_every_verdict_occurs() -> None:
    counted = Counter(verdict for change in PLAN.changes() for verdict in change.verdicts.values())
    assert set(counted) == set(Verdict)


def test_a_user_is_due_one_alert_a_student_and_kind_of_change_within_an_act() -> None:
    for act in PLAN.acts:
        due = Counter(
            (user_id, change.student.student_id, change.kind)
            for change in act.changes
            for user_id, verdict in change.verdicts.items()
            if verdict is Verdict.DUE
        )
        assert not due or max(due.values()) == 1


def test_event_names_are_unique() -> None:
    names = Counter(change.name for change in PLAN.changes())
    assert max(names.values()) == 1


def _all_events(district: District) -> list[object]:
    publisher = Publisher(district)
    settings = [*publisher.settings(MOMENT), *publisher.portal(MOMENT), *publisher.lunch_accounts(MOMENT)]
    return [*settings, *(publisher.change(change, MOMENT) for change in PLAN.changes())]


def test_every_event_is_valid_by_its_contract() -> None:
    for event in _all_events(DISTRICT):
        data = event.get_data()  # type: ignore[attr-defined]
        INCOMING[event.get_type()].model.model_validate(data)  # type: ignore[attr-defined]


@pytest.mark.parametrize("encode", [binary, structured])
def test_the_sdk_encodes_each_mode(encode: object) -> None:
    event = Publisher(DISTRICT).change(next(PLAN.changes()), MOMENT)
    headers, body = encode(event)  # type: ignore[operator]
    assert "content-type" in {name.lower() for name in headers}
    assert json.loads(body)


def test_a_batch_is_an_array_of_structured_events() -> None:
    publisher = Publisher(DISTRICT)
    events = [publisher.change(change, MOMENT) for change in PLAN.acts[0].changes]
    _, body = batch(events)
    assert [row["id"] for row in json.loads(body)] == [change.name for change in PLAN.acts[0].changes]


def test_the_bundle_lists_every_student_once_with_guardians() -> None:
    archive = zipfile.ZipFile(io.BytesIO(bundle(DISTRICT, date(2026, 10, 14))))
    users = list(csv.DictReader(io.StringIO(archive.read("users.csv").decode())))
    agents = {agent for row in users for agent in row["agentSourcedIds"].split(",") if agent}
    assert {row["sourcedId"] for row in users} >= {s.student_id for s in DISTRICT.students} | agents
    enrolments = Counter(
        row["userSourcedId"] for row in csv.DictReader(io.StringIO(archive.read("enrollments.csv").decode()))
    )
    assert set(enrolments.values()) == {1}
    assert len(enrolments) == len(DISTRICT.students)
