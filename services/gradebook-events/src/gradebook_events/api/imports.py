"""`/v1/imports`: OneRoster packages in, and what became of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r202
from bellwire_kit.web.problems import Problem, not_found
from bellwire_kit.web.views import ApiView, answer
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from gradebook_events.api.callers import publisher_of, source_of
from gradebook_events.api.parts import PARTS, Parts
from gradebook_events.api.publishers import Cursor, PathId
from gradebook_events.domain.moments import within

_PIECE = 1 << 18
Limit = Annotated[int, Field(ge=1, le=1_000)]
Flag = Annotated[str, StringConstraints(pattern="^(true|false)$")]


class Submitted(BaseModel):
    """An import that was queued."""

    id: UUID
    status: str


class FaultOut(BaseModel):
    """One fault: `line` counts from 1, 0 is the file as a whole; `reason` is a stable word."""

    file: str
    line: int
    field: str
    reason: str
    detail: str


class FileCounts(BaseModel):
    """Rows of one file: how many were read, how many counted, how many did not."""

    rows: int
    good: int
    bad: int
    faults: int


class ImportOut(BaseModel):
    """An import: its state, counts by file, events by kind, and a page of its faults.

    `status` is queued, running, waiting_for_confirmation, completed, completed_with_errors, failed or superseded.
    `backfill` says that its events alert nobody. `unlisted` is how many records it no longer lists. `next_cursor`
    is that of the next page of faults, null on the last.
    """

    id: UUID
    publisher_id: str
    status: str
    stage: str
    alerts: bool
    backfill: bool
    exported_at: datetime
    created_at: datetime
    finished_at: datetime | None
    files: dict[str, FileCounts]
    events: dict[str, int]
    unlisted: int
    failure: str
    errors_total: int
    errors: list[FaultOut]
    next_cursor: str | None


class Upload(ApiView):
    """Where OneRoster packages are sent."""

    async def post(self, alerts: Flag = "true", exported_at: AwareDatetime | None = None) -> r202[Submitted]:
        """Import a OneRoster 1.2 CSV package (zip in the body); Location names the import.

        The first bulk of a publisher alerts nobody; later ones are compared and alert, unless `alerts=false`. A
        blank dateLastModified is `exported_at`, by default the time of the upload. Faults of zip, manifest,
        header or unknown file refuse the package with 400; faults of rows are listed in the import.

        Tags: imports
        """
        parts: Parts = self.request.app[PARTS]
        publisher = await publisher_of(self.request)
        if exported_at is not None and not within(exported_at):
            detail = "'exported_at' must be a time from the year 1900 on"
            raise Problem(400, "invalid", "The request is not valid", detail, pointer="/query/exported_at")
        import_id = await parts.packages.receive(
            publisher,
            self.request.content.iter_chunked(_PIECE),
            alerts=alerts == "true",
            exported_at=exported_at,
        )
        place = f"/v1/imports/{import_id}"
        return answer(Submitted(id=import_id, status="queued"), 202, {"Location": place})


class _OfImport(ApiView):
    """A resource of one import: for its publisher's district, by publisher key or administrator's token."""

    async def _iter(self) -> web.StreamResponse:
        if self.request.method in self.allowed_methods:
            self.parts: Parts = self.request.app[PARTS]
            self.source = await source_of(self.request)
        response: web.StreamResponse = await super()._iter()
        return response

    async def found(self, text: str) -> Mapping[str, Any]:
        """Return the import. Raises `Problem` 404 when the caller's district has none of that id."""
        row = await self.parts.imports.find(self.source, _uuid(text))
        if row is None:
            raise not_found("import")
        return row


class OneImport(_OfImport):
    """One import."""

    async def get(self, import_id: PathId, /, cursor: Cursor = "", limit: Limit = 1_000) -> r200[ImportOut]:
        """Return an import with a page of its faults.

        Tags: imports
        """
        row = await self.found(import_id)
        scope = f"imports/{row['import_id']}"
        after: int = self.parts.cursors.open(scope, cursor)[0] if cursor else 0
        found = await self.parts.imports.faults(row["import_id"], after, limit + 1)
        faults = found[:limit]
        more = len(found) > limit
        following = self.parts.cursors.seal(scope, [faults[-1]["number"]]) if more else None
        known = {name: row[name] for name in ImportOut.model_fields if name in row}
        return answer(
            ImportOut(
                id=row["import_id"],
                files=row["counts"].get("files", {}),
                events=row["counts"].get("events", {}),
                errors_total=row["faults"],
                errors=[FaultOut(**fault) for fault in faults],
                next_cursor=following,
                **known,
            )
        )


class Confirmation(_OfImport):
    """The confirmation of an import that would end over 10 % of what was there."""

    async def post(self, import_id: PathId, /) -> r202[Submitted]:
        """Let a waiting import go on.

        Tags: imports
        """
        row = await self.found(import_id)
        if not await self.parts.imports.confirm(self.source, row["import_id"]):
            detail = f"The import is {row['status']}; only one that is waiting_for_confirmation is confirmed."
            raise Problem(409, "not-waiting", "There is nothing to confirm", detail)
        self.parts.packages.wake()
        return answer(Submitted(id=row["import_id"], status="queued"), 202)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise not_found("import") from None


def add_routes(app: web.Application) -> None:
    """Serve the resources."""
    app.router.add_view("/v1/imports/oneroster", Upload)
    app.router.add_view("/v1/imports/{import_id}", OneImport)
    app.router.add_view("/v1/imports/{import_id}/confirmation", Confirmation)
