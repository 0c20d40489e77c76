"""Whatever a source says, what it becomes is an event that the door would let in."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source
from gradebook_events.domain.admission import Admitted, admit
from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.oneroster.academic_sessions import NO_CALENDAR, Calendar, calendar_of
from gradebook_events.domain.oneroster.agents import guardians
from gradebook_events.domain.oneroster.comparison import Before, News, news
from gradebook_events.domain.oneroster.enrollments import Enrolled, enrolments
from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.line_items import Section, assignments
from gradebook_events.domain.oneroster.names import Status
from gradebook_events.domain.oneroster.orgs import organisations
from gradebook_events.domain.oneroster.scores import percent
from gradebook_events.domain.oneroster.students import school_of, student_roles, students
from gradebook_events.domain.oneroster.things import Thing, ThingKind, event_of
from gradebook_events.domain.publishers import Publisher
from hypothesis import given
from hypothesis import strategies as st

from ..strategies import (
    enrollments,
    entities,
    floats,
    line_items,
    moments,
    results,
    roles,
    sessions,
    unique,
    users,
    words,
)

FIRST = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SOURCE = Source("north", Environment.SANDBOX)
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def let_in(thing: Thing) -> dict[str, Any]:
    """Return the data of a thing's event, after the door has let it in."""
    event = event_of(thing, SOURCE, "p", backfill=True)
    incoming = Incoming(event.id, event.source, event.type, event.subject, "", event.data, event.extensions)
    judged = admit(incoming, Publisher("p", SOURCE), NOW)
    assert isinstance(judged, Admitted), judged
    return dict(orjson.loads(event.data))


def by_id(rows: Iterable[Entity]) -> dict[str, Entity]:
    return {row.sourced_id: row for row in rows}


classes = entities("c", title=st.just("Algebra"), termSourcedIds=st.sampled_from(["ta", "tb,ta"]))
sections = st.builds(
    Section,
    classes,
    st.sampled_from(["", "Course"]),
    unique(line_items),
    unique(enrollments),
    unique(results),
)


@given(sections, unique(sessions))
def test_one_assignment_per_line_item_and_enrolled_student(section: Section, terms: list[Entity]) -> None:
    found = list(assignments(section, by_id(terms)))
    enrolled = {row.text("userSourcedId") for row in section.enrollments if row.text("role") == "student"}
    expected = {(item.sourced_id, student) for item in section.line_items for student in enrolled}
    assert {(t.identity["assignment_id"], t.identity["student_id"]) for t in found} == expected
    assert len(found) == len(expected)
    for thing in found:
        data = let_in(thing)
        item = by_id(section.line_items)[data["assignment_id"]]
        live = {
            row.text("userSourcedId")
            for row in section.enrollments
            if row.text("role") == "student" and row.live
        }
        assert data["deleted"] == (not (item.live and section.row.live and data["student_id"] in live))
        assert thing.modified_at >= item.modified_at
        if data["score_percent"] is not None:
            lowest = Decimal(item.text("resultValueMin") or "0")
            highest = Decimal(item.text("resultValueMax"))
            assert highest > lowest


@given(floats.map(Decimal), floats.map(Decimal), floats.map(Decimal), st.decimals(0, 100, places=2))
def test_percent_is_exact_against_every_threshold(
    score: Decimal, lowest: Decimal, highest: Decimal, threshold: Decimal
) -> None:
    if highest <= lowest:
        return
    # strictly below, without dividing: 100 * (score - lowest) < threshold * (highest - lowest)
    below = 100 * (score - lowest) < threshold * (highest - lowest)
    assert (percent(score, lowest, highest) < threshold) == below


@given(users, unique(roles), st.lists(enrollments, max_size=4), unique(sessions))
def test_a_student_and_its_enrolments(
    user: Entity, own: list[Entity], rows: list[Entity], terms: list[Entity]
) -> None:
    found_roles = student_roles(own)
    school = school_of(user, found_roles, rows, frozenset({"sa"}))
    assert school in ("", "sa")
    for thing in students(user, school):
        assert let_in(thing)["school_id"] == "sa"
    calendars = [calendar_of(f"t{one}", by_id(terms)) for one in "abcd"]
    spans = [Enrolled(row, calendars[n]) for n, row in enumerate(rows)]
    found = list(enrolments(user, spans, found_roles))
    assert len({thing.thing_id for thing in found}) == len(found)
    of_classes = {row.text("schoolSourcedId") for row in rows}
    of_roles = {role.text("orgSourcedId") for role in found_roles}
    assert {thing.identity["school_id"] for thing in found} == of_classes | of_roles
    for thing in found:
        data = let_in(thing)
        assert user.live or not data["active"]


