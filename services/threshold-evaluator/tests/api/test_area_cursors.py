"""The cursor of an area: whatever order transactions commit in, a reader ends with what is stored."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from threshold_evaluator.api.area_cursors import Standing, standing

THINGS = ["a", "b", "c", "d", "e"]


@dataclass
class Store:
    """Rows by thing, each with the transaction that wrote it; transactions commit when they like."""

    next_id: int = 1
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    open: dict[int, dict[str, int]] = field(default_factory=dict)

    @property
    def oldest_open(self) -> int:
        return min(self.open, default=self.next_id)

    def page(self, at: Standing, limit: int) -> list[tuple[tuple[int, str], int]]:
        rows = [((written, thing), value) for thing, (written, value) in self.rows.items()]
        return sorted(row for row in rows if row[0][0] >= at.since and row[0] > at.after)[:limit]


class Reading(RuleBasedStateMachine):
    """Writers and one reader, interleaved at will."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.copy: dict[str, int] = {}
        self.at = Standing("view")
        self.value = 0

    @rule()
    def begin(self) -> None:
        if len(self.store.open) < 3:
            self.store.open[self.store.next_id] = {}
            self.store.next_id += 1

    @rule(pick=st.integers(0, 2), thing=st.sampled_from(THINGS))
    def write(self, pick: int, thing: str) -> None:
        # Two open transactions never write the same row: the second would wait for the first.
        taken = {each for writes in self.store.open.values() for each in writes}
        if self.store.open and thing not in taken:
            self.value += 1
            self.store.open[sorted(self.store.open)[pick % len(self.store.open)]][thing] = self.value

    @rule(pick=st.integers(0, 2))
    def commit(self, pick: int) -> None:
        if self.store.open:
            number = sorted(self.store.open)[pick % len(self.store.open)]
            for thing, value in self.store.open.pop(number).items():
                self.store.rows[thing] = (number, value)

    @rule(limit=st.integers(1, 3))
    def read(self, limit: int) -> None:
        self._page(limit)

    def _page(self, limit: int) -> None:
        if self.at.resets:
            self.copy.clear()
        oldest = self.store.oldest_open
        rows = self.store.page(self.at, limit)
        self.copy.update({place[1]: value for place, value in rows})
        self.at = standing(self.at.following(oldest, [place for place, _ in rows], limit).position())

    @invariant()
    def a_refresh_is_complete(self) -> None:
        at, copy = self.at, dict(self.copy)
        # What commits while pages are read may be missing from them, never from the refresh after.
        for _ in ("the read under way", "the refresh"):
            self._page(2)
            while self.at.more:
                self._page(2)
        assert self.copy == {thing: value for thing, (_, value) in self.store.rows.items()}
        self.at, self.copy = at, copy


TestReading = Reading.TestCase


@given(st.integers(0, 50), st.integers(0, 50), st.text(max_size=3), st.text(max_size=3))
def test_a_position_reads_back(since: int, base: int, view: str, thing: str) -> None:
    at = Standing(view, since, base, (base, thing))
    assert standing(at.position()) == at
    assert at.for_view(view) == at
    assert at.for_view(view + "x") == Standing(view + "x")


def test_nothing_written_since_is_an_empty_page() -> None:
    store = Store(next_id=9, rows={"a": (3, 1), "b": (8, 2)})
    at = Standing("v").following(store.oldest_open, [(3, "a"), (8, "b")], 200)
    assert store.page(at, 200) == []


def test_a_row_that_commits_between_two_pages_behind_the_reader_is_in_the_next_refresh() -> None:
    store = Store(next_id=3, rows={"a": (2, 1), "c": (2, 1)}, open={1: {"b": 7}})
    at = Standing("v").following(store.oldest_open, [(2, "a")], 1)
    store.rows["b"] = (1, store.open.pop(1)["b"])
    at = at.following(store.oldest_open, [place for place, _ in store.page(at, 5)], 5)
    assert not at.more
    assert "b" in [place[1] for place, _ in store.page(at, 5)]
