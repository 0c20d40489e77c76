"""Arbitrary rows of a OneRoster source, small enough that they meet each other."""

from datetime import UTC, datetime

from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.names import Status
from hypothesis import strategies as st

ids = st.sampled_from(["a", "b", "c", "d"])
moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC))
days = st.dates(datetime(2025, 1, 1).date(), datetime(2026, 12, 31).date()).map(lambda day: day.isoformat())
flags = st.sampled_from(["", "true", "false"])
floats = st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{0,4})?", fullmatch=True)


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=5)
"""Cells that the reader lets through: no control characters."""


def entities(prefix: str, **fields: st.SearchStrategy[str]) -> st.SearchStrategy[Entity]:
    """Return rows whose blank fields are left out."""
    cells = st.fixed_dictionaries(fields).map(lambda found: {k: v for k, v in found.items() if v})
    return st.builds(Entity, ids.map(lambda one: f"{prefix}{one}"), st.sampled_from(Status), moments, cells)


def unique(rows: st.SearchStrategy[Entity], most: int = 5) -> st.SearchStrategy[list[Entity]]:
    """Return lists of rows with ids of their own."""
    return st.lists(rows, max_size=most, unique_by=lambda row: row.sourced_id)


users = entities(
    "u",
    enabledUser=st.sampled_from(["true", "false"]),
    givenName=words,
    familyName=words,
    agentSourcedIds=st.lists(ids.map(lambda one: f"u{one}"), max_size=3).map(",".join),
    grades=st.sampled_from(["", "09", "09,10"]),
    primaryOrgSourcedId=st.sampled_from(["", "sa", "sb"]),
)
roles = entities(
    "r",
    role=st.sampled_from(["student", "parent", "guardian", "teacher"]),
    roleType=st.sampled_from(["primary", "secondary"]),
    orgSourcedId=st.sampled_from(["sa", "sb"]),
    beginDate=st.one_of(st.just(""), days),
    endDate=st.one_of(st.just(""), days),
)
enrollments = entities(
    "e",
    role=st.sampled_from(["student", "student", "teacher"]),
    userSourcedId=ids.map(lambda one: f"u{one}"),
    schoolSourcedId=st.sampled_from(["sa", "sb"]),
    classSourcedId=st.just("ca"),
    beginDate=st.one_of(st.just(""), days),
    endDate=st.one_of(st.just(""), days),
)
sessions = entities(
    "t",
    type=st.sampled_from(["term", "schoolYear", "gradingPeriod"]),
    startDate=days,
    endDate=days,
    parentSourcedId=st.one_of(st.just(""), ids.map(lambda one: f"t{one}")),
)
line_items = entities(
    "l",
    title=words,
    assignDate=days,
    dueDate=days,
    resultValueMin=st.one_of(st.just(""), floats),
    resultValueMax=st.one_of(st.just(""), floats),
    academicSessionSourcedId=st.one_of(st.just(""), ids.map(lambda one: f"t{one}")),
)
results = entities(
    "x",
    lineItemSourcedId=ids.map(lambda one: f"l{one}"),
    studentSourcedId=ids.map(lambda one: f"u{one}"),
    scoreStatus=st.sampled_from(["exempt", "fully graded", "submitted"]),
    score=st.one_of(st.just(""), floats),
    textScore=st.sampled_from(["", "A"]),
    late=flags,
    missing=flags,
    incomplete=flags,
)
