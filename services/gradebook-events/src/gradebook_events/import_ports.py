"""What imports need from outside: protocols, and the values that cross them."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Protocol
from uuid import UUID

from bellwire_schemas.source import Source

from gradebook_events.domain.oneroster.comparison import Before, News
from gradebook_events.domain.oneroster.difference import Difference
from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.faults import Fault, Reason
from gradebook_events.domain.oneroster.names import FileName, Mode
from gradebook_events.domain.oneroster.package import Limits
from gradebook_events.domain.oneroster.rows import BadRow, Reading, Row
from gradebook_events.domain.oneroster.things import ThingKind
from gradebook_events.domain.publishers import Publisher


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import has come; written with each batch. `staged` are the files that are read whole."""

    files: Mapping[str, Mapping[str, int]]
    events: Mapping[str, int]
    faults: int
    staged: tuple[FileName, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """An import that this process has leased, as it stood then."""

    import_id: UUID
    publisher: Publisher
    stage: str
    alerts: bool
    exported_at: datetime
    modes: Mapping[FileName, Mode]
    progress: Progress
    backfill: bool
    confirmed: bool
    attempts: int
    agents_have_portal: bool
    owner: UUID

    @property
    def bulk(self) -> tuple[str, ...]:
        """Names of the files that are sent whole."""
        return tuple(file.value for file, mode in self.modes.items() if mode is Mode.BULK)


class LeaseLost(Exception):
    """Another process has taken the import over: this one stops touching it."""


@dataclass(frozen=True, slots=True)
class Staged:
    """One batch of a file, judged: good rows, sourcedIds of bad ones, faults."""

    file: FileName
    rows: Sequence[Row]
    bad_ids: Sequence[str]
    faults: Sequence[Fault]


class Imports(Protocol):
    """The jobs and their packages."""

    async def submit(
        self,
        publisher: Publisher,
        import_id: UUID,
        package: BinaryIO,
        modes: Mapping[FileName, Mode],
        alerts: bool,
        exported_at: datetime,
        now: datetime,
    ) -> None:
        """Keep a package and queue its import, in one transaction."""

    async def find(self, source: Source, import_id: UUID) -> Mapping[str, Any] | None:
        """Return an import of that district and environment."""

    async def faults(self, import_id: UUID, after: int, count: int) -> Sequence[Mapping[str, Any]]:
        """Return a page of an import's faults."""

    async def open_imports(self, publisher: Publisher) -> int:
        """Return how many imports of a publisher have not ended."""
        ...

    async def confirm(self, source: Source, import_id: UUID) -> bool:
        """Let a waiting import go on; false when there is none that waits."""

    async def claim(self, owner: UUID) -> Job | None:
        """Lease the next import, if there is one."""

    async def hold(self, job: Job) -> None:
        """Keep the lease. Raises `LeaseLost`."""

    def package(self, job: Job) -> AsyncIterator[bytes]:
        """Return the pieces of a job's package."""

    async def begin_file(self, job: Job, file: FileName) -> None:
        """Forget the faults of a file that is read again. Raises `LeaseLost`."""

    async def progress(self, job: Job, progress: Progress) -> None:
        """Write how far reading has come, and keep the lease. Raises `LeaseLost`."""

    async def wait(self, job: Job, unlisted: int) -> None:
        """Stop an import until it is confirmed. Raises `LeaseLost`."""

    async def finish(self, job: Job, status: str, failure: str, now: datetime) -> None:
        """End an import and drop its package. Raises `LeaseLost`."""

    async def release(self, job: Job, delay: timedelta, *, blameless: bool) -> None:
        """Give an import back, to be tried again after the delay; a blameless attempt is not counted."""


class Staging(Protocol):
    """What the sources list."""

    async def listed_lines(self, job: Job, file: FileName, ids: Sequence[str]) -> Mapping[str, int]:
        """Return the line on which this import already gave each of these ids."""

    async def missing(
        self, job: Job, targets: Sequence[tuple[FileName, str]]
    ) -> frozenset[tuple[FileName, str]]:
        """Return those of the targets that no record has."""

    async def stage(self, job: Job, batch: Staged, progress: Progress, kept_faults: int) -> None:
        """Keep a batch, its first `kept_faults` faults and the progress in one transaction."""

    async def difference(self, job: Job) -> Difference:
        """Return how many records were live, and how many of them this import no longer lists."""

    async def prepare(self, job: Job, unlisted: int) -> bool:
        """End what is unlisted, note what there is to derive, and return whether the import is a backfill.

        Raises `LeaseLost`.
        """
        ...


class Derivation(Protocol):
    """What the records of a source say, scope by scope, and what was published of it."""

    async def next_scopes(self, job: Job) -> tuple[int, tuple[str, ...]]:
        """Return the step and the scopes to derive next; no scopes when all is done."""

    async def by_id(self, job: Job, file: FileName, ids: Sequence[str]) -> Mapping[str, Entity]:
        """Return records of a file by sourcedId."""

    async def whole(self, job: Job, file: FileName) -> Mapping[str, Entity]:
        """Return all records of a small file by sourcedId."""

    async def of_users(self, job: Job, file: FileName, ids: Sequence[str]) -> Mapping[str, Sequence[Entity]]:
        """Return the records of a file that name each of these users."""

    async def of_classes(
        self, job: Job, file: FileName, ids: Sequence[str]
    ) -> Mapping[str, Sequence[Entity]]:
        """Return the records of a file that name each of these classes, results by their line item."""

    async def published(
        self, job: Job, kinds: Sequence[ThingKind], scopes: Sequence[str]
    ) -> Sequence[Before]:
        """Return what was published of these scopes."""

    async def keep(
        self, job: Job, published: Sequence[News], step: int, scopes: Sequence[str], progress: Progress
    ) -> None:
        """Note things as published, their scopes as done, and the progress, in one transaction."""

    async def clean(self, job: Job) -> None:
        """Note that everything derived is published. Raises `LeaseLost`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A package without faults of its own: how the manifest marks each file that is there."""

    modes: Mapping[FileName, Mode]


class Damaged(Exception):
    """A file's bytes are not what the zip's directory says; what came before them was read."""

    def __init__(self, file: FileName) -> None:
        super().__init__(f"{file.member} is damaged")
        self.fault = Fault(file.member, 0, Reason.UNREADABLE_MEMBER, "the file is damaged or cut short")


class Packages(Protocol):
    """Zip files on disk, without a name there: nothing is left of one when its process ends."""

    def inspect(self, package: BinaryIO, limits: Limits) -> Plan | tuple[Fault, ...]:
        """Judge a package as a whole; blocks, so call it in a thread."""

    def rows(
        self, package: BinaryIO, file: FileName, reading: Reading, batch: int
    ) -> Iterator[Sequence[Row | BadRow]]:
        """Read the rows of one file in batches; blocks."""