@given(unique(sessions), st.sampled_from(["ta", "tb", "nowhere"]))
def test_the_calendar_ends_whatever_the_parents_say(terms: list[Entity], start: str) -> None:
    found = calendar_of(start, by_id(terms))
    assert (found is NO_CALENDAR) == (start not in by_id(terms))
    if isinstance(found, Calendar):
        assert found.calendar_id in by_id(terms)


@given(users, unique(users), st.booleans())
def test_agents_are_guardians_and_have_no_portal_unless_set(
    student: Entity, everybody: list[Entity], may: bool
) -> None:
    known = by_id(everybody)
    found = list(guardians(student, known, {}, agents_have_portal=may))
    assert {t.identity["user_id"] for t in found} == set(student.list("agentSourcedIds")) & known.keys()
    for thing in found:
        data = let_in(thing)
        agent = known[data["user_id"]]
        assert data["portal"] == (may and student.live and agent.live and agent.flag("enabledUser"))


orgs = entities(
    "s",
    type=st.sampled_from(["school", "district", "department"]),
    name=words,
    **{
        "metadata.state": st.sampled_from(["", "TX", "texas"]),
        "metadata.timezone": st.sampled_from(["", "America/Chicago", "Nowhere/Never"]),
    },
)


@given(unique(orgs))
def test_schools_and_districts(found: list[Entity]) -> None:
    things = list(organisations(found))
    for thing in things:
        let_in(thing)
    schools = {row.sourced_id for row in found if row.live and row.text("type") == "school"}
    assert {thing.owner for thing in things if thing.kind.value == "school"} == schools


def before(item: News) -> Before:
    thing = item.thing
    return Before(
        thing.kind,
        thing.thing_id,
        thing.scope,
        thing.owner,
        thing.identity,
        thing.needed,
        thing.digest,
        thing.modified_at,
        item.is_end,
    )


@given(sections, sections, moments, moments)
def test_comparing_settles(first: Section, second: Section, at: datetime, later: datetime) -> None:
    """After a comparison is published, comparing the same again is no news; versions never go back."""
    published: dict[tuple[str, str], Before] = {}
    for section, moment in ((first, at), (second, later)):
        things = list(assignments(section, {}))
        for item in news(things, published.values(), moment):
            let_in(item.thing)
            known = published.get((item.thing.kind, item.thing.thing_id))
            assert known is None or item.thing.modified_at >= known.modified_at
            published[item.thing.kind, item.thing.thing_id] = before(item)
        assert not list(news(things, published.values(), moment))
    listed = {thing.thing_id for thing in assignments(second, {})}
    assert {key[1] for key, item in published.items() if not item.ended} == listed


@given(sections)
def test_ids_say_what_they_are_about(section: Section) -> None:
    things = list(assignments(section, {}))
    ids = [event_of(thing, SOURCE, "p", backfill=False).id for thing in things]
    assert len(set(ids)) == len(ids)
    assert ids == [event_of(thing, SOURCE, "p", backfill=True).id for thing in things]
    assert not set(ids) & {event_of(thing, SOURCE, "q", backfill=False).id for thing in things}


def test_what_goes_there_and_back_under_one_version_is_two_events() -> None:
    """A source that never touches its dates: each import that says other content is news of its own."""

    def thing(score: int) -> Thing:
        identity = {"student_id": "s", "assignment_id": "a"}
        return Thing(ThingKind.ASSIGNMENT, "c", "s", identity, {"score_points": score}, FIRST, {})

    published: dict[tuple[str, str], Before] = {}
    ids: list[str] = []
    for hour, score in enumerate((15, 3, 15, 3)):
        exported_at = FIRST + timedelta(days=1, hours=hour)
        (item,) = news([thing(score)], published.values(), exported_at)
        (again,) = news([thing(score)], published.values(), exported_at)
        assert item == again
        assert item.thing.modified_at == FIRST
        ids.append(event_of(item.thing, SOURCE, "p", backfill=False).id)
        published[item.thing.kind, item.thing.thing_id] = before(item)
    assert len(set(ids)) == 4


def test_status_words() -> None:
    assert {status.value for status in Status} == {"active", "tobedeleted"}
