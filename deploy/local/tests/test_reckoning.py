"""The demo's reckoning finds what is lost, doubled, or sent without right, and nothing else."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bellwire_local.demo.day import local_moment, school_day_after
from bellwire_local.demo.reckoning import Owed, Push, push_of, reckon
from hypothesis import given
from hypothesis import strategies as st

START = datetime(2026, 10, 14, 15, 0, tzinfo=UTC)
keys = st.tuples(st.uuids(), st.sampled_from(["token-a", "token-b", "token-c"]))


def push(key: tuple[UUID, str], seconds: float = 0.5) -> Push:
    return Push("apns", key[1], str(key[0]), "title", "body", START + timedelta(seconds=seconds))


@given(st.sets(keys, min_size=1), st.randoms())
def test_all_that_was_due_once_is_clean(due: set[tuple[UUID, str]], random: object) -> None:
    pushes = [push(key) for key in due]
    random.shuffle(pushes)  # type: ignore[attr-defined]
    found = reckon(dict.fromkeys(due, Owed(START)), pushes, {key[1]: "user" for key in due})
    assert found.clean
    assert found.accepted == found.due == len(due)
    assert found.percentile(0.99) == 0.5


@given(st.sets(keys, min_size=3), st.data())
def test_each_fault_is_found(due: set[tuple[UUID, str]], data: st.DataObject) -> None:
    lost, doubled, foreign = data.draw(st.permutations(sorted(due, key=str)))[:3]
    owed = dict.fromkeys(due - {foreign}, Owed(START))
    pushes = [push(key) for key in due - {lost}] + [push(doubled)]
    found = reckon(owed, pushes, {token: "user" for _, token in due})
    assert not found.clean
    assert found.lost == [(str(lost[0]), lost[1])]
    assert found.duplicated == [(str(doubled[0]), doubled[1])]
    assert found.without_right == [(str(foreign[0]), foreign[1])]


def test_a_push_to_a_token_of_nobody_is_without_right() -> None:
    key = (UUID(int=1), "unknown")
    assert reckon({key: Owed(START)}, [push(key)], {}).without_right == [(str(key[0]), "unknown")]


def test_what_a_hold_releases_must_not_come_before_and_is_no_latency() -> None:
    held, at_once = (UUID(int=1), "token-a"), (UUID(int=2), "token-b")
    due = {held: Owed(START + timedelta(hours=1), at_once=False), at_once: Owed(START)}
    known = {"token-a": "user", "token-b": "user"}
    early = reckon(due, [push(held, 3_599), push(at_once)], known)
    assert (early.early, early.clean) == ([(str(held[0]), "token-a")], False)
    in_time = reckon(due, [push(held, 3_601), push(at_once)], known)
    assert (in_time.early, in_time.clean) == ([], True)
    assert in_time.latencies == [0.5]
    assert reckon(due, [push(at_once)], known).lost == [(str(held[0]), "token-a")]


def test_the_ledger_of_both_providers_is_read() -> None:
    ours = {"alert_id": str(UUID(int=7)), "area": "grades"}
    common = {"n": 1, "token": "t", "id": "x", "at": START.isoformat()}
    apple = common | {
        "provider": "apns",
        "payload": {"aps": {"alert": {"title": "A", "body": "B"}}, "bellwire": ours},
    }
    shown = {"android": {"notification": {"title": "A", "body": "B"}}, "data": {"bellwire": json.dumps(ours)}}
    google = common | {"provider": "fcm", "payload": shown}
    for entry in (apple, google):
        read = push_of(entry)
        assert (read.alert_id, read.title, read.body, read.at) == (ours["alert_id"], "A", "B", START)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))
def test_the_day_is_a_school_day_ahead_on_any_date(now: datetime) -> None:
    day = school_day_after(now, "America/Chicago")
    assert day.weekday() == 2
    assert local_moment(day, "06:30", "America/Chicago") > now
