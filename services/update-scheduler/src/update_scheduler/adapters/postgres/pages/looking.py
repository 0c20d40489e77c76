"""What pages show, read from Postgres (pages.ports.Looking says what each method does)."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bellwire_kit.postgres import Pool, load_queries
from bellwire_schemas.names import Environment

from update_scheduler.adapters.postgres import rows
from update_scheduler.adapters.postgres.queue import QUERIES, all_rows
from update_scheduler.domain.groups import Link
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.statuses import Status
from update_scheduler.domain.windows import Blackout
from update_scheduler.pages.ports import (
    BoardCounts,
    BoardFilter,
    BoardRow,
    Booked,
    DistrictLine,
    GroupLine,
    NamedBlackout,
    Rule,
    Times,
)
from update_scheduler.ports import MISSING, District, Missing

PAGES = load_queries(Path(__file__).with_name("queries.sql"))


class PostgresLooking:
    """The pages' queries on a pool."""

    def __init__(self, pool: Pool) -> None:
        self._p = pool

    async def board(  # noqa: D102
        self, statuses: Sequence[Status], wanted: BoardFilter, now: datetime, per: int
    ) -> Mapping[Status, Sequence[BoardRow]]:
        found = await all_rows(
            PAGES.board_rows(
                self._p,
                statuses=[s.value for s in statuses],
                **_filter(wanted),
                **_occurrence(wanted),
                **_after(wanted),
                flag=wanted.flag,
                now=now,
                per=per,
            )
        )
        sections: dict[Status, list[BoardRow]] = {s: [] for s in statuses}
        for row in found:
            sections[Status(row["status"])].append(_board_row(row))
        return sections

    async def closed(  # noqa: D102
        self, status: Status, wanted: BoardFilter, now: datetime, limit: int
    ) -> Sequence[BoardRow]:
        found = PAGES.closed_rows(
            self._p, status=status.value, **_filter(wanted), **_after(wanted), per=limit
        )
        return [_board_row(r) for r in await all_rows(found)]

    async def removed(  # noqa: D102
        self, wanted: BoardFilter, now: datetime, limit: int
    ) -> Sequence[BoardRow]:
        found = PAGES.removed_rows(self._p, **_filter(wanted), **_after(wanted), per=limit)
        return [_board_row(r) for r in await all_rows(found)]

    async def counts(self, wanted: BoardFilter, now: datetime) -> BoardCounts:  # noqa: D102
        found = await all_rows(
            PAGES.board_counts(self._p, **_filter(wanted), **_occurrence(wanted), flag=wanted.flag, now=now)
        )
        return BoardCounts(
            {Status(r["status"]): r["requests"] for r in found},
            sum(r["overdue"] for r in found),
            sum(r["answered"] for r in found),
            sum(r["blackout"] for r in found),
        )

    async def rows(self, ids: Collection[UUID]) -> Sequence[BoardRow]:  # noqa: D102
        return [_board_row(r) for r in await all_rows(PAGES.rows_by_id(self._p, ids=list(ids)))]

    async def district(self, district_id: str) -> District | Missing:  # noqa: D102
        found = await all_rows(QUERIES.districts_by_id(self._p, ids=[district_id]))
        return District(found[0]["district_id"], found[0]["name"], found[0]["timezone"]) if found else MISSING

    async def districts(  # noqa: D102
        self, ids: Collection[str] | None, search: str, after: str, limit: int
    ) -> Sequence[DistrictLine]:
        found = await all_rows(
            PAGES.district_lines(
                self._p,
                ids=None if ids is None else list(ids),
                search=_literal(search),
                after=after,
                most=limit,
            )
        )
        return [
            DistrictLine(
                r["district_id"],
                r["name"],
                r["state"],
                Hosting(r["hosting"]),
                {Environment(e): v for e, v in r["versions"].items()},
                r["open"],
            )
            for r in found
        ]

    async def names(self, ids: Collection[str]) -> Mapping[str, str]:  # noqa: D102
        found = await all_rows(QUERIES.districts_by_id(self._p, ids=list(ids)))
        return {r["district_id"]: r["name"] for r in found}

    async def links(self, districts: Collection[str]) -> Mapping[str, Link]:  # noqa: D102
        found = await all_rows(QUERIES.links_of(self._p, districts=list(districts)))
        return {r["district_id"]: Link(r["id"], r["name"]) for r in found}

    async def group_names(self, group_requests: Collection[UUID]) -> Mapping[UUID, str]:  # noqa: D102
        if not group_requests:
            return {}
        found = await all_rows(PAGES.group_names(self._p, ids=list(group_requests)))
        return {r["id"]: r["group_name"] for r in found}

    async def group_requests(self, groups: Collection[str], limit: int) -> Sequence[GroupLine]:  # noqa: D102
        found = await all_rows(PAGES.group_lines(self._p, groups=list(groups), most=limit))
        return [GroupLine(rows.group_request_of(r), [Status(s) for s in r["statuses"]]) for r in found]

    async def times(  # noqa: D102
        self, first: datetime, until: datetime, districts: Collection[str] | None, each: int, limit: int
    ) -> Times:
        span = {"first": first, "until": until}
        windows = await all_rows(PAGES.all_windows(self._p))
        dark = await all_rows(PAGES.blackouts_in(self._p, **span))
        held = await all_rows(PAGES.held_in(self._p, **span))
        mine = None if districts is None else list(districts)
        booked = await all_rows(PAGES.booked_in(self._p, **span, districts=mine, each=each, most=limit))
        return Times(
            [Rule(r["name"], rows.window_of(r)) for r in windows],
            [
                NamedBlackout(
                    r["id"],
                    Blackout(r["starts_at"], r["ends_at"]),
                    Hosting(r["hosting"]) if r["hosting"] else None,
                    r["reason"],
                )
                for r in dark
            ],
            {(r["window_id"], r["slot_starts_at"]): r["held"] for r in held},
            [line async for line in _in_turns(booked)],
        )


