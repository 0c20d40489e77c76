"""From a record to a row: the header against the table, then each cell against its column."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gradebook_events.domain.oneroster.cells import EXPECTED, RIGHT, Kind, elements, moment
from gradebook_events.domain.oneroster.csv_records import Cells
from gradebook_events.domain.oneroster.faults import Fault, Reason
from gradebook_events.domain.oneroster.names import FileName, Mode, Status
from gradebook_events.domain.oneroster.tables import TABLES, Column

AHEAD = timedelta(minutes=5)
"""How far ahead of our clock a row may say it was modified (product.md section 2)."""

_METADATA = "metadata."


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file in its header's order; those named `metadata.*` are extensions, kept as text."""

    file: FileName
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Dated:
    """When a row was last modified; not `given` when it was blank and the export's time stands in."""

    at: datetime
    given: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One good row. `fields` holds its other cells that are not blank, by column name."""

    file: FileName
    line: int
    sourced_id: str
    status: Status
    modified: Dated
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row with faults. `sourced_id` is empty when it is itself wrong; a bad row is still listed."""

    sourced_id: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rows of a file are read with: how the manifest marks it, when it was exported, our clock."""

    mode: Mode
    exported_at: datetime
    now: datetime


def read_header(file: FileName, cells: Cells) -> Header | tuple[Fault, ...]:
    """Match a header with its table: each required column once, none unknown; order does not matter."""
    known = {column.name: column for column in TABLES[file]}
    faults: list[Fault] = []
    columns: list[Column] = []
    seen: set[str] = set()
    for name in cells.values:
        if name in seen:
            faults.append(_header_fault(file, Reason.DUPLICATE_COLUMN, name, "is there twice"))
        seen.add(name)
        if name in known:
            columns.append(known[name])
        elif name.startswith(_METADATA) and name.isprintable() and len(name) < 256:
            columns.append(Column(name, Kind.TEXT))
        else:
            faults.append(
                _header_fault(file, Reason.UNKNOWN_COLUMN, name[:64], "is not a column of this file")
            )
    for column in known.values():
        if column.required and column.name not in seen:
            faults.append(_header_fault(file, Reason.MISSING_COLUMN, column.name, "is required and missing"))
    return tuple(faults) if faults else Header(file, tuple(columns))


def _header_fault(file: FileName, reason: Reason, name: str, what: str) -> Fault:
    return Fault(file.member, 1, reason, f"column '{name}' {what}", name)


def read_row(header: Header, cells: Cells, reading: Reading) -> Row | BadRow:
    """Check every cell of a record; all its faults are listed, not only the first."""
    member = header.file.member
    if len(cells.values) != len(header.columns):
        detail = f"the row has {len(cells.values)} fields, the header {len(header.columns)}"
        return BadRow("", (Fault(member, cells.line, Reason.WRONG_NUMBER_OF_FIELDS, detail),))
    faults: list[Fault] = []
    fields: dict[str, str] = {}
    for column, text in zip(header.columns, cells.values, strict=True):
        if not text.strip():
            if column.required:
                faults.append(_missing(member, cells.line, column.name))
            continue
        verdict = column.check(text)
        if verdict is RIGHT:
            fields[column.name] = text
        else:
            faults.append(Fault(member, cells.line, verdict, _expected(column, verdict), column.name))
    sourced_id = fields.pop("sourcedId", "")
    status = fields.pop("status", "")
    stamp = fields.pop("dateLastModified", "")
    if reading.mode is Mode.DELTA:
        named = {"status": status, "dateLastModified": stamp}
        wrong = {fault.field for fault in faults}
        faults += [_missing(member, cells.line, n) for n, v in named.items() if not v and n not in wrong]
    modified = Dated(moment(stamp), True) if stamp else Dated(reading.exported_at, False)
    if modified.at > reading.now + AHEAD:
        detail = "'dateLastModified' is more than 5 minutes ahead of our clock"
        faults.append(Fault(member, cells.line, Reason.MODIFIED_IN_FUTURE, detail, "dateLastModified"))
    if faults:
        return BadRow(sourced_id, tuple(faults))
    return Row(header.file, cells.line, sourced_id, Status(status or "active"), modified, fields)


def _missing(member: str, line: int, name: str) -> Fault:
    return Fault(member, line, Reason.MISSING_REQUIRED_VALUE, f"'{name}' is required and blank", name)


def _expected(column: Column, reason: Reason) -> str:
    if reason is Reason.INVALID_ENUM:
        return f"'{column.name}' must be one of {', '.join(sorted(column.values))}"
    return f"'{column.name}' must be {EXPECTED[reason]}"


def targets(row: Row) -> tuple[tuple[str, FileName, str], ...]:
    """Return each (column, file, id) that the row points to; what is to be deleted may point anywhere."""
    if row.status is Status.TO_BE_DELETED:
        return ()
    found: list[tuple[str, FileName, str]] = []
    for column in TABLES[row.file]:
        for target in column.target:
            text = row.sourced_id if column.name == "sourcedId" else row.fields.get(column.name, "")
            ids = elements(text) if column.kind is Kind.GUID_LIST else (text,) if text else ()
            found.extend((column.name, target, identifier) for identifier in ids)
    return tuple(found)


def dangling(row: Row, column: str, target: FileName) -> Fault:
    """Return the fault of a row that points to a record that is not there."""
    detail = f"'{column}' points to a record that {target.member} does not hold"
    return Fault(row.file.member, row.line, Reason.MISSING_TARGET_RECORD, detail, column)


def duplicate(file: FileName, line: int, first: int) -> Fault:
    """Return the fault of a row whose sourcedId an earlier line has."""
    detail = f"'sourcedId' is already that of line {first}"
    return Fault(file.member, line, Reason.DUPLICATE_SOURCED_ID, detail, "sourcedId")
