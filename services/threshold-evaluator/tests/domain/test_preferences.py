"""Effective settings against the slow, obvious resolver."""

from decimal import Decimal, InvalidOperation
from typing import Any

from bellwire_schemas.names import Area, Kind
from hypothesis import given
from hypothesis import strategies as st
from threshold_evaluator.domain.documents import (
    faults_of_user,
    merge_patch,
    read_district,
    read_school,
    read_user,
)
from threshold_evaluator.domain.preferences import resolve
from threshold_evaluator.domain.roster import District, Roster, School, Watcher

from .slow_preferences import slow
from .worlds import districts, plain_district, plain_watcher, schools, user_documents, watchers


def plain(value: Any) -> Any:
    try:
        return value if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return value


@given(districts, schools, watchers)
def test_it_agrees_with_the_obvious_one(district: District, school: School, watcher: Watcher) -> None:
    effective = resolve(district, school, watcher)
    expected = slow(district, school, watcher)
    assert {pointer: plain(value) for pointer, value in effective.values().items()} == {
        pointer: plain(value) for pointer, (value, _, _) in expected.items()
    }
    assert {pointer: layer.value for pointer, layer in effective.layers.items()} == {
        pointer: layer for pointer, (_, layer, _) in expected.items()
    }
    assert effective.locked == {pointer for pointer, (_, _, locked) in expected.items() if locked}
    mandatory = district.settings.mandatory_kinds | school.settings.mandatory_kinds
    assert {kind for kind, rule in effective.kinds.items() if rule.mandatory} == mandatory
    assert not any(rule.mandatory for rule in effective.groups.values())


@given(districts, schools, watchers)
def test_what_is_locked_does_not_come_from_the_user(
    district: District, school: School, watcher: Watcher
) -> None:
    effective = resolve(district, school, watcher)
    assert not any(effective.layers[pointer].value.startswith("user") for pointer in effective.locked)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from("abc"), json_values, max_size=3)


@given(objects, objects)
def test_merge_patch_is_idempotent_and_leaves_no_null(target: Any, patch: Any) -> None:
    clean = merge_patch({}, target)
    merged = merge_patch(clean, patch)
    assert merge_patch(merged, patch) == merged
    assert None not in list(_leaves(merged))


def _leaves(value: Any) -> Any:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    else:
        yield value


@given(user_documents)
def test_right_documents_have_no_fault(document: dict[str, Any]) -> None:
    assert faults_of_user(document) == ()


@given(user_documents, st.dictionaries(st.text(max_size=4), json_values, max_size=3))
def test_reading_is_total_and_keeps_what_is_right(document: dict[str, Any], wrong: dict[str, Any]) -> None:
    read = read_user({**wrong, **document}, {}).own
    assert faults_of_user(read) == ()
    assert all(read[key] == value for key, value in merge_patch({}, document).items())


def test_what_is_wrong_in_a_published_document_costs_only_itself() -> None:
    read = read_district(
        {
            "areas": {"planner": None, "grades": "no", "food_service": False},
            "defaults": {"privacy": None, "groups": {"grades": {"above": None, "threshold": 70}}},
            "allowed_kinds": ["grade.posted", "grade.lost", "lunch.low", 7],
            "mandatory_kinds": ["grade.lost", "grade.posted"],
            "locks": ["privacy", "/groups/grades/threshold", "grades", "/privacy"],
        }
    )
    assert read.closed_areas == {Area.FOOD_SERVICE}
    assert read.defaults == {"groups": {"grades": {"threshold": 70}}}
    assert read.allowed_kinds == {Kind.GRADE_POSTED, Kind.LUNCH_LOW}
    assert read.mandatory_kinds == {Kind.GRADE_POSTED}
    assert read.locks == ("/groups/grades/threshold", "/privacy")


def test_of_kinds_none_of_which_is_known_none_is_allowed() -> None:
    assert read_school({"allowed_kinds": ["grade.lost", None]}).allowed_kinds == frozenset()


def test_any_number_of_wrong_things_is_read_in_one_walk() -> None:
    many = 50_000  # a walk for each of them would take an hour
    read = read_district(
        {**{f"field-{number}": 1 for number in range(many)}, "locks": [7] * many, "paused": True}
    )
    assert (read.paused, read.locks, len(read.ignored)) == (True, (), 2 * many)


def test_what_holds_at_a_school_that_nobody_described_is_resolved_once() -> None:
    district, watcher = plain_district(), plain_watcher()
    batches = [Roster(district, {}, {}) for _ in range(2)]
    one, other = (resolve(district, each.school("nowhere"), watcher) for each in batches)
    assert one is other
