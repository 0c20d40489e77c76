"""The quick reading of changes and the contract's are one: what is accepted, and what it says."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bellwire_kit.streams.protocol import DeadLetter, Record
from bellwire_schemas.changes import (
    AssignmentChanged,
    AttendanceChanged,
    GradeChanged,
    LunchBalanceChanged,
)
from bellwire_schemas.envelope import CloudEvent, to_kafka
from bellwire_schemas.fields import Contract
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError
from threshold_evaluator.decode import decode
from threshold_evaluator.domain.changes import Assignment, Attendance, Grade, LunchBalance
from threshold_evaluator.domain.detecting import Incoming

NOW = datetime(2026, 10, 14, 17, 0, tzinfo=UTC)
OF_STUDENT = {
    "district_id": "lakeside",
    "student_id": "s1",
    "school_id": "north",
    "modified_at": "2026-10-14T16:55:00Z",
}
CONTRACTS: Mapping[str, tuple[type[Contract], type, dict[str, Any]]] = {
    "assignment": (AssignmentChanged, Assignment, {"assignment_id": "a1"}),
    "grade": (GradeChanged, Grade, {"grade_id": "g1", "posted": True}),
    "attendance": (
        AttendanceChanged,
        Attendance,
        {"attendance_id": "m1", "date": "2026-10-14", "status": "absent"},
    ),
    "lunch_balance": (LunchBalanceChanged, LunchBalance, {"account_id": "c1", "balance": "9.75"}),
}
MOMENTS = (
    "2026-10-14T16:55:00.1234565Z",
    "2026-10-14T16:55:00.123456+05:30",
    "2026-10-14 16:55:00Z",
    "2026-10-14t16:55:00z",
    "2026-10-14T16:55Z",
    "2026-10-14T16:55:00",
    "2026-10-14T24:00:00Z",
    "2026-10-14T23:59:60Z",
    "0001-01-01T00:00:00+10:00",
    "9999-12-31T23:59:59-10:00",
)
NUMBERS = ("20", " 20 ", "1_000", "NaN", "Infinity", "1e400", "0.1234567890123456", "+5", "-0.0", "", "x")
odd_values = (
    st.none()
    | st.booleans()
    | st.integers(-(10**16), 10**16)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.decimals(-(10**6), 10**6, places=3).map(str)
    | st.text(max_size=5)
    | st.sampled_from(
        (*MOMENTS, *NUMBERS, "a" * 255, "a" * 256, "a" * 1001, "lakeside\n", "USD\n", "2026-10-14")
    )
    | st.lists(st.none(), max_size=2)
    | st.just({"a": 1})
)


def record(name: str, data: bytes, **extensions: str) -> Record:
    event = CloudEvent(
        "e1", "/districts/lakeside/production", f"bellwire.{name}.changed.v1", "", NOW, data, extensions
    )
    value, headers = to_kafka(event)
    return Record("t", 0, 0, 1_000, b"k", value, headers)


def agrees(name: str, data: bytes) -> None:
    contract, _, _ = CONTRACTS[name]
    decoded = decode(record(name, data), NOW)
    try:
        wanted = contract.model_validate_json(data)
    except ValidationError:
        assert isinstance(decoded, DeadLetter), decoded
        return
    if isinstance(decoded, DeadLetter):
        assert decoded.reason in ("foreign_district", "invalid_id")
        return
    assert isinstance(decoded, Incoming)
    for field in contract.model_fields:
        if not (b"\\u0000" in data and isinstance(getattr(wanted, field), str)):
            assert getattr(decoded.change, field) == getattr(wanted, field), field


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_quick_reading_has_the_contracts_fields_and_defaults(name: str) -> None:
    contract, quick, own = CONTRACTS[name]
    assert set(quick.__struct_fields__) == set(contract.model_fields)  # type: ignore[attr-defined]
    data = json.dumps({**OF_STUDENT, **own}).encode()
    decoded = decode(record(name, data), NOW)
    assert isinstance(decoded, Incoming)
    assert type(decoded.change) is quick
    agrees(name, data)


@given(st.sampled_from(sorted(CONTRACTS)), st.data())
def test_both_readings_accept_the_same_and_say_the_same(name: str, data: st.DataObject) -> None:
    contract, _, own = CONTRACTS[name]
    fields = st.sampled_from([*contract.model_fields, "an_unknown_field"])
    changed = data.draw(st.dictionaries(fields, odd_values, max_size=3))
    agrees(name, json.dumps({**OF_STUDENT, **own, **changed}).encode())


@given(st.decimals(allow_nan=False, allow_infinity=False))
@example(Decimal("123456789012345.123456789012345"))
@example(Decimal("1E+2"))
def test_a_number_is_read_as_it_is_written(number: Decimal) -> None:
    data = json.dumps({**OF_STUDENT, "assignment_id": "a1", "score_percent": "#"}).replace(
        '"#"', f'"{number}"'
    )
    agrees("assignment", data.encode())


@pytest.mark.parametrize(
    "odd",
    [
        b'{"district_id": "lakeside", "title": "\xff"}',
        b'{"x": "\xff", ',
        b'{"x": ' + b"[" * 300 + b"]" * 300 + b", ",
        b'{"x": ' + b"9" * 5_000 + b", ",
        b'{"x": 1e99999, ',
        b'{"x": NaN, ',
        b'{"x": "\\ud800", ',
        b'{"title": 5, ',
        b'\xef\xbb\xbf{"x": 1, ',
        b"[",
    ],
)
def test_what_the_contract_refuses_is_refused(odd: bytes) -> None:
    rest = json.dumps({**OF_STUDENT, "assignment_id": "a1", "title": "Quiz"}).encode()[1:]
    agrees("assignment", odd if odd.endswith(b"}") else odd + rest)


def test_a_traceparent_is_seen_by_both_readings_of_an_envelope() -> None:
    data = json.dumps({**OF_STUDENT, "assignment_id": "a1"}).encode()
    wanted = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    plain = record("assignment", data, traceparent=wanted)
    twice = replace(plain, headers=(("ce_traceparent", b"x"), *plain.headers))
    for each in (plain, twice):
        told = decode(each, NOW)
        assert isinstance(told, Incoming)
        assert told.traceparent == wanted


def test_an_extension_is_seen_and_a_broken_envelope_named() -> None:
    data = json.dumps({**OF_STUDENT, "assignment_id": "a1"}).encode()
    told = decode(record("assignment", data, bellwirebackfill="true", traceparent="00-1-2-3"), NOW)
    assert isinstance(told, Incoming)
    assert (told.backfill, told.traceparent) == (True, "")
    whole = record("assignment", data)
    for name, broken in (
        ("ce_specversion", b"0.3"),
        ("ce_id", b""),
        ("ce_source", b"\xff"),
        ("ce_time", b"noon"),
        ("ce_time", b"2026-10-14T17:00:00"),
        ("ce_subject", b"\xff"),
    ):
        headers = tuple((key, broken if key == name else value) for key, value in whole.headers)
        answer = decode(Record("t", 0, 0, 1_000, b"k", data, headers), NOW)
        assert isinstance(answer, DeadLetter)
        assert answer.reason == "invalid_envelope"
        assert name in answer.error or "not UTF-8" in answer.error
