"""Read a package's rows into the source's records, in batches; faults are listed, good rows count."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from bellwire_kit.clock import Clock
from bellwire_kit.faults import point

from gradebook_events.domain.oneroster.faults import Fault
from gradebook_events.domain.oneroster.names import FileName
from gradebook_events.domain.oneroster.rows import BadRow, Reading, Row, dangling, duplicate, targets
from gradebook_events.domain.oneroster.tables import TABLES
from gradebook_events.import_ports import Imports, Job, Packages, Progress, Staged, Staging

BATCH = 1_000
KEPT_FAULTS = 10_000
"""So many faults of an import are listed; all are counted."""


class Stager:
    """Stages one import; a restart begins again with the first file that is not staged whole."""

    def __init__(self, imports: Imports, records: Staging, packages: Packages, clock: Clock) -> None:
        self._imports = imports
        self._records = records
        self._packages = packages
        self._clock = clock

    async def run(self, job: Job) -> Progress:
        """Stage every file that the manifest marks, in the order in which targets come first."""
        staged = job.progress.staged
        files = {file.value: job.progress.files[file.value] for file in staged}
        progress = Progress(files, {}, sum(counts["faults"] for counts in files.values()), staged)
        # A file without a name: nothing is left of it, however the process ends.
        with tempfile.TemporaryFile() as package:
            async for piece in self._imports.package(job):
                package.write(piece)
            for file in FileName:
                if file in job.modes and file not in staged:
                    progress = await self._file(job, package, file, progress)
        return progress

    async def _file(self, job: Job, package: BinaryIO, file: FileName, before: Progress) -> Progress:
        await self._imports.begin_file(job, file)
        reading = Reading(job.modes[file], job.exported_at, self._clock.now())
        own = await asyncio.to_thread(self._own_ids, package, file, reading)
        counts = {"rows": 0, "good": 0, "bad": 0, "faults": 0}
        batches = self._packages.rows(package, file, reading, BATCH)
        while batch := await asyncio.to_thread(next, batches, ()):
            judged = await self._judged(job, file, batch, own)
            room = max(0, KEPT_FAULTS - before.faults - counts["faults"])
            counts["rows"] += len(batch)
            counts["good"] += len(judged.rows)
            counts["bad"] += len(batch) - len(judged.rows)
            counts["faults"] += len(judged.faults)
            await self._records.stage(job, judged, _after(before, file, counts, before.staged), room)
            point("import_staged_batch")
        progress = _after(before, file, counts, (*before.staged, file))
        await self._imports.progress(job, progress)
        return progress

    def _own_ids(self, package: BinaryIO, file: FileName, reading: Reading) -> frozenset[str]:
        """Return the good ids of a file whose rows point at each other, since a target may come later."""
        if not any(file in column.target for column in TABLES[file]):
            return frozenset()
        return frozenset(
            row.sourced_id
            for batch in self._packages.rows(package, file, reading, BATCH)
            for row in batch
            if isinstance(row, Row)
        )

    async def _judged(
        self, job: Job, file: FileName, batch: Sequence[Row | BadRow], own: frozenset[str]
    ) -> Staged:
        """Hold the good rows of a batch against the lines before them and the records that they point to."""
        good = [row for row in batch if isinstance(row, Row)]
        bad_ids = [row.sourced_id for row in batch if isinstance(row, BadRow) and row.sourced_id]
        found: list[Fault] = [fault for row in batch if isinstance(row, BadRow) for fault in row.faults]
        lines = dict(await self._records.listed_lines(job, file, [row.sourced_id for row in good]))
        missing = await self._missing(job, file, good, own)
        kept: list[Row] = []
        for row in good:
            first = lines.setdefault(row.sourced_id, row.line)
            gone = [(column, target) for column, target, id_ in targets(row) if (target, id_) in missing]
            found += [dangling(row, column, target) for column, target in gone]
            if first != row.line:
                found.append(duplicate(file, row.line, first))
            elif gone:
                bad_ids.append(row.sourced_id)
            else:
                kept.append(row)
        return Staged(file, kept, bad_ids, sorted(found, key=lambda fault: fault.line))

    async def _missing(
        self, job: Job, file: FileName, good: Sequence[Row], own: frozenset[str]
    ) -> frozenset[tuple[FileName, str]]:
        wanted = {
            (target, identifier)
            for row in good
            for _, target, identifier in targets(row)
            if not (target is file and identifier in own)
        }
        return await self._records.missing(job, sorted(wanted)) if wanted else frozenset()


def _after(
    before: Progress, file: FileName, counts: Mapping[str, int], staged: tuple[FileName, ...]
) -> Progress:
    faults = before.faults + counts["faults"]
    return Progress({**before.files, file.value: dict(counts)}, before.events, faults, staged)


def outcome(progress: Progress) -> str:
    """Return how an import with this progress ends."""
    return "completed_with_errors" if progress.faults else "completed"
