"""Hypothesis strategies: histories of several things of two students, few values each, so that they come back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bellwire_schemas.names import Excuse, Group, Kind
from hypothesis import strategies as st
from msgspec import structs
from threshold_evaluator.domain.detecting import Incoming
from threshold_evaluator.domain.roster import Roster
from threshold_evaluator.domain.things import ThingKey

from .households import Household
from .test_detecting import GROUPS, assignment_changes, attendance_changes, grade_changes, lunch_changes
from .worlds import NOON, SOURCE, plain_district, plain_school, plain_watcher, student

STUDENTS, USERS = ("st", "st2"), ("u", "v")
NIGHT = NOON + timedelta(hours=11)
starts = st.sampled_from([NOON, NIGHT])
_LATE = timedelta(days=3)


def _with(changes: st.SearchStrategy[Any], **few: list[Any]) -> st.SearchStrategy[Any]:
    some = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in few.items()})
    return st.builds(lambda change, update: change.model_copy(update=update), changes, some)


_CHANGES = (
    _with(assignment_changes, score_percent=[None, Decimal(10), Decimal(20)]),
    _with(grade_changes, percent=[Decimal(10), Decimal(20)], letter=[None], deleted=[False, False, True]),
    _with(attendance_changes, excuse=[Excuse.UNKNOWN, Excuse.EXCUSED]),
    _with(lunch_changes, balance=[Decimal(5), Decimal(8), Decimal(10), Decimal(12)]),
)


@dataclass(frozen=True)
class Came:
    """One version: of whom and which thing, how it came (in time, as a backfill, three days late), and whether it is
    of the moment of the one before it.
    """

    change: Any
    student_id: str
    thing_id: str
    how: str
    tied: bool


@dataclass(frozen=True)
class Step:
    """Versions that come together, and how long after them the release loop looks."""

    came: list[Came]
    minutes: int


def _steps(changes: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Step]]:
    came = st.builds(
        Came,
        changes,
        st.sampled_from(STUDENTS),
        st.sampled_from(["t", "t2"]),
        st.sampled_from(["", "", "", "", "backfill", "late"]),
        st.sampled_from([False, False, False, True]),
    )
    step = st.builds(Step, st.lists(came, min_size=1, max_size=4), st.sampled_from([0, 3, 6, 60]))
    return st.lists(step, min_size=1, max_size=6)


histories = st.one_of(*map(_steps, _CHANGES), _steps(st.one_of(*_CHANGES)))
"""Of one group, or of all."""


def _groups(**rule: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    rules = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in rule.items()})
    return st.fixed_dictionaries(dict.fromkeys(map(str, Group), rules))


_TIMES = {"grace_minutes": [0, 0, 5], "delivery": ["immediate", "immediate", "daily", "inbox"]}
tolerant = st.fixed_dictionaries({"groups": _groups(**_TIMES), "coalesce_minutes": st.sampled_from([0, 10])})
"""Settings of a user who wants everything, sooner or later."""

_OF_KIND = st.sampled_from([{}, {}, {}, {"enabled": False}, {"grace_minutes": 0}, {"grace_minutes": 7}])

choosy = st.fixed_dictionaries(
    {
        "groups": _groups(
            **_TIMES, threshold=["10.00", "15.00"], compare=["below", "crossing"], above=["15.00", "off"]
        ),
        "kinds": st.fixed_dictionaries({kind.value: _OF_KIND for kind in Kind}),
        "coalesce_minutes": st.sampled_from([0, 10]),
    }
)
"""Settings of a user who does not want everything."""


def household(own: dict[str, Any], per: str, start: datetime) -> Household:
    """Two students whom `u`, who has set `own`, and `v`, who has set nothing, watch."""
    groups = {
        group: {name: value for name, value in rule.items() if name in _TIMES or group in _RULES_OF[name]}
        for group, rule in own["groups"].items()
    }
    watching = (plain_watcher("u", {**own, "groups": groups}), plain_watcher("v"))
    students = {name: structs.replace(student(*watching), student_id=name) for name in STUDENTS}
    return Household(Roster(plain_district({"per": per}), {"s": plain_school()}, students), start)


_SCORED = ("assignments", "grades")
_RULES_OF = {"threshold": (*_SCORED, "lunch"), "compare": _SCORED, "above": _SCORED}


def batches(history: list[Step], start: datetime, *, ties: bool) -> list[list[Incoming]]:
    """Number the versions, each a second newer than the one before, or tied. One lunch account is of both students."""
    found: list[list[Incoming]] = []
    number = moment = 0
    for step in history:
        found.append([])
        for came in step.came:
            number += 1
            moment += not (ties and came.tied)
            found[-1].append(_incoming(came, f"e{number:02}", start + timedelta(seconds=moment)))
    return found


def _incoming(came: Came, event_id: str, at: datetime) -> Incoming:
    group = GROUPS[type(came.change)]
    key = ThingKey(group, came.student_id, "t" if group is Group.LUNCH else came.thing_id)
    change = came.change.model_copy(update={"modified_at": at, "student_id": key.student_id})
    arrived = at + (_LATE if came.how == "late" else timedelta(0))
    data = change.model_dump_json()
    return Incoming(SOURCE, str(SOURCE), event_id, key, change, data, came.how == "backfill", at, arrived)
