"""Hypothesis strategies: settings documents, rosters, histories."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from bellwire_schemas.names import Environment, Group, Kind, PortalRole, Privacy, Weekday
from bellwire_schemas.source import Source
from hypothesis import strategies as st
from threshold_evaluator.domain.documents import read_district, read_school, read_user
from threshold_evaluator.domain.effective import GROUP_OF
from threshold_evaluator.domain.roster import Bells, District, Enrolment, School, Student, Watcher

SOURCE = Source("d", Environment.PRODUCTION)
CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 10, 14, 17, 0, tzinfo=UTC)
ZONES = (
    "America/Chicago",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Cairo",
    "America/Santiago",
    "UTC",
)

clocks = st.times().map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None, fold=0))
texts_of_day = clocks.map(lambda t: f"{t:%H:%M}")
zones = st.sampled_from(ZONES)
instants = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC, fold=0)
)
scores = st.decimals(0, 100, places=2).flatmap(lambda score: st.sampled_from([str(score), float(score)]))


def _some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


_rule = {
    "enabled": st.booleans(),
    "delivery": st.sampled_from(["immediate", "daily", "weekly", "inbox"]),
    "grace_minutes": st.integers(0, 1440),
}
_score_rule = _some(
    **_rule,
    threshold=st.one_of(st.just("always"), scores),
    above=st.one_of(st.just("off"), scores),
    compare=st.sampled_from(["below", "crossing"]),
)
_lunch_rule = _some(
    **_rule,
    threshold=st.decimals(0, 50, places=2).map(str),
    remind_days=st.one_of(st.just("off"), st.integers(1, 30)),
)
RULES = {
    Group.ASSIGNMENTS: _score_rule,
    Group.GRADES: _score_rule,
    Group.ATTENDANCE: _some(**_rule),
    Group.LUNCH: _lunch_rule,
}
student_documents = _some(
    groups=_some(**{group.value: rule for group, rule in RULES.items()}),
    kinds=_some(**{kind.value: RULES[GROUP_OF[kind]] for kind in Kind}),
)
quiet = st.one_of(
    st.just("off"),
    st.tuples(texts_of_day, texts_of_day)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: {"from": pair[0], "to": pair[1]}),
)
_common = _some(
    quiet_hours=quiet,
    digest=_some(at=texts_of_day, weekday=st.sampled_from([day.value for day in Weekday])),
    coalesce_minutes=st.integers(0, 120),
    daily_cap=st.integers(1, 200),
    privacy=st.sampled_from([level.value for level in Privacy]),
    locale=st.sampled_from(["en", "es", "es-MX", "fr"]),
    timezone=zones,
)
user_documents = st.tuples(student_documents, _common).map(lambda pair: {**pair[0], **pair[1]})
_POINTERS = (
    "/groups/assignments/threshold",
    "/groups/grades",
    "/groups",
    "/groups/lunch/remind_days",
    "/kinds",
    "/kinds/assignment.late/enabled",
    "/kinds/lunch.low",
    "/quiet_hours",
    "/digest",
    "/digest/at",
    "/locale",
    "/timezone",
    "/privacy",
    "/daily_cap",
)
_place = _some(
    push_enabled=st.booleans(),
    areas=_some(assignments=st.booleans(), grades=st.booleans(), food_service=st.booleans()),
    allowed_kinds=st.lists(st.sampled_from([kind.value for kind in Kind]), unique=True),
    mandatory_kinds=st.lists(st.sampled_from([kind.value for kind in Kind]), unique=True, max_size=3),
    locks=st.lists(st.sampled_from(_POINTERS), unique=True, max_size=4),
    caps=_some(privacy=st.sampled_from([level.value for level in Privacy])),
    bell_hold=st.sampled_from(["off", "students", "all"]),
)


def _with(defaults: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(_place, _some(defaults=defaults, student_defaults=defaults)).map(
        lambda pair: {**pair[0], **pair[1]}
    )


districts = st.builds(
    lambda document, zone: District(SOURCE, "D", ZoneInfo(zone), read_district(document)),
    _with(user_documents),
    zones,
)
bells = st.builds(
    Bells,
    st.just(time(8, 0)) | clocks,
    st.just(time(15, 0)) | clocks,
    st.frozensets(st.integers(1, 7)),
)
schools = st.builds(
    lambda document, bell, zone: School("s", "S", ZoneInfo(zone), bell, read_school(document)),
    _with(student_documents),
    bells,
    zones,
)
watchers = st.builds(
    lambda role, portal, locale, zone, own, one: Watcher(
        "u", role, portal, locale, zone, read_user(own, one)
    ),
    st.sampled_from(PortalRole),
    st.booleans(),
    st.sampled_from(["", "es"]),
    st.sampled_from(["", *ZONES]),
    user_documents,
    student_documents,
)


def student(*watching: Watcher, enrolled: bool = True) -> Student:
    """A student of school `s`, enrolled always or never."""
    return Student("st", "s", "Mia", (Enrolment("s", "", date.min, date.max, enrolled),), watching)


def plain_watcher(user: str = "u", own: dict[str, Any] | None = None) -> Watcher:
    """A guardian with the portal flag."""
    return Watcher(user, PortalRole.GUARDIAN, True, "", "", read_user(own or {}, {}))


def plain_district(document: dict[str, Any] | None = None) -> District:
    """A district in Chicago."""
    return District(SOURCE, "D", CHICAGO, read_district(document or {}))


def plain_school() -> School:
    """A school in Chicago that sets nothing."""
    return School("s", "S", CHICAGO, Bells(), read_school({}))
