"""OneRoster packages as zip files on disk: inspected whole, read file by file in bounded pieces."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from gradebook_events.domain.oneroster.csv_records import MAX_RECORD, BadRecord, Cells, records
from gradebook_events.domain.oneroster.faults import Fault, Reason
from gradebook_events.domain.oneroster.manifest import Manifest, read_manifest
from gradebook_events.domain.oneroster.names import MANIFEST, FileName, Mode
from gradebook_events.domain.oneroster.package import (
    Limits,
    Member,
    check_against_manifest,
    check_directory,
    check_members,
)
from gradebook_events.domain.oneroster.rows import BadRow, Header, Reading, Row, read_header, read_row
from gradebook_events.import_ports import Damaged, Plan

_TAIL = 20 + 22 + 65_535
"""Bytes in which the end of the directory is found: the locator of zip64, the record, its comment."""
_LOOK = 20
"""Records of a file that are looked at before its package is taken: what they show is told at once."""
_MANIFEST_LINES = 1_000

_DETAILS = {
    Reason.UNESCAPED_QUOTE: "a quote inside a field must be doubled, and the field quoted",
    Reason.UNTERMINATED_QUOTE: "a quoted field must end with a quote",
    Reason.RECORD_TOO_LONG: f"a row must be at most {MAX_RECORD} bytes and 200 lines",
    Reason.INVALID_UTF8: "a file must be UTF-8",
}
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


def _lines(stream: io.BufferedReader) -> Iterator[bytes]:
    """Return physical lines; one that is too long comes in pieces, each of which is a bad record."""
    while line := stream.readline(MAX_RECORD + 2):
        yield line


def _member_records(archive: zipfile.ZipFile, name: str) -> Iterator[Cells | BadRecord]:
    with archive.open(name) as member:
        # IO[bytes] in name only: a ZipExtFile is a BufferedIOBase that BufferedReader can read.
        yield from records(_lines(io.BufferedReader(member, 1 << 18)))  # type: ignore[arg-type]


def _bad(file: FileName, record: BadRecord) -> Fault:
    return Fault(file.member, record.line, record.reason, _DETAILS[record.reason])


def _read_through(archive: zipfile.ZipFile) -> None:
    """Read every member. Raises `zipfile.BadZipFile` for one that is not what the directory says, check sum and size.

    A size that is too large passes the standard library's own test.
    """
    for entry in archive.infolist():
        with archive.open(entry) as member:
            size = 0
            while piece := member.read(1 << 18):
                size += len(piece)
            if size != entry.file_size:
                raise zipfile.BadZipFile


class ZipPackages:
    """Reads packages; holds nothing."""

    def inspect(self, package: BinaryIO, limits: Limits) -> Plan | tuple[Fault, ...]:
        """Judge bounds, members, manifest and headers, in this order; a step is judged if those before hold."""
        size = package.seek(0, io.SEEK_END)
        package.seek(max(0, size - _TAIL))
        if faults := check_directory(package.read(), size, limits):
            return faults
        try:
            with zipfile.ZipFile(package) as archive:
                return self._judge(archive, size, limits)
        except _BROKEN:
            return (Fault("", 0, Reason.NOT_A_ZIP, "the zip file is damaged or cut short"),)

    def _judge(self, archive: zipfile.ZipFile, size: int, limits: Limits) -> Plan | tuple[Fault, ...]:
        members = [
            Member(entry.filename, entry.compress_size, entry.file_size, entry.compress_type, entry.flag_bits)
            for entry in archive.infolist()
        ]
        if faults := check_members(members, size, limits):
            return faults
        manifest = read_manifest(islice(_member_records(archive, MANIFEST), _MANIFEST_LINES))
        if not isinstance(manifest, Manifest):
            return manifest
        if faults := check_against_manifest(members, manifest):
            return faults
        faults = tuple(fault for file in FileName for fault in self._head(archive, manifest, file))
        if not faults:
            _read_through(archive)
        return faults or Plan(manifest.modes)

    def _head(self, archive: zipfile.ZipFile, manifest: Manifest, file: FileName) -> Sequence[Fault]:
        """Judge a header; when it is wrong, broken records near it are told too, so that all is put right."""
        if manifest.mode(file) is Mode.ABSENT:
            return ()
        head = list(islice(_member_records(archive, file.member), _LOOK))
        if not head:
            return (Fault(file.member, 1, Reason.MISSING_HEADER, "the file must begin with a header"),)
        first = head[0]
        header = (_bad(file, first),) if isinstance(first, BadRecord) else read_header(file, first)
        if isinstance(header, Header):
            return ()
        return (*header, *(_bad(file, record) for record in head[1:] if isinstance(record, BadRecord)))

    def rows(
        self, package: BinaryIO, file: FileName, reading: Reading, batch: int
    ) -> Iterator[Sequence[Row | BadRow]]:
        """Read the rows of a file whose header is known to be right. Raises `Damaged`."""
        try:
            with zipfile.ZipFile(package) as archive:
                found = _member_records(archive, file.member)
                first = next(found)
                assert isinstance(first, Cells)
                header = read_header(file, first)
                assert isinstance(header, Header)
                while records := list(islice(found, batch)):
                    yield [
                        BadRow("", (_bad(file, record),))
                        if isinstance(record, BadRecord)
                        else read_row(header, record, reading)
                        for record in records
                    ]
        except _BROKEN as error:
            raise Damaged(file) from error
