"""The day is the same each time, covers every scene, and what it publishes is valid by the contracts."""

import csv
import io
import json
import zipfile
from collections import Counter
from datetime import UTC, date, datetime

import pytest
from bellwire_schemas.catalogue import INCOMING
from bellwire_simulators.school_day.casting import GRACE_MINUTES
from bellwire_simulators.school_day.cloud_events import Publisher, batch, binary, structured
from bellwire_simulators.school_day.district import District, make_district
from bellwire_simulators.school_day.making import make_plan
from bellwire_simulators.school_day.oneroster import bundle
from bellwire_simulators.school_day.plan import LATER, Act, Verdict

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


def _minutes(act: Act) -> int:
    hours, minutes = act.at.split(":")
    return act.days_later * 24 * 60 + int(hours) * 60 + int(minutes)


def test_the_acts_are_in_the_order_of_time() -> None:
    times = [_minutes(act) for act in PLAN.acts]
    assert times == sorted(set(times))


def test_what_is_held_is_released_once_by_a_later_act_and_nothing_else_is() -> None:
    held: dict[tuple[str, str], Act] = {}
    for act in PLAN.acts:
        for release in act.releases:
            for name in release.names:
                assert _minutes(held.pop((release.user_id, name))) < _minutes(act)
        for change in act.changes:
            for user_id, verdict in change.verdicts.items():
                if verdict in LATER:
                    held[user_id, change.name] = act
    assert held == {}


def test_a_slip_is_put_right_within_grace_and_released_after_it() -> None:
    at = {change.name: _minutes(act) for act in PLAN.acts for change in act.changes}
    over = next(_minutes(act) for act in PLAN.acts if act.title.endswith("grace are over"))
    for _, student in (PLAN.scenes.slip, PLAN.scenes.slip_below):
        slip, righted = at[f"slip-{student.student_id}"], at[f"slip-righted-{student.student_id}"]
        assert slip < righted < slip + GRACE_MINUTES < over


def test_only_users_with_a_wish_are_held_and_they_watch_alone() -> None:
    followed = {user.user_id: user for user in PLAN.scenes.users()}
    waiting = {*LATER, Verdict.PUT_RIGHT}
    for change in PLAN.changes():
        held = {user_id for user_id, verdict in change.verdicts.items() if verdict in waiting}
        assert held <= PLAN.wishes.keys() <= followed.keys()
        assert not held or set(change.verdicts) == held


def test_nobody_is_held_who_is_not_due() -> None:
    change = next(change for change in PLAN.changes() if Verdict.NO_PORTAL in change.verdicts.values())
    unseen = next(user_id for user_id, verdict in change.verdicts.items() if verdict is Verdict.NO_PORTAL)
    user = next(user for user in DISTRICT.users if user.user_id == unseen)
    with pytest.raises(ValueError, match="nothing can hold it"):
        change.but(user, Verdict.IN_GRACE)


def test_no_school_has_as_many_facts_in_ten_minutes_as_the_surge_hold_looks_for() -> None:
    for start in map(_minutes, PLAN.acts):
        counted = Counter(
            change.student.school_id
            for act in PLAN.acts
            if start <= _minutes(act) <= start + 10
            for change in act.changes
        )
        assert not counted or max(counted.values()) < 500


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
