"""CloudEvents survive Kafka's binary mode, and what is not one is refused by name."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from bellwire_schemas.envelope import CloudEvent, InvalidEnvelope, from_kafka, to_kafka, traceparent_of
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
events = st.builds(
    CloudEvent,
    id=words,
    source=words,
    type=words,
    subject=st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=40),
    time=st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=zones),
    data=st.binary(max_size=200),
    extensions=st.dictionaries(
        st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True).filter(
            lambda name: name not in {"id", "source", "type", "subject", "time", "specversion"}
        ),
        words,
        max_size=3,
    ),
)


@given(events)
def test_a_record_gives_the_event_back(event: CloudEvent) -> None:
    assert from_kafka(*to_kafka(event)) == event


@given(events, st.sampled_from(["ce_id", "ce_source", "ce_type", "ce_time"]))
def test_a_missing_attribute_is_named(event: CloudEvent, name: str) -> None:
    value, headers = to_kafka(event)
    with pytest.raises(InvalidEnvelope, match=name):
        from_kafka(value, [header for header in headers if header[0] != name])


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ce_time", b"yesterday", "ce_time"),
        ("ce_time", b"2026-01-01T00:00:00", "offset"),
        ("ce_specversion", b"0.3", "specversion"),
        ("ce_id", b"\xff", "UTF-8"),
    ],
)
def test_a_broken_attribute_is_named(name: str, value: bytes, said: str) -> None:
    event = CloudEvent("1", "/s", "t", "x", datetime(2026, 1, 1, tzinfo=UTC), b"{}")
    data, headers = to_kafka(event)
    with pytest.raises(InvalidEnvelope, match=said):
        from_kafka(data, [header for header in headers if header[0] != name] + [(name, value)])


def test_backfill_is_an_extension() -> None:
    plain = CloudEvent("1", "/s", "t", "x", datetime(2026, 1, 1, tzinfo=UTC), b"{}")
    marked = CloudEvent("1", "/s", "t", "x", plain.time, b"{}", {"bellwirebackfill": "true"})
    assert (plain.backfill, marked.backfill) == (False, True)


TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
digits = st.text("0123456789abcdefA-", max_size=40)


@given(
    st.from_regex(r"(00|01|ff)-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?\s?", fullmatch=True)
    | st.tuples(digits, digits, digits, digits).map("-".join)
    | st.builds(TRACEPARENT.replace, digits, digits)
    | st.text()
)
@example(TRACEPARENT)
@example(TRACEPARENT + "\n")
@example(" " + TRACEPARENT)
@example(TRACEPARENT.upper())
@example(TRACEPARENT + "0" * 9_000)
@example(TRACEPARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32))
@example(TRACEPARENT.replace("b7ad6b7169203331", "0" * 16))
def test_a_traceparent_is_what_opentelemetry_gives_back_unchanged(text: str) -> None:
    carrier: dict[str, str] = {}
    propagator = TraceContextTextMapPropagator()
    propagator.inject(carrier, propagator.extract({"traceparent": text}))
    event = CloudEvent("1", "/s", "t", "x", datetime(2026, 1, 1, tzinfo=UTC), b"{}", {"traceparent": text})
    wanted = text if carrier.get("traceparent") == text else ""
    assert (traceparent_of(text), event.traceparent) == (wanted, wanted)
