"""`/v1/waves`: a release rolled to all cloud sites in waves, by API; the use cases are those of the page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import answer
from pydantic import Field as PydanticField

from update_scheduler.api.fields import Cursor, In, Key, Limit, Moment, Out, Slug, Version
from update_scheduler.api.view import OPERATORS, QueueView, Roles, etag, path_id, revision_of
from update_scheduler.domain.rollouts import RolloutState, Unit, progress
from update_scheduler.domain.statuses import Status
from update_scheduler.pages.parts import PAGE_PARTS
from update_scheduler.roll_out import Intent, RollOut, Rollout, RolloutSite


class WavesIn(In):
    """A release to roll out, at most `per_window` requests an occurrence; `canaries` are districts."""

    version: Version
    canaries: Annotated[list[Slug], PydanticField(max_length=1000)] = []  # noqa: RUF012 - pydantic copies it
    per_window: Annotated[int, PydanticField(ge=1, le=100_000)]
    starts_after: Moment | None = None


class WavesOut(Out):
    """A rollout and what remains of it. `revision` is what If-Match names."""

    id: UUID
    version: str
    per_window: int
    starts_after: datetime
    state: RolloutState
    revision: int
    created_by: str
    created_at: datetime
    total: int
    unreleased: int
    open: int
    done: int
    failed: int


class AllWavesOut(Out):
    """A page of rollouts, newest first."""

    items: list[WavesOut]
    next_cursor: str | None


class DraftWaveOut(Out):
    """One wave as it would be: an occurrence of a window and the districts that are updated in it."""

    starts_at: datetime
    ends_at: datetime
    window_id: UUID
    canaries: bool
    districts: list[str]


class DraftOut(Out):
    """A plan that nobody keeps: its waves, districts without a place, and those that need nothing."""

    version: str
    waves: list[DraftWaveOut]
    beyond: list[str]
    needless: list[str]


class RolloutSiteOut(Out):
    """A district of a rollout. `wave` and `request_id` are null until its wave is released."""

    district_id: str
    group_id: str | None
    canary: bool
    wave: int | None
    request_id: UUID | None
    status: Status | None
    scheduled_for: datetime | None


class RolloutSitesOut(Out):
    """A page of the districts of a rollout: canaries first, then by id."""

    items: list[RolloutSiteOut]
    next_cursor: str | None


class StepIn(In):
    """Release the next wave, pause (what is booked is deferred), resume, or end."""

    act: Literal["release", "pause", "resume", "end"]


def _out(rollout: Rollout, sites: list[RolloutSite]) -> WavesOut:
    far = progress(len(sites), [s.status for s in sites if s.status is not None])
    return WavesOut(
        id=rollout.id,
        version=rollout.version,
        per_window=rollout.per_window,
        starts_after=rollout.starts_after,
        state=rollout.state,
        revision=rollout.revision,
        created_by=rollout.created_by,
        created_at=rollout.created_at,
        total=far.total,
        unreleased=far.unreleased,
        open=far.open,
        done=far.done,
        failed=far.failed,
    )


class _WavesView(QueueView):
    """What both resources need."""

    @property
    def use(self) -> RollOut:
        """The use cases."""
        book = self.request.app[PAGE_PARTS].rollouts
        return RollOut(book, self.parts.clock, self.parts.transition.scribe)

    def intent(self, body: WavesIn) -> Intent:
        """What the operator wants, from now on at the earliest."""
        now = self.parts.clock.now()
        starts = now if body.starts_after is None else max(body.starts_after, now)
        return Intent(body.version, frozenset(body.canaries), body.per_window, starts)

    async def shown(self, identity: UUID, status: int = 200) -> web.Response:
        """The rollout as it is now, with its ETag. Raises `Problem` 404."""
        book = self.request.app[PAGE_PARTS].rollouts
        rollout = await book.one(identity)
        if not isinstance(rollout, Rollout):
            raise not_found("rollout")
        sites = (await book.sites([identity]))[identity]
        return answer(_out(rollout, list(sites)), status, etag(rollout.revision))


class AllWaves(_WavesView):
    """All rollouts."""

    roles: ClassVar[Roles] = {"GET": OPERATORS, "POST": OPERATORS}

    async def get(self, cursor: Cursor = "", limit: Limit = 50) -> r200[AllWavesOut]:
        """List rollouts, newest first, with what remains of each.

        Tags: waves
        """
        book = self.request.app[PAGE_PARTS].rollouts
        after = self.position("waves", cursor)
        found = await book.newest(
            limit, (datetime.fromisoformat(after[0]), UUID(after[1])) if after else None
        )
        sites = await book.sites([r.id for r in found])
        last = [found[-1].created_at.isoformat(), str(found[-1].id)] if found else []
        following = self.page("waves", last, full=len(found) == limit)
        return answer(AllWavesOut(items=[_out(r, list(sites[r.id])) for r in found], next_cursor=following))

    async def post(self, body: WavesIn) -> r201[WavesOut]:
        """Plan a rollout; nothing is requested until its first wave is released.

        Tags: waves
        """
        made = await self.use.start(self.person, self.intent(body))
        return await self.shown(made.id, 201)


class Plans(_WavesView):
    """What a rollout would be."""

    roles: ClassVar[Roles] = {"POST": OPERATORS}

    async def post(self, body: WavesIn) -> r200[DraftOut]:
        """Show the waves as they would be now. Nothing is written: `POST /v1/waves` keeps a plan.

        Tags: waves
        """
        draft = await self.use.draft(self.person, self.intent(body))
        waves = [
            DraftWaveOut(
                starts_at=w.occurrence.starts_at,
                ends_at=w.occurrence.ends_at,
                window_id=w.occurrence.window,
                canaries=w.units[0].canary,
                districts=_districts(w.units),
            )
            for w in draft.plan.waves
        ]
        beyond, needless = _districts(draft.plan.beyond), list(draft.needless)
        return answer(DraftOut(version=body.version, waves=waves, beyond=beyond, needless=needless))


def _districts(units: Sequence[Unit]) -> list[str]:
    return [district for unit in units for district in unit.districts]


class OneRollout(_WavesView):
    """One rollout."""

    roles: ClassVar[Roles] = {"GET": OPERATORS, "POST": OPERATORS}

    async def get(self, rollout_id: Key, /) -> r200[WavesOut]:
        """Show a rollout. The ETag is what If-Match takes.

        Tags: waves
        """
        return await self.shown(path_id(rollout_id, "rollout"))

    async def post(self, rollout_id: Key, /, body: StepIn, *, if_match: str = "") -> r200[WavesOut]:
        """Release its next wave, pause, resume or end it.

        Tags: waves
        """
        identity, use, who = path_id(rollout_id, "rollout"), self.use, self.person
        read = revision_of(if_match)
        match body.act:
            case "release":
                await use.release(who, identity, read)
            case "pause":
                await use.pause(who, identity, read)
            case "resume":
                await use.resume(who, identity, read)
            case "end":
                await use.end(who, identity, read)
        return await self.shown(identity)


class RolloutSites(_WavesView):
    """Where a rollout stands, district by district."""

    roles: ClassVar[Roles] = {"GET": OPERATORS}

    async def get(self, rollout_id: Key, /, cursor: Cursor = "", limit: Limit = 50) -> r200[RolloutSitesOut]:
        """List the districts of a rollout with their waves and requests.

        Tags: waves
        """
        identity = path_id(rollout_id, "rollout")
        scope = f"waves/{identity}"
        after = self.position(scope, cursor)
        book = self.request.app[PAGE_PARTS].rollouts
        if not isinstance(await book.one(identity), Rollout):
            raise not_found("rollout")
        every = (await book.sites([identity]))[identity]
        begin = int(after[0]) if after else 0
        found = every[begin : begin + limit]
        following = self.page(scope, [begin + limit], full=begin + limit < len(every))
        items = [
            RolloutSiteOut(
                district_id=s.district_id,
                group_id=s.group_id or None,
                canary=s.canary,
                wave=s.wave,
                request_id=s.request,
                status=s.status,
                scheduled_for=s.at,
            )
            for s in found
        ]
        return answer(RolloutSitesOut(items=items, next_cursor=following))


def add_routes(app: web.Application) -> None:
    """Serve the resources; the fixed word before the ids."""
    app.router.add_view("/v1/waves", AllWaves)
    app.router.add_view("/v1/waves/plans", Plans)
    app.router.add_view("/v1/waves/{rollout_id}", OneRollout)
    app.router.add_view("/v1/waves/{rollout_id}/sites", RolloutSites)
