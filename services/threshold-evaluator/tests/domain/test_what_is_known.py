"""Arbitrary histories against batches, re-posts, disorder and releases: who is told, and knows what stands."""

from datetime import datetime
from typing import Any

from bellwire_schemas.names import Group, Kind
from hypothesis import given, settings
from hypothesis import strategies as st
from threshold_evaluator.domain.attendance import told_text
from threshold_evaluator.domain.decision import Detection
from threshold_evaluator.domain.detecting import Incoming
from threshold_evaluator.domain.facts import MARKABLE
from threshold_evaluator.domain.memory import telling_key
from threshold_evaluator.domain.plan import Telling
from threshold_evaluator.domain.things import NO_SCORE, Content, Score, ThingKey, ThingState

from .histories import USERS, Step, batches, choosy, histories, household, starts, tolerant
from .households import Household

pers = st.sampled_from(["day", "period"])


@given(histories, st.one_of(tolerant, choosy), pers, starts, st.data())
@settings(max_examples=400, deadline=None)
def test_any_cut_and_any_duplication_comes_to_the_same(
    history: list[Step], own: dict[str, Any], per: str, start: datetime, data: Any
) -> None:
    together, apart = household(own, per, start), household(own, per, start)
    came: list[Incoming] = []
    for step, batch in zip(history, batches(history, start, ties=True), strict=True):
        together.take(batch)
        for each in batch:
            came.append(each)
            apart.take([each])
            apart.take(data.draw(st.lists(st.sampled_from(came), max_size=2)))
        for one in (together, apart):
            one.pass_time(minutes=step.minutes)
            one.release()
    together.finish()
    apart.finish()
    assert together.record() == apart.record()


@given(histories, tolerant, pers, starts, st.data())
@settings(max_examples=500, deadline=None)
def test_in_any_order_only_what_stands_is_told_and_in_the_end_it_is_known(
    history: list[Step], own: dict[str, Any], per: str, start: datetime, data: Any
) -> None:
    once = [each for batch in batches(history, start, ties=False) for each in batch]
    disorder = data.draw(st.sampled_from([0, 0, 3, 100]))
    again = data.draw(st.lists(st.sampled_from(once), max_size=3))
    places = [place + data.draw(st.integers(0, disorder)) for place in range(len(once))]
    order = [once[place] for place in sorted(range(len(once)), key=places.__getitem__)]
    house, known = household(own, per, start), Known()
    newest: dict[ThingKey, datetime] = {}
    for each in [*order, *again]:
        key = each.key
        newest[key] = max(newest.get(key, each.change.modified_at), each.change.modified_at)
        house.take([each])
        known.note(house, newest)
        for _ in range(data.draw(st.integers(0, 1))):
            house.pass_time(minutes=data.draw(st.sampled_from([0, 3, 6, 60])))
            house.release()
            known.note(house, newest)
    for _ in range(48):
        house.finish(hours=1)
        known.note(house, newest)
    assert not house.unsent
    for each in once:
        if each.change.modified_at == newest[each.key]:
            assert house.states[each.key].data == each.data
    for state in house.states.values():
        for user in USERS:
            known.check(house, state, user)


def says(now: Content, kind: Kind) -> bool:
    """Whether a version itself says a fact."""
    match kind:
        case Kind.ASSIGNMENT_SCORED:
            return now.score != NO_SCORE
        case Kind.GRADE_POSTED | Kind.GRADE_MODIFIED:
            return now.posted != NO_SCORE and not now.unposted
        case Kind.ATTENDANCE_MARKED:
            return now.mark.status in MARKABLE
        case Kind.ATTENDANCE_MODIFIED:
            return True
        case Kind.LUNCH_LOW:
            return now.balance < 10
        case _:
            return kind.removeprefix("assignment.") in now.flags


class Known:
    """What each user knows of each thing: by what reached them, or because a backfill counts as told."""

    def __init__(self) -> None:
        self.told: dict[tuple[ThingKey, str], list[Telling]] = {}
        self.loaded: dict[tuple[ThingKey, str], list[Content]] = {}
        self._seen = (0, 0)

    def note(self, house: Household, newest: dict[ThingKey, datetime]) -> None:
        """Take what came since the last time; all of it must say what the newest version says."""
        plans, detected = self._seen
        for found in house.detected[detected:]:
            for user in USERS:
                place = (found.incoming.key, user)
                if found.detection is Detection.BACKFILL:
                    self.loaded.setdefault(place, []).append(found.turn.now)
                elif found.detection is Detection.DELETED:
                    self.told.pop(place, None)
                    self.loaded.pop(place, None)
        for telling in house.reached(plans):
            due, state = telling.due, telling.state
            place = telling_key(due.key, "")
            assert state.modified_at == max(at for key, at in newest.items() if telling_key(key, "") == place)
            assert due.kinds
            assert all(says(state.content, kind) for kind in due.kinds)
            self.told.setdefault((due.key, due.user_id), []).append(telling)
        self._seen = (len(house.plans), len(house.detected))

    def check(self, house: Household, state: ThingState, user: str) -> None:
        """A user who wants everything knows what stands."""
        key, now = state.key, state.content
        told, loaded = self.told.get((key, user), []), self.loaded.get((key, user), [])
        value, _ = house.told.get(telling_key(key, user), ("", None))
        match key.group:
            case Group.ASSIGNMENTS:
                scored = [each for each in told if Kind.ASSIGNMENT_SCORED in each.due.kinds]
                if now.score != NO_SCORE:
                    assert now.score in _last(scored, "score") + [each.score for each in loaded[-1:]]
                for flag in now.flags:
                    named = any(f"assignment.{flag}" in each.due.kinds for each in told)
                    assert named or any(flag in each.flags for each in loaded)
            case Group.GRADES:
                if not now.unposted and not now.deleted:
                    assert now.posted in _last(told, "posted") + [each.posted for each in loaded[-1:]]
            case Group.ATTENDANCE:
                # A backfill while an alert waits counts as told though it goes without a word.
                counts = {told_text(each.mark) for each in (now, *loaded)}
                assert (value or "present/unknown") in counts
            case Group.LUNCH:
                newest = max(
                    (each for each in house.states.values() if each.key.group is Group.LUNCH),
                    key=lambda each: each.modified_at,
                )
                assert bool(value) == (newest.content.balance < 10)


def _last(told: list[Telling], name: str) -> list[Score]:
    return [getattr(each.state.content, name) for each in told[-1:]]
