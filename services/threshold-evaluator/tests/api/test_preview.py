"""The preview against a replay: any history, any settings, exactly what detection would have let through."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bellwire_schemas.changes import AssignmentChanged, AttendanceChanged, GradeChanged, LunchBalanceChanged
from bellwire_schemas.names import AttendanceStatus, Environment, Group, PortalRole
from bellwire_schemas.source import Source
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from threshold_evaluator.adapters.postgres.decide.codec import write_content
from threshold_evaluator.domain.detecting import Detected, Incoming, detect
from threshold_evaluator.domain.documents import read_user
from threshold_evaluator.domain.judging import Route
from threshold_evaluator.domain.memory import Memory
from threshold_evaluator.domain.roster import District, Enrolment, Roster, Student, Watcher
from threshold_evaluator.domain.settings import PlaceSettings
from threshold_evaluator.domain.things import Content, ThingKey
from threshold_evaluator.preview import Past, would_have_sent

SOURCE = Source("lincoln", Environment.PRODUCTION)
NOW = datetime(2026, 10, 14, 15, 30, tzinfo=UTC)
BASE = {"district_id": "lincoln", "modified_at": NOW, "school_id": "north"}

scores = st.sampled_from([None, Decimal(40), Decimal(65), Decimal("69.99"), Decimal(70), Decimal(90)])
changes = st.one_of(
    st.builds(
        lambda student, thing, score, missing: (
            ThingKey(Group.ASSIGNMENTS, student, thing),
            AssignmentChanged(
                **BASE, student_id=student, assignment_id=thing, score_percent=score, missing=missing
            ),
        ),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from(["a", "b"]),
        scores,
        st.booleans(),
    ),
    st.builds(
        lambda student, score, posted: (
            ThingKey(Group.GRADES, student, "g"),
            GradeChanged(**BASE, student_id=student, grade_id="g", percent=score, posted=posted),
        ),
        st.sampled_from(["s1", "s2"]),
        scores,
        st.booleans(),
    ),
    st.builds(
        lambda thing, status, day: (
            ThingKey(Group.ATTENDANCE, "s1", thing),
            AttendanceChanged(
                **BASE, student_id="s1", attendance_id=thing, date=date(2026, 10, day), status=status
            ),
        ),
        st.sampled_from(["m1", "m2"]),
        st.sampled_from(AttendanceStatus),
        st.sampled_from([1, 14]),
    ),
    st.builds(
        lambda student, balance: (
            ThingKey(Group.LUNCH, student, "shared"),
            LunchBalanceChanged(**BASE, student_id=student, account_id="shared", balance=balance),
        ),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from([Decimal("4.99"), Decimal("9.99"), Decimal(10), Decimal(25)]),
    ),
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "groups": st.fixed_dictionaries(
            {},
            optional={
                "assignments": st.sampled_from([{"threshold": 70}, {"threshold": 70, "compare": "crossing"}]),
                "grades": st.sampled_from([{"enabled": False}, {"threshold": 70, "above": 85}]),
                "attendance": st.sampled_from([{"enabled": False}, {"delivery": "inbox"}]),
                "lunch": st.sampled_from([{"threshold": "5.00"}, {"threshold": "20.00"}]),
            },
        )
    },
)


def roster(document: dict[str, Any]) -> Roster:
    district = District(SOURCE, "Lincoln", ZoneInfo("America/Chicago"), PlaceSettings())
    watcher = Watcher("u1", PortalRole.GUARDIAN, True, "", "", read_user(document, {}))
    enrolment = Enrolment("north", "", date.min, date.max, True)
    students = {name: Student(name, "north", name, (enrolment,), (watcher,)) for name in ("s1", "s2")}
    return Roster(district, {}, students)


def replayed(history: Sequence[tuple[Any, bool]], document: dict[str, Any]) -> list[Detected]:
    memory, found, people = Memory(), [], roster(document)
    for number, ((key, change), backfill) in enumerate(history):
        at = NOW + timedelta(seconds=number)
        version = change.model_copy(update={"modified_at": at})
        incoming = Incoming(SOURCE, str(SOURCE), f"e{number}", key, version, "{}", backfill, at, at)
        detected = detect(incoming, people, memory, at)
        assert isinstance(detected, Detected)
        found.append(detected)
    return found


@given(st.lists(st.tuples(changes, st.sampled_from([False, False, False, True])), max_size=20), documents)
def test_a_preview_is_exactly_a_replay(history: list[tuple[Any, bool]], proposed: dict[str, Any]) -> None:
    # What is stored was detected under other settings: under those of the product.
    stored = replayed(history, {})
    past = [Past(each.turn, each.detection, each.turn.student.watchers[0]) for each in stored]
    counted = would_have_sent(
        past, lambda watcher: structs.replace(watcher, documents=read_user(proposed, {}))
    )
    expected = dict.fromkeys(Group, 0)
    for each in replayed(history, proposed):
        for judgement in each.judgements:
            expected[each.turn.key.group] += judgement.route is Route.TIMED
    assert counted == expected


URL = "/v1/me/settings/preview"


@pytest.fixture
async def home(town: Any) -> Any:
    """A town where s1 had three scores: 95, 60 and 40."""
    await town.student("s1")
    await town.access("u1", "s1")
    from threshold_evaluator.domain.things import Score, ValueForm

    for number, percent in enumerate((95, 60, 40)):
        await town.change(f"e{number}", "s1", town.served.clock.now() - timedelta(days=number))
        score = Content(score=Score(ValueForm.PERCENT, Decimal(percent), ""))
        await town.pool.execute(
            "update changes set memory_after = $3 where district_id = $1 and event_id = $2",
            town.id,
            f"e{number}",
            write_content(Group.ASSIGNMENTS, score),
        )
    return town


async def test_a_preview_counts_and_stores_nothing(home: Any) -> None:
    api = home.api("u1")
    answered = await api.post(URL, {"settings": {"groups": {"assignments": {"threshold": 70}}}})
    assert answered.status == 200, answered.body
    assert (answered.body["alerts"], answered.body["alerts_now"], answered.body["days"]) == (2, 3, 30)
    of_one = {"student_id": "s1", "settings": {"kinds": {"assignment.scored": {"threshold": 50}}}}
    assert (await api.post(URL, of_one)).body["alerts"] == 1
    assert (await api.ok("/v1/me/settings"))["document"] == {}


async def test_a_preview_refuses_what_a_change_would(home: Any) -> None:
    api = home.api("u1")
    answered = await api.post(URL, {"settings": {"timezone": "Mars/Olympus"}})
    assert (answered.status, answered.body["pointer"]) == (400, "/timezone")
    assert (await home.api("u2").post(URL, {"student_id": "s1", "settings": {}})).status == 404
    assert (await home.api("u2").post(URL, {"settings": {}})).body["alerts"] == 0


@pytest.mark.parametrize(("told", "alerts"), [(timedelta(days=40), 0), (timedelta(days=1), 1)])
async def test_a_balance_told_before_the_days_looked_at_is_no_news_in_them(
    town: Any, told: timedelta, alerts: int
) -> None:
    now = town.served.clock.now()
    await town.student("s1")
    await town.access("u1", "s1")
    await town.change("e1", "s1", now - timedelta(days=2))
    await town.pool.execute(
        "update changes set thing = 'lunch', thing_id = 'acc', memory_after = $2 where district_id = $1",
        town.id,
        write_content(Group.LUNCH, Content(balance=Decimal("5.00"))),
    )
    await town.pool.execute(
        "insert into told (district_id, environment, student_id, thing, thing_id, user_id, value, told_at)"
        " values ($1, 'production', '', 'lunch', 'acc', 'u1', '6.00', $2)",
        town.id,
        now - told,
    )
    assert (await town.api("u1").post(URL, {"settings": {}})).body["alerts_now"] == alerts
    week = await town.api("admin", "district_admin").post("/v1/admin/district/preview", {"settings": {}})
    assert week.body["alerts_now"] == alerts


async def test_of_one_student_of_a_shared_account(town: Any) -> None:
    now = town.served.clock.now()
    for number, student in enumerate(("s1", "s2")):
        await town.student(student)
        await town.access("u1", student)
        await town.change(f"e{number}", student, now - timedelta(days=3 - number))
    await town.pool.execute(
        "update changes set thing = 'lunch', thing_id = 'acc', memory_after = $2 where district_id = $1",
        town.id,
        write_content(Group.LUNCH, Content(balance=Decimal("5.00"))),
    )
    api = town.api("u1")
    for student, alerts in (("s1", 1), ("s2", 0)):
        answered = await api.post(URL, {"student_id": student, "settings": {}})
        assert (answered.body["alerts"], answered.body["alerts_now"]) == (alerts, alerts)
    off = {"student_id": "s1", "settings": {"groups": {"lunch": {"enabled": False}}}}
    assert (await api.post(URL, off)).body["alerts"] == 0
