"""The zip as a whole: bounds before anything is read, then its members against the manifest."""

from collections.abc import Sequence
from dataclasses import dataclass

from gradebook_events.domain.oneroster.faults import Fault, Reason
from gradebook_events.domain.oneroster.manifest import Manifest
from gradebook_events.domain.oneroster.names import MANIFEST, FileName, Mode

_END = b"PK\x05\x06"
_LOCATOR_64 = b"PK\x06\x07"
_STORED, _DEFLATED, _ENCRYPTED = 0, 8, 0x1
_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds: bytes packed and unpacked, members, bytes of the directory, bytes unpacked per one packed."""

    packed: int = 256 << 20
    unpacked: int = 4 << 30
    members: int = 64
    directory: int = 64 << 10
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the zip's directory; sizes in bytes, as the directory declares them."""

    name: str
    packed: int
    unpacked: int
    method: int
    flags: int


def _fault(name: str, reason: Reason, detail: str) -> Fault:
    return Fault(name, 0, reason, detail)


def check_directory(tail: bytes, size: int, limits: Limits) -> tuple[Fault, ...]:
    """Judge the end-of-directory record in the last bytes of a file of `size` bytes, before opening it.

    Opening a zip reads its whole directory into memory, so its length and count are bounded here.
    """
    if size > limits.packed:
        return (_fault("", Reason.TOO_LARGE, f"the package must be at most {limits.packed} bytes"),)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return (_fault("", Reason.NOT_A_ZIP, "the body is not a zip file, or it is cut short"),)
    if tail[max(0, at - 20) : at].startswith(_LOCATOR_64):
        # What it points at may say that the directory is any size, and would be believed.
        return (_fault("", Reason.NOT_A_ZIP, "the package must be a plain zip file, not zip64"),)
    count = int.from_bytes(tail[at + 10 : at + 12], "little")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    if count > limits.members or length > limits.directory:
        return (_fault("", Reason.TOO_MANY_MEMBERS, f"a package holds at most {limits.members} files"),)
    return ()


def check_members(members: Sequence[Member], size: int, limits: Limits) -> tuple[Fault, ...]:
    """Judge names, count, encryption and expansion as the directory declares them; `size` is the whole zip's."""
    if len(members) > limits.members:
        return (_fault("", Reason.TOO_MANY_MEMBERS, f"a package holds at most {limits.members} files"),)
    faults: list[Fault] = []
    known = {MANIFEST, *(file.member for file in FileName)}
    seen: set[str] = set()
    for member in members:
        name = member.name[:128]
        if member.name not in known:
            faults.append(
                _fault(name, Reason.UNKNOWN_FILE, "no file of this name belongs in a OneRoster package")
            )
        elif member.name in seen:
            faults.append(_fault(name, Reason.DUPLICATE_FILE, "the package holds this file twice"))
        elif member.flags & _ENCRYPTED or member.method not in (_STORED, _DEFLATED):
            detail = "the file must be stored or deflated, and not encrypted"
            faults.append(_fault(name, Reason.UNREADABLE_MEMBER, detail))
        elif member.unpacked > _SMALL and member.unpacked > limits.ratio * member.packed:
            faults.append(
                _fault(name, Reason.EXPANDS_TOO_MUCH, f"a file expands at most {limits.ratio} times")
            )
        seen.add(member.name)
    if sum(member.unpacked for member in members) > limits.unpacked:
        detail = f"the package must unpack to at most {limits.unpacked} bytes"
        faults.append(_fault("", Reason.EXPANDS_TOO_MUCH, detail))
    if sum(member.packed for member in members) > size:
        faults.append(_fault("", Reason.NOT_A_ZIP, "the files of the package lie over each other"))
    if MANIFEST not in seen:
        faults.append(_fault(MANIFEST, Reason.MISSING_MANIFEST, "a package holds a manifest.csv"))
    return tuple(faults)


def check_against_manifest(members: Sequence[Member], manifest: Manifest) -> tuple[Fault, ...]:
    """Every file that is marked is there, and none that is not."""
    present = {member.name for member in members}
    faults: list[Fault] = []
    for file in FileName:
        marked = manifest.mode(file) is not Mode.ABSENT
        if marked and file.member not in present:
            detail = f"the manifest marks {file.member} {manifest.mode(file).value} and the package lacks it"
            faults.append(_fault(file.member, Reason.MISSING_FILE, detail))
        elif not marked and file.member in present:
            detail = f"the manifest marks {file.member} absent and the package holds it"
            faults.append(_fault(file.member, Reason.UNEXPECTED_FILE, detail))
    return tuple(faults)
