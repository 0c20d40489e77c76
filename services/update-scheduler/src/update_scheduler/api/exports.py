"""`/v1/requests.csv`: all requests within reach as a table."""

import csv
import io
from dataclasses import replace

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_schemas.names import RequestKind

from update_scheduler.api.fields import Slug
from update_scheduler.api.shapes import RequestOut, request_out
from update_scheduler.api.view import QueueView
from update_scheduler.domain.statuses import Status
from update_scheduler.registry import Filter, reach

_PAGE = 1000
_COLUMNS = (
    "id",
    "district_id",
    "kind",
    "target",
    "version",
    "status",
    "scheduled_for",
    "overdue",
    "requested_by",
    "created_at",
    "moved_at",
    "completed_at",
    "group_request_id",
    "newer_request_id",
    "reason",
    "note",
)


class RequestsCsv(QueueView):
    """Requests as comma-separated values."""

    async def get(
        self,
        district_id: Slug | None = None,
        status: list[Status] = [],  # noqa: B006 - read by the parameter parser, never changed
        kind: RequestKind | None = None,
    ) -> r200:
        """Export requests, newest first, as text/csv in UTF-8 with a head line.

        Tags: requests
        """
        if district_id is not None:
            self.check_district(district_id)
        wanted = Filter(
            districts=reach(self.person) if district_id is None else [district_id],
            statuses=[Status(s) for s in status],
            kind=kind,
            limit=_PAGE,
        )
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/csv; charset=utf-8; header=present",
                "Content-Disposition": 'attachment; filename="requests.csv"',
            }
        )
        await response.prepare(self.request)
        await response.write(_lines([list(_COLUMNS)]))
        now = self.parts.clock.now()
        while found := await self.parts.registry.requests(wanted):
            await response.write(_lines([_row(request_out(shown, now)) for shown in found]))
            last = found[-1].request
            wanted = replace(wanted, after=(last.created_at, last.id))
        await response.write_eof()
        return response


def _row(out: RequestOut) -> list[str]:
    values = out.model_dump(mode="json")
    return ["" if values[name] is None else _cell(str(values[name])) for name in _COLUMNS]


def _cell(text: str) -> str:
    """A cell that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _lines(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/requests.csv", RequestsCsv)
