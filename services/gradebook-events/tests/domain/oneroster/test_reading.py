"""CSV, cells, headers, manifests and the zip's directory: total functions of any input."""

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from gradebook_events.domain.oneroster.cells import RIGHT, Kind, check, elements, moment
from gradebook_events.domain.oneroster.csv_records import MAX_LINES, MAX_RECORD, BadRecord, Cells, records
from gradebook_events.domain.oneroster.difference import Difference
from gradebook_events.domain.oneroster.faults import Reason
from gradebook_events.domain.oneroster.manifest import Manifest, read_manifest
from gradebook_events.domain.oneroster.names import FileName, Mode
from gradebook_events.domain.oneroster.package import Limits, Member, check_directory, check_members
from gradebook_events.domain.oneroster.rows import (
    BadRow,
    Header,
    Reading,
    Row,
    read_header,
    read_row,
    targets,
)
from gradebook_events.domain.oneroster.tables import TABLES
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 3, 4, tzinfo=UTC)
cell = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r\n"), max_size=12)


@given(st.lists(st.lists(cell, min_size=2, max_size=4), min_size=1, max_size=6))
def test_what_a_csv_writer_writes_is_read_back(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    body = out.getvalue().encode().removeprefix(b"\xef\xbb\xbf")
    found = list(records(io.BytesIO(b"\xef\xbb\xbf" + body)))
    assert all(isinstance(record, Cells) for record in found)
    assert [list(record.values) for record in found if isinstance(record, Cells)] == rows


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_any_bytes_are_records_or_bad_ones(chunks: list[bytes]) -> None:
    lines = b"\n".join(chunks).splitlines(keepends=True)
    found = list(records(lines))
    assert all(1 <= record.line <= len(lines) for record in found)
    assert all(one.line < two.line for one, two in pairwise(found))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'a,b"c\n', Reason.UNESCAPED_QUOTE),
        (b'"a"b,c\n', Reason.UNESCAPED_QUOTE),
        (b'a,"b\n', Reason.UNTERMINATED_QUOTE),
        (b"a,\xff\n", Reason.INVALID_UTF8),
        (b"a" * (MAX_RECORD + 1), Reason.RECORD_TOO_LONG),
        (b'"' + b"\n" * (MAX_LINES + 5), Reason.RECORD_TOO_LONG),
    ],
)
def test_a_bad_record_has_its_reason(text: bytes, reason: Reason) -> None:
    first = next(iter(records(io.BytesIO(text))))
    assert first == BadRecord(1, reason)


def test_reading_goes_on_after_a_bad_record() -> None:
    found = list(records([b'x,b"ad\n', b"\xff\n", b'1,"two\n', b'lines"\n', b"3,4"]))
    assert found == [
        BadRecord(1, Reason.UNESCAPED_QUOTE),
        BadRecord(2, Reason.INVALID_UTF8),
        Cells(3, ("1", "two\nlines")),
        Cells(5, ("3", "4")),
    ]


@given(st.sampled_from(Kind), st.text(min_size=1, max_size=30))
def test_a_cell_is_right_or_has_a_reason(kind: Kind, text: str) -> None:
    verdict = check(kind, text)
    assert verdict is RIGHT or isinstance(verdict, Reason)
    if verdict is RIGHT and kind is Kind.DATETIME:
        assert moment(text).tzinfo is not None
    if verdict is RIGHT and kind is Kind.GUID_LIST:
        assert all(elements(text))


@given(st.datetimes(timezones=st.timezones()))
def test_every_time_with_an_offset_is_read(at: datetime) -> None:
    text = at.astimezone(UTC).isoformat().replace("+00:00", "Z") if 2 < at.year < 9990 else ""
    if text:
        assert check(Kind.DATETIME, text) is RIGHT
        assert moment(text) == at.astimezone(UTC)


@given(st.sampled_from(FileName), st.data())
def test_any_row_is_good_or_bad_with_every_fault(file: FileName, data: st.DataObject) -> None:
    columns = TABLES[file]
    header = read_header(file, Cells(1, tuple(column.name for column in columns)))
    assert isinstance(header, Header)
    values = data.draw(
        st.lists(
            st.sampled_from(
                ["", "x", "true", "a b", "2026-01-01", "9", "active", "a,,b", "2026-01-01T00:00:00Z"]
            ),
            min_size=len(columns),
            max_size=len(columns),
        )
    )
    mode = data.draw(st.sampled_from([Mode.BULK, Mode.DELTA]))
    row = read_row(header, Cells(2, tuple(values)), Reading(mode, NOW, NOW))
    named = dict(zip((column.name for column in columns), values, strict=True))
    if isinstance(row, BadRow):
        assert row.faults
        assert all(fault.line == 2 and fault.file == file.member for fault in row.faults)
        missing = {fault.field for fault in row.faults if fault.reason is Reason.MISSING_REQUIRED_VALUE}
        assert {c.name for c in columns if c.required and not named[c.name]} <= missing
    else:
        assert row.sourced_id == named["sourcedId"]
        assert all(value for value in row.fields.values())
        assert all(target in FileName for _, target, _ in targets(row))


def test_a_row_of_the_future_is_bad() -> None:
    header = read_header(FileName.CATEGORIES, Cells(1, ("sourcedId", "status", "dateLastModified", "title")))
    assert isinstance(header, Header)
    for ahead, kind in ((timedelta(minutes=5), Row), (timedelta(minutes=5, seconds=1), BadRow)):
        text = (NOW + ahead).isoformat()
        row = read_row(header, Cells(2, ("c", "active", text, "t")), Reading(Mode.DELTA, NOW, NOW))
        assert isinstance(row, kind)


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=8)), max_size=6))
def test_any_manifest_is_one_or_has_faults(properties: list[tuple[str, str]]) -> None:
    rows = [("propertyName", "value"), ("manifest.version", "1.0"), ("oneroster.version", "1.2"), *properties]
    found = read_manifest([Cells(n, row) for n, row in enumerate(rows, 1)])
    assert isinstance(found, Manifest) == (not properties)


@given(st.binary(max_size=200), st.integers(0, 1 << 40))
def test_any_directory_is_judged(tail: bytes, size: int) -> None:
    assert isinstance(check_directory(tail, size, Limits()), tuple)


members = st.builds(
    Member,
    st.sampled_from(["manifest.csv", "users.csv", "other.csv"]),
    st.integers(0, 1 << 34),
    st.integers(0, 1 << 34),
    st.sampled_from([0, 8, 12]),
    st.sampled_from([0, 1]),
)


@given(st.lists(members, max_size=5))
def test_members_that_pass_keep_the_limits(found: list[Member]) -> None:
    limits = Limits()
    if not check_members(found, 1 << 30, limits):
        assert sum(member.packed for member in found) <= 1 << 30
        assert sum(member.unpacked for member in found) <= limits.unpacked
        assert len({member.name for member in found}) == len(found)
        assert "manifest.csv" in {member.name for member in found}


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_tenth_is_the_line(live: int, unlisted: int) -> None:
    if unlisted > live:
        with pytest.raises(ValueError, match="live before"):
            Difference(live, unlisted)
    else:
        assert Difference(live, unlisted).must_be_confirmed == (unlisted > live / 10)
