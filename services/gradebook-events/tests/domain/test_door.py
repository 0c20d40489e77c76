"""The rules of the door: admission, shares, keys, moments."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from bellwire_schemas.catalogue import INCOMING
from bellwire_schemas.changes import AssignmentChanged
from bellwire_schemas.envelope import CloudEvent, to_kafka
from bellwire_schemas.keys import student_key
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source
from bellwire_schemas.topics import CHANGE_EVENTS
from gradebook_events.domain.admission import Admitted, admit
from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.moments import NotAMoment, parse_moment
from gradebook_events.domain.publishers import InvalidKey, Publisher, PublisherKey, parse_key
from gradebook_events.domain.refusals import Refusal, RefusalKind
from gradebook_events.domain.safety import depth
from gradebook_events.domain.share import Bucket, Share, Wait, full, take
from gradebook_events.manage_publishers import new_key
from gradebook_events.wire.kafka_binary import message_of
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
OURS = Source("north", Environment.PRODUCTION)
PUBLISHER = Publisher("p", OURS)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
sources = st.builds(
    Source,
    st.sampled_from(["north", "south"]),
    st.sampled_from([Environment.PRODUCTION, Environment.SANDBOX]),
)


@given(
    sources,
    st.sampled_from([*INCOMING, "other"]),
    st.sampled_from(["", "students/s", "schools/c", "districts/north", "students/%73"]),
    st.dictionaries(
        st.sampled_from(["district_id", "student_id", "school_id", "modified_at", "posted", "x"]),
        st.sampled_from(["north", "south", "s", "c", "2026-03-04T15:00:00Z", "2026-03-04T16:00:00Z", True])
        | json_values,
    ),
)
def test_nothing_of_another_district_is_ever_admitted(
    source: Source, kind: str, subject: str, data: dict[str, Any]
) -> None:
    incoming = Incoming("id", str(source), kind, subject, "", json.dumps(data).encode(), {})
    judged = admit(incoming, PUBLISHER, NOW)
    if isinstance(judged, Admitted):
        assert source == OURS
        assert data["district_id"] == "north"
        assert judged.key.startswith(b"north/production/")
        assert judged.event.data == incoming.data
        assert datetime.fromisoformat(data["modified_at"]) <= NOW + timedelta(minutes=5)
        assert judged.subject
    else:
        assert judged.event_id == "id"
        if source != OURS:
            assert judged.kind is RefusalKind.FOREIGN_SOURCE


@given(json_values)
def test_depth_is_counted_without_reading(value: Any) -> None:
    def deep(one: Any) -> int:
        if isinstance(one, dict):
            return 1 + max(map(deep, one.values()), default=0)
        return 1 + max(map(deep, one), default=0) if isinstance(one, list) else 0

    assert depth(json.dumps(value).encode()) == deep(value)


@given(
    st.floats(1, 1_000),
    st.floats(1, 5_000),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 3_000)), min_size=1, max_size=30),
)
def test_nobody_takes_more_than_the_share(
    per_second: float, burst: float, calls: list[tuple[float, int]]
) -> None:
    share, at, taken, most = Share(per_second, burst), 0.0, 0, 0
    bucket = full(share, at)
    for pause, events in calls:
        at += pause
        outcome = take(bucket, share, events, at)
        if isinstance(outcome, Wait):
            assert outcome.seconds > 0
            again = take(bucket, share, events, at + outcome.seconds + 1e-6)
            assert isinstance(again, Bucket)
        else:
            bucket, taken, most = outcome, taken + events, max(most, events)
    assert taken <= burst + per_second * at + most + 1e-6


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_clock_that_goes_back_gives_nothing(first: float, second: float) -> None:
    share = Share(10, 10)
    outcome = take(full(share, first), share, 10, first)
    assert isinstance(outcome, Bucket)
    if second <= first:
        assert isinstance(take(outcome, share, 1, second), Wait)


def test_a_share_lets_something_through() -> None:
    for wrong in ((0, 1), (1, 0.5), (-1, 1)):
        with pytest.raises(ValueError, match="share"):
            Share(*wrong)


@given(st.text(max_size=80))
def test_only_keys_are_keys(text: str) -> None:
    try:
        assert parse_key(text).text == text
    except InvalidKey:
        return


def test_a_key_matches_itself_only_and_shows_nothing() -> None:
    one, two = new_key(), new_key()
    assert parse_key(one.text) == one
    assert one.matches(one.digest)
    assert not PublisherKey(one.key_id, two.secret).matches(one.digest)
    assert one.secret not in repr(one)


@given(st.datetimes(datetime(1900, 1, 2), datetime(9998, 12, 30), timezones=st.just(UTC)))
def test_moments_are_read_back(at: datetime) -> None:
    for text in (at.isoformat(), at.isoformat().replace("+00:00", "Z"), at.isoformat().lower()):
        assert parse_moment(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lunchtime",
        "2018-04-05",
        "2018-04-05T17:31:00",
        "2018-04-05 17:31:00Z",
        "2018-02-30T00:00:00Z",
        "2018-W01-1T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "2018-04-05T24:31:00Z",
    ],
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(NotAMoment):
        parse_moment(text)


def test_a_refusal_names_a_kind_with_a_sentence() -> None:
    assert all(kind.sentence for kind in RefusalKind)
    assert Refusal(RefusalKind.NOT_AN_EVENT, "", "x").event_id == ""


def judged(**over: Any) -> Admitted | Refusal:
    data = {
        "district_id": "north",
        "modified_at": "2026-03-04T15:00:00Z",
        "student_id": "s",
        "school_id": "c",
        "assignment_id": "a",
        **over,
    }
    text = json.dumps(data).replace('"<', "").replace('>"', "").encode()
    incoming = Incoming("id", str(OURS), "bellwire.assignment.changed.v1", "", "", text, {})
    return admit(incoming, PUBLISHER, NOW)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=14)
    | st.floats(-1e9, 1e9).map(lambda one: Decimal(repr(one)))
)
def test_a_number_is_read_as_it_was_written_or_refused(number: Decimal) -> None:
    written = format(number, "f")
    found = judged(score_percent=f"<{written}>")
    read = AssignmentChanged.__pydantic_validator__
    if isinstance(found, Admitted):
        assert read.validate_json(found.event.data, strict=True).score_percent == number
    else:
        assert found.pointer == "/data/score_percent"
        digits = number.as_tuple()
        assert len(digits.digits) > 15 or int(digits.exponent) < -15


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"score_percent": "<99.99999999999999999>"}, "/data/score_percent"),
        ({"score_points": "<1.00000000000000000001>", "title": "x"}, "/data/score_points"),
        ({"title": "a\x00b"}, "/data/title"),
    ],
)
def test_what_readers_would_change_is_refused_where_it_stands(over: dict[str, Any], pointer: str) -> None:
    found = judged(**over)
    assert isinstance(found, Refusal)
    assert found.pointer == pointer


@pytest.mark.parametrize(
    "over",
    [
        {"score_percent": "<86.66666666666667>"},
        {"score_percent": "99.99999999999999"},
        {"their_own": "<99.99999999999999999>"},
        {"student_id": "1234567890123456789", "assignment_id": "1" * 200},
        {"title": "a\\u0000b"},
    ],
)
def test_what_readers_take_as_it_is_comes_in(over: dict[str, Any]) -> None:
    assert isinstance(judged(**over), Admitted)


@given(
    st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=20),
    st.dictionaries(
        st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), st.text(min_size=1, max_size=5), max_size=2
    ),
    st.datetimes(datetime(1900, 1, 2), datetime(2026, 3, 4), timezones=st.just(UTC)),
)
def test_the_record_is_the_one_of_the_contract(
    event_id: str, extensions: dict[str, str], at: datetime
) -> None:
    data = json.dumps({"district_id": "north", "modified_at": "2026-03-04T15:00:00Z", "student_id": "s",
        "school_id": "c", "display_name": "x"}).encode()  # fmt: skip
    extensions.pop("bellwirebackfill", None)
    kind = "bellwire.student.changed.v1"
    found = admit(Incoming(event_id, str(OURS), kind, "", at.isoformat(), data, extensions), PUBLISHER, NOW)
    assert isinstance(found, Admitted)
    message = message_of(found)
    event = CloudEvent(event_id, str(OURS), kind, "students/s", at, data, extensions)
    assert (message.value, message.headers) == to_kafka(event)
    assert (message.topic, message.key) == (CHANGE_EVENTS, student_key(OURS, "s"))
