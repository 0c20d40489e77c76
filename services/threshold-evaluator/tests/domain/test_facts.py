"""Detection against the plain words of product.md section 3, version by version."""

from decimal import Decimal
from typing import Any

from bellwire_schemas.changes import AssignmentChanged
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from threshold_evaluator.domain.facts import FLAG_KINDS

from .slow_facts import Version, told_plainly
from .test_detecting import (
    HEAD,
    LATE,
    PLAIN,
    attendance_changes,
    events,
    grade_changes,
    lunch_changes,
    play,
    told,
)

_numbers = st.sampled_from([None, None, Decimal(0), Decimal(5), Decimal(10), Decimal("5.0")])
_assignments = st.builds(
    lambda **data: AssignmentChanged(**HEAD, assignment_id="t", modified_at=LATE, **data),
    score_percent=st.sampled_from([None, None, Decimal(0), Decimal(50), Decimal("50.00"), Decimal(100)]),
    score_points=_numbers,
    points_possible=_numbers,
    text_score=st.sampled_from([None, "", "B"]),
    **{flag: st.booleans() for flag in FLAG_KINDS if flag != "exempt"},
    exempt=st.sampled_from([False, False, True]),
    dropped=st.sampled_from([False, False, True]),
    deleted=st.sampled_from([False, False, False, True]),
)
_grades = st.builds(
    lambda change, deleted, percent: change.model_copy(update={"deleted": deleted, "percent": percent}),
    grade_changes,
    st.sampled_from([False, False, False, True]),
    st.sampled_from([None, Decimal(10), Decimal("10.0"), Decimal(20)]),
)
_lunch = st.builds(
    lambda change, balance: change.model_copy(update={"balance": balance}),
    lunch_changes,
    st.sampled_from([Decimal(5), Decimal("9.99"), Decimal(10), Decimal(12)]),
)


def _versions(changes: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Version]]:
    backfill = st.sampled_from([False, False, False, False, True])
    return st.lists(st.tuples(changes, backfill), min_size=1, max_size=8)


@given(st.one_of(*map(_versions, (_assignments, _grades, attendance_changes, _lunch))))
@settings(max_examples=600)
def test_each_version_is_news_of_what_the_rules_say(history: list[Version]) -> None:
    incoming = [
        structs.replace(each, backfill=backfill)
        for each, (_, backfill) in zip(events([change for change, _ in history]), history, strict=True)
    ]
    expected = [
        (each.event_id, "u", kinds)
        for each, kinds in zip(incoming, told_plainly(history), strict=True)
        if kinds
    ]
    assert told(play(PLAIN, incoming)[1]) == expected
