from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from push_dispatcher.domain.delivery import (
    COLLAPSE_AFTER,
    HOLD,
    SEND,
    End,
    Send,
    State,
    Waiting,
    may_move,
    overtaken,
    rule,
)

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def at(minutes):
    return NOW + timedelta(minutes=minutes)


@st.composite
def histories(draw):
    """Rows of one device: few things and versions, so that they meet."""
    rows = []
    for number in range(draw(st.integers(1, 8))):
        things = draw(
            st.dictionaries(st.sampled_from("abc"), st.integers(0, 3).map(at), min_size=1, max_size=3)
        )
        rows.append(
            Waiting(
                delivery_id=UUID(int=number),
                state=draw(st.sampled_from(list(State))),
                things=things,
                written_at=at(-draw(st.integers(0, 30))),
                send_before=at(draw(st.integers(-5, 60))),
                in_flight=draw(st.booleans()),
                elsewhere=draw(st.booleans()),
                withdrawn=draw(st.booleans()),
            )
        )
    return rows


@given(histories())
def test_every_waiting_row_is_ruled_about_and_no_other(rows):
    rulings = rule(rows, NOW)
    free = {row.delivery_id for row in rows if row.state is State.QUEUED and not row.in_flight}
    assert rulings.keys() == free


@given(histories())
def test_what_goes_out_is_the_newest_of_something_and_in_time(rows):
    rulings = rule(rows, NOW)
    for row in rows:
        if isinstance(rulings.get(row.delivery_id), Send):
            assert not row.withdrawn
            assert row.send_before > NOW
            newest = {thing: max(o.things[thing] for o in rows if thing in o.things) for thing in row.things}
            assert any(row.things[thing] == newest[thing] for thing in row.things)


@given(histories())
def test_the_newest_version_of_a_thing_is_never_superseded(rows):
    rulings = rule(rows, NOW)
    for thing in "abc":
        told = [row for row in rows if thing in row.things]
        for row in told:
            if row.things[thing] == max(other.things[thing] for other in told):
                assert rulings.get(row.delivery_id) != End(State.SUPERSEDED)


@given(histories())
def test_ends_are_moves_that_the_guard_allows(rows):
    for delivery_id, ruling in rule(rows, NOW).items():
        if isinstance(ruling, End):
            (row,) = [row for row in rows if row.delivery_id == delivery_id]
            assert may_move(row.state, ruling.state)


@given(st.integers(1, 9), st.booleans())
def test_more_than_three_that_waited_long_go_as_one(number, long):
    age = COLLAPSE_AFTER + timedelta(seconds=1 if long else -1)
    rows = [
        Waiting(UUID(int=n), State.QUEUED, {f"t{n}": NOW}, NOW - age + timedelta(microseconds=n), at(60))
        for n in range(number)
    ]
    rulings = list(rule(rows, NOW).values())
    if long and number > 3:
        assert rulings.count(Send(as_summary=True)) == 1
        assert rulings.count(End(State.COLLAPSED)) == number - 1
    else:
        assert rulings == [SEND] * number


def test_a_newer_row_waits_for_an_older_that_another_process_has_out():
    old = Waiting(UUID(int=1), State.QUEUED, {"t": at(0)}, NOW, at(60), in_flight=True, elsewhere=True)
    new = Waiting(UUID(int=2), State.QUEUED, {"t": at(1)}, NOW, at(60))
    other = Waiting(UUID(int=3), State.QUEUED, {"u": at(1)}, NOW, at(60))
    assert rule([old, new, other], NOW) == {new.delivery_id: HOLD, other.delivery_id: SEND}


def test_the_same_version_told_anew_is_not_superseded():
    first = Waiting(UUID(int=1), State.MISSED, {"t": NOW}, NOW, NOW)
    again = Waiting(UUID(int=2), State.QUEUED, {"t": NOW}, NOW, at(60))
    assert not overtaken(again, [first, again])


def test_a_badge_gives_way_to_anything_newer():
    badge = Waiting(UUID(int=1), State.QUEUED, {}, NOW, at(60), seq=4, silent=True)
    alert = Waiting(UUID(int=2), State.ACCEPTED, {"t": NOW}, NOW, at(60), seq=5)
    assert rule([badge, alert], NOW) == {badge.delivery_id: End(State.SUPERSEDED)}
    assert rule([badge], NOW) == {badge.delivery_id: SEND}


@given(st.sampled_from(list(State)), st.sampled_from(list(State)))
def test_what_ended_stays_unless_it_may_be_timed_again(before, after):
    allowed = may_move(before, after)
    if before in (State.ACCEPTED, State.FAILED, State.SUPERSEDED, State.COLLAPSED, State.MUTED_BY_DEVICE):
        assert not allowed
    if before is State.QUEUED:
        assert allowed == (after is not State.QUEUED)
