"""Targets, versions, supersession, groups and retries."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from bellwire_schemas.names import Environment, RequestKind
from hypothesis import given
from hypothesis import strategies as st
from update_scheduler.domain.groups import (
    GroupKind,
    Link,
    MovesWithGroup,
    Unlinked,
    check_individual,
    fan_out,
    moves_together,
    rollup,
)
from update_scheduler.domain.queueing import NotAboveOpen, Open, Replaces, supersession
from update_scheduler.domain.refusals import FieldWrong
from update_scheduler.domain.retrying import Again, GiveUp, after_refusal
from update_scheduler.domain.sites import Hosting, Site, affected, site_id
from update_scheduler.domain.slots import free_slot
from update_scheduler.domain.states import (
    Deferred,
    NotStarted,
    PendingInput,
    Scheduled,
    ToBeScheduled,
    has_begun,
)
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.versions import BEFORE_ALL, Catalogue, Place, check_version

SLOT = free_slot(datetime(2026, 11, 26, 7, tzinfo=UTC))
NAMES = ("2603", "2603.1", "2607", "2607.1", "2607.2", "2611")
CATALOGUE = Catalogue(
    (
        ("2603", Place(1)),
        ("2611", Place(3)),
        ("2607", Place(2)),
        ("2607.2", Place(2, 2)),
        ("2603.1", Place(1, 1)),
        ("2607.1", Place(2, 1)),
    )
)
ALL = tuple(Site(site_id("d", e), "d", e, Hosting.CLOUD, "x", "2603") for e in Environment)


def test_packs_stand_after_their_release_and_before_the_next():
    assert CATALOGUE.in_order() == NAMES
    for i, j in permutations(range(len(NAMES)), 2):
        assert CATALOGUE.newer(NAMES[i], NAMES[j]) == (i > j)
    assert CATALOGUE.place("never heard of") == BEFORE_ALL
    assert CATALOGUE.highest(["2607", "2603.1"]) == "2607"
    assert CATALOGUE.highest([]) == ""
    with pytest.raises(ValueError):
        Catalogue((("a", Place(1)), ("a", Place(2))))
    with pytest.raises(ValueError):
        Catalogue((("a", Place(1)), ("b", Place(1))))


def test_a_version_is_known_and_above():
    assert check_version(CATALOGUE, "2607", "2603.1") == "2607"
    assert check_version(CATALOGUE, "2603", "") == "2603"
    for version, current in (("2603", "2603"), ("2603.1", "2607"), ("9999", "")):
        assert isinstance(check_version(CATALOGUE, version, current), FieldWrong)


@pytest.mark.parametrize("kind", list(RequestKind))
@pytest.mark.parametrize("target", list(Environment))
def test_targets(kind, target):
    touched = affected(kind, target, ALL)
    update = kind is RequestKind.VERSION_UPDATE
    if target is (Environment.SANDBOX if update else Environment.PRODUCTION):
        assert isinstance(touched, FieldWrong)
    elif update and target is Environment.PRODUCTION:
        assert [s.environment for s in touched] == [Environment.PRODUCTION, Environment.SANDBOX]
    else:
        assert [s.environment for s in touched] == [target]
    if target is not Environment.SANDBOX:
        lacking = [s for s in ALL if s.environment is not target]
        assert isinstance(affected(kind, target, lacking), FieldWrong)


VERSIONS = st.sampled_from(NAMES)
OPEN_STATES = [
    ToBeScheduled(),
    Scheduled(SLOT),
    NotStarted(SLOT),
    Deferred(),
    PendingInput(ToBeScheduled()),
    PendingInput(Scheduled(SLOT)),
    PendingInput(NotStarted(SLOT)),
]


@given(VERSIONS, st.lists(st.tuples(VERSIONS, st.sampled_from(OPEN_STATES)), max_size=4))
def test_supersession(version, others):
    standing = [Open(UUID(int=n + 1), v, s) for n, (v, s) in enumerate(others)]
    decision = supersession(CATALOGUE, version, standing)
    if any(not CATALOGUE.newer(version, o.version) for o in standing):
        assert isinstance(decision, NotAboveOpen)
        assert CATALOGUE.place(decision.highest) >= CATALOGUE.place(version)
    else:
        assert decision == Replaces(tuple(o.id for o in standing if not has_begun(o.state)))


def test_individual_version_updates_of_linked_districts_are_refused():
    link = Link("g", "Prairie")
    refusal = check_individual(RequestKind.VERSION_UPDATE, link)
    assert isinstance(refusal, MovesWithGroup)
    assert "Prairie" in refusal.detail
    assert check_individual(RequestKind.DATABASE_REFRESH, link) == Unlinked()
    assert check_individual(RequestKind.VERSION_UPDATE, Unlinked()) == Unlinked()
    assert [k for k in GroupKind if k.links] == [GroupKind.STATE, GroupKind.CONSORTIUM]


@given(VERSIONS, st.dictionaries(st.text("abc", min_size=1, max_size=3), VERSIONS))
def test_fan_out_skips_who_is_there_already(version, current):
    split = fan_out(CATALOGUE, version, current)
    assert sorted(split.members + split.skipped) == sorted(current)
    assert all(CATALOGUE.newer(version, current[d]) for d in split.members)
    assert not any(CATALOGUE.newer(version, current[d]) for d in split.skipped)


ORDER = [
    "unable_to_complete",
    "pending_input",
    "deferred",
    "to_be_scheduled",
    "scheduled",
    "not_started",
    "in_progress",
    "completed",
]


@given(st.lists(st.sampled_from(list(Status)), min_size=1))
def test_rollup_is_the_first_present(statuses):
    present = [word for word in ORDER if word in statuses]
    assert rollup(statuses) == (present[0] if present else "new_version_requested")


def test_members_move_together_until_work_begins():
    assert moves_together([ToBeScheduled(), Scheduled(SLOT), PendingInput(Scheduled(SLOT))])
    assert not moves_together([Scheduled(SLOT), NotStarted(SLOT)])
    assert not moves_together([Scheduled(SLOT), PendingInput(NotStarted(SLOT))])
    assert not moves_together([])


@given(st.integers(1, 100), st.integers(0, 599))
def test_retries_back_off_and_end_only_for_good_reasons(attempts, code):
    decision = after_refusal(attempts, code)
    if 500 <= code < 600 and code not in (530, 534, 535, 538):
        assert decision == GiveUp(str(code))
    else:
        assert isinstance(decision, Again)
        assert timedelta(seconds=1) <= decision.wait <= timedelta(seconds=60)