async def _in_turns(booked: Sequence[Mapping[str, Any]]) -> AsyncIterator[Booked]:
    """Thousands of them (a feed of everything) let others have their turn meanwhile."""
    for n, r in enumerate(booked):
        if n % 200 == 199:
            await asyncio.sleep(0)
        yield Booked(rows.request_of(r), r["district_name"], r["alike"])


def _board_row(r: Mapping[str, Any]) -> BoardRow:
    return BoardRow(
        rows.request_of(r),
        r["district_name"],
        r["state"],
        Hosting(r["hosting"]),
        r["runs"],
        r["group_name"],
        r["in_blackout"],
        r["lines"],
        r["sort_at"],
    )


def _filter(wanted: BoardFilter) -> dict[str, Any]:
    identities = beginning_with(wanted.search)
    return {
        "search": _literal(wanted.search),
        "id_from": identities[0],
        "id_until": identities[1],
        "kind": wanted.kind.value if wanted.kind else None,
        "hosting": wanted.hosting.value if wanted.hosting else None,
        "environment": wanted.target.value if wanted.target else None,
    }


def _occurrence(wanted: BoardFilter) -> dict[str, Any]:
    window, starts_at = wanted.occurrence or (None, None)
    return {"window_id": window, "starts_at": starts_at}


def _after(wanted: BoardFilter) -> dict[str, Any]:
    after_at, after_id = wanted.after or (None, None)
    return {"after_at": after_at, "after_id": after_id}


def beginning_with(text: str) -> tuple[UUID | None, UUID | None]:
    """The first and the last id that begins with a text as ids are written, None where none does."""
    digits = text.strip().lower().replace("-", "")
    if not digits or len(digits) > 32 or not all(c in "0123456789abcdef" for c in digits):
        return None, None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _literal(search: str) -> str:
    """Text for `like`: what people type means itself."""
    return search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
