"""Zip files that lie: about their sizes, their directory, and where their members lie."""

import io
import struct
import tracemalloc
import zipfile

import pytest
from gradebook_events.adapters.zip_packages import ZipPackages
from gradebook_events.domain.oneroster.faults import Fault
from gradebook_events.domain.oneroster.package import Limits

from ..packages import package, roster

GOOD = package(roster())
_ENTRY = b"PK\x01\x02"


def judged(body: bytes) -> list[str]:
    found = ZipPackages().inspect(io.BytesIO(body), Limits())
    return [fault.reason.value for fault in found] if isinstance(found, tuple) else []


def with_sizes(body: bytes, name: bytes, packed: int | None = None, unpacked: int | None = None) -> bytes:
    """Return the zip with other sizes of a member in its directory."""
    changed = bytearray(body)
    at = body.index(name, body.index(_ENTRY)) - 46
    assert changed[at : at + 4] == _ENTRY
    for offset, value in ((20, packed), (24, unpacked)):
        if value is not None:
            struct.pack_into("<I", changed, at + offset, value)
    return bytes(changed)


@pytest.mark.parametrize("size", [0, 1, 20, 10_000, 900_000, 0xFFFFFFFE])
def test_a_member_that_lies_about_its_size_is_refused(size: int) -> None:
    assert judged(GOOD) == []
    assert judged(with_sizes(GOOD, b"users.csv", unpacked=size)) != []


@pytest.mark.parametrize("size", [0, 1, 1 << 20, 0xFFFFFFFE])
def test_a_member_that_lies_about_its_packed_size_is_refused(size: int) -> None:
    assert judged(with_sizes(GOOD, b"users.csv", packed=size)) != []


def test_a_directory_of_zip64_is_not_believed() -> None:
    """Its record may name a directory of any length, which opening would read whole."""
    entry = struct.pack("<4s4B4HL2L5H2L", _ENTRY, 20, 3, 20, 0, 0, 8, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0)
    directory = (entry + b"users.csv") * 200_000
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 200_000, 200_000, len(directory), 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 55, 0, 0)
    body = directory + record + locator + end
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert len(archive.infolist()) == 200_000
    tracemalloc.start()
    assert judged(body) == ["not_a_zip"]
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_members_over_each_other_are_refused() -> None:
    names = ["manifest.csv", "users.csv", "orgs.csv", "roles.csv", "classes.csv"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.csv", bytes(range(256)) * 4_000)
        first = archive.infolist()[0]
        for name in names[1:]:
            again = zipfile.ZipInfo(name)
            for field in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(again, field, getattr(first, field))
            archive.filelist.append(again)
            archive.NameToInfo[name] = again
    assert judged(out.getvalue()) == ["not_a_zip"]


def test_a_fault_of_the_whole_names_no_file() -> None:
    found = ZipPackages().inspect(io.BytesIO(b"x" * 100), Limits())
    assert isinstance(found, tuple)
    assert isinstance(found[0], Fault)
    assert found[0].file == ""
