"""`manifest.csv`: which files the package holds, whole or changed (OneRoster 1.2 CSV binding, 4.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gradebook_events.domain.oneroster.csv_records import BadRecord, Cells
from gradebook_events.domain.oneroster.faults import Fault, Reason
from gradebook_events.domain.oneroster.names import MANIFEST, FileName, Mode

HEADER = ("propertyName", "value")
VERSIONS = {"manifest.version": "1.0", "oneroster.version": "1.2"}
_SOURCE = frozenset({"source.systemName", "source.systemCode"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest without faults: a mode for every file that it does not mark absent."""

    modes: Mapping[FileName, Mode]

    def mode(self, file: FileName) -> Mode:
        """Return how a file is marked; one that is not named is absent."""
        return self.modes.get(file, Mode.ABSENT)


def _fault(line: int, reason: Reason, detail: str, field: str = "") -> Fault:
    return Fault(MANIFEST, line, reason, detail, field)


def _file_property(name: str, value: str) -> tuple[FileName, Mode]:
    """Read `file.<name>`; raises ValueError when either half is unknown."""
    return FileName(name.removeprefix("file.")), Mode(value)


def read_manifest(records: Iterable[Cells | BadRecord]) -> Manifest | tuple[Fault, ...]:
    """Read the records of a manifest. Returns every fault found."""
    faults: list[Fault] = []
    modes: dict[FileName, Mode] = {}
    seen: set[str] = set()
    header_seen = False
    for record in records:
        if isinstance(record, BadRecord):
            faults.append(_fault(record.line, record.reason, "the line is not CSV"))
        elif not header_seen:
            header_seen = True
            if record.values != HEADER:
                detail = "the header must be 'propertyName,value', in this case"
                return (_fault(record.line, Reason.INVALID_MANIFEST_HEADER, detail),)
        elif len(record.values) != 2:
            faults.append(
                _fault(record.line, Reason.WRONG_NUMBER_OF_FIELDS, "a property has a name and a value")
            )
        else:
            faults.extend(_property(record, modes, seen))
    if not header_seen:
        return (_fault(1, Reason.INVALID_MANIFEST_HEADER, "the manifest is empty"),)
    for name in VERSIONS.keys() - seen:
        faults.append(_fault(0, Reason.INVALID_MANIFEST_PROPERTY, f"'{name}' is required and missing", name))
    return tuple(faults) if faults else Manifest(modes)


def _property(record: Cells, modes: dict[FileName, Mode], seen: set[str]) -> tuple[Fault, ...]:
    name, value = record.values
    if name in seen:
        detail = f"'{name[:64]}' is there twice"
        return (_fault(record.line, Reason.INVALID_MANIFEST_PROPERTY, detail, name[:64]),)
    seen.add(name)
    if name in VERSIONS:
        if value == VERSIONS[name]:
            return ()
        detail = f"'{name}' must be {VERSIONS[name]}: no other version is read here"
        return (_fault(record.line, Reason.UNSUPPORTED_VERSION, detail, name),)
    if name in _SOURCE:
        return ()
    try:
        file, mode = _file_property(name, value) if name.startswith("file.") else _unknown()
    except ValueError:
        detail = f"'{name[:64]}' must be a known file marked absent, bulk or delta"
        return (_fault(record.line, Reason.INVALID_MANIFEST_PROPERTY, detail, name[:64]),)
    if mode is not Mode.ABSENT:
        modes[file] = mode
    return ()


def _unknown() -> tuple[FileName, Mode]:
    raise ValueError("not a property of a manifest")
