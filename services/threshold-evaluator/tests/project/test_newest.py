"""Which version of a roster row wins in a batch, and what a batch touches: any order, any duplication."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bellwire_schemas.names import Environment, PortalRole
from bellwire_schemas.roster import (
    EnrollmentChanged,
    PortalAccessChanged,
    SchoolChanged,
    StudentChanged,
)
from bellwire_schemas.source import Source
from hypothesis import given
from hypothesis import strategies as st
from threshold_evaluator.project import (
    Recalculation,
    RosterData,
    Scope,
    Sourced,
    StudentRef,
    Written,
    newest,
    project,
    row_key,
)

SOURCES = [Source("lincoln", Environment.PRODUCTION), Source("lincoln", Environment.SANDBOX)]
START = datetime(2026, 9, 1, 8, tzinfo=UTC)
moments = st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours))
students = st.sampled_from(["s1", "s2"])
datas = st.one_of(
    st.builds(
        StudentChanged,
        district_id=st.just("lincoln"),
        modified_at=moments,
        student_id=students,
        school_id=st.sampled_from(["north", "south"]),
    ),
    st.builds(
        EnrollmentChanged,
        district_id=st.just("lincoln"),
        modified_at=moments,
        student_id=students,
        school_id=st.sampled_from(["north", "south"]),
        calendar_id=st.sampled_from([None, "c1"]),
        active=st.booleans(),
    ),
    st.builds(
        PortalAccessChanged,
        district_id=st.just("lincoln"),
        modified_at=moments,
        student_id=students,
        user_id=st.sampled_from(["u1", "u2"]),
        role=st.just(PortalRole.GUARDIAN),
        portal=st.booleans(),
    ),
    st.builds(
        SchoolChanged,
        district_id=st.just("lincoln"),
        modified_at=moments,
        school_id=st.sampled_from(["north", "south"]),
        name=st.sampled_from(["North", "South"]),
    ),
)
events = st.lists(st.builds(Sourced, source=st.sampled_from(SOURCES), data=datas), max_size=25)


@dataclass
class SlowTables:
    """The obvious projection: one row at a time, newest wins."""

    rows: dict[tuple[object, ...], Sourced] = field(default_factory=dict)
    asked: list[Recalculation] = field(default_factory=list)
    puts: int = 0

    async def put(self, model: type[RosterData], rows: Sequence[Sourced]) -> Sequence[Written]:
        self.puts += 1
        keys = [row_key(row) for row in rows]
        assert keys == sorted(set(keys)), "sorted by key, one row a key"
        written = []
        for row, key in zip(rows, keys, strict=True):
            standing = self.rows.get((model, *key))
            if standing and standing.data.modified_at > row.data.modified_at:
                continue
            self.rows[(model, *key)] = row
            identifier = key[3] if model is PortalAccessChanged else key[2]
            content = None if standing is None else standing.data.model_copy(update={"modified_at": START})
            changed = row.data.model_copy(update={"modified_at": START}) != content
            written.append(Written(key[0], key[1], identifier, standing is None, changed))
        return written

    async def request(self, recalculations: Sequence[Recalculation]) -> None:
        self.asked.extend(recalculations)


@given(events)
async def test_one_batch_ends_as_one_event_at_a_time(batch: list[Sourced]) -> None:
    at_once, one_by_one = SlowTables(), SlowTables()
    await project(batch, at_once)
    for event in batch:
        await project([event], one_by_one)
    assert at_once.rows == one_by_one.rows
    assert at_once.puts <= 6


@given(events, st.randoms(use_true_random=False))
async def test_order_and_duplication_do_not_matter_when_versions_differ(batch: list[Sourced], random) -> None:
    unique = {(type(e.data), row_key(e), e.data.modified_at): e for e in batch}
    in_order = list(unique.values())
    shuffled = in_order * 2
    random.shuffle(shuffled)
    first, second = SlowTables(), SlowTables()
    await project(in_order, first)
    for event in shuffled:
        await project([event], second)
    assert first.rows == second.rows


@given(events)
async def test_a_repeated_batch_wakes_nobody_and_touches_nothing_twice(batch: list[Sourced]) -> None:
    tables = SlowTables()
    first = await project(batch, tables)
    again = await project(batch, tables)
    assert again.known == frozenset()
    assert again.recalculations == ()
    expected = {
        StudentRef(e.source.district_id, e.source.environment.value, e.data.student_id)
        for e in batch
        if isinstance(e.data, StudentChanged)
    }
    assert first.known == expected


def test_of_equal_versions_the_later_in_the_topic_wins() -> None:
    def access(portal: bool) -> Sourced:
        data = PortalAccessChanged(
            district_id="lincoln",
            modified_at=START,
            user_id="u1",
            student_id="s1",
            role=PortalRole.GUARDIAN,
            portal=portal,
        )
        return Sourced(SOURCES[0], data)

    kept = newest([access(True), access(False)])[PortalAccessChanged]
    assert [row.data for row in kept] == [access(False).data]


async def test_a_revocation_touches_the_user_and_a_new_access_nobody() -> None:
    tables = SlowTables()
    granted = PortalAccessChanged(
        district_id="lincoln",
        modified_at=START,
        user_id="u1",
        student_id="s1",
        role=PortalRole.GUARDIAN,
        portal=True,
    )
    assert (await project([Sourced(SOURCES[0], granted)], tables)).recalculations == ()
    revoked = granted.model_copy(update={"portal": False, "modified_at": START + timedelta(hours=1)})
    touched = (await project([Sourced(SOURCES[0], revoked)], tables)).recalculations
    assert touched == (Recalculation("lincoln", "production", Scope.USER, "u1"),)
