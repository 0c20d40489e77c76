"""`/waves`: a release rolled to all cloud sites, wave after wave, canaries first."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from aiohttp import web
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.domain.requests import NoDate
from update_scheduler.domain.rollouts import Progress, RolloutState, progress
from update_scheduler.errors import NotThere, QueueError
from update_scheduler.pages import forms
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.request_page import revision
from update_scheduler.pages.visits import Visit, page
from update_scheduler.roll_out import Draft, Intent, Release, RollOut, Rollout, RolloutSite

OPERATORS = (TokenRole.OPERATOR,)
NEWEST = 50
FIELDS = {
    "version": "Version",
    "per_window": "Requests in one window, at most",
    "canaries": "Canaries",
    "starts_after": "Not before",
}


def _use(visit: Visit) -> RollOut:
    return RollOut(visit.pages.rollouts, visit.parts.clock, visit.parts.transition.scribe)


async def waves(visit: Visit) -> web.StreamResponse:
    """All rollouts, and the form for a new one."""
    return await _render(visit, Faults(), None)


async def _render(visit: Visit, faults: Faults, draft: Draft | None) -> web.Response:
    book = visit.pages.rollouts
    found = await book.newest(NEWEST)
    sites = await book.sites([r.id for r in found])
    districts = await book.cloud_districts()
    names = await visit.store.names(districts)
    return await visit.render(
        "waves.html.j2",
        422 if faults else 200,
        rollouts=[(r, how_far(sites[r.id])) for r in found],
        releases=list(await visit.parts.registry.releases())[::-1],
        names=names,
        districts=sorted(districts, key=lambda d: names[d]),
        chosen=set(visit.several.get("canaries", [])),
        draft=draft,
        typed=visit.form,
        faults=faults,
        labels=FIELDS,
        nav="waves",
    )


def how_far(sites: Sequence[RolloutSite]) -> Progress:
    """How far a rollout is."""
    return progress(len(sites), [s.status for s in sites if s.status is not None])


def _intent(visit: Visit, faults: Faults) -> Intent:
    form = visit.form
    version = forms.version(form, faults)
    count = form.get("per_window", "")
    if not (count.isascii() and count.isdigit() and 1 <= len(count) <= 6 and int(count) > 0):
        faults.add("per_window", "Give a number from 1 on.")
        count = "1"
    after = forms.moment(form, faults, "starts_after", "starts_after", visit.zone)
    starts = visit.now if isinstance(after, NoDate) else max(after, visit.now)
    return Intent(version, frozenset(visit.several.get("canaries", [])), int(count), starts)


async def plan(visit: Visit) -> web.StreamResponse:
    """Show the waves as they would be, or (`go`) start."""
    faults = Faults()
    intent = _intent(visit, faults)
    if faults:
        return await _render(visit, faults, None)
    try:
        if "go" in visit.form:
            made = await _use(visit).start(visit.person, intent)
            return await visit.go(
                f"/waves/{made.id}", "The rollout was started. Release its first wave when ready."
            )
        draft = await _use(visit).draft(visit.person, intent)
    except QueueError as error:
        faults.refused(error, FIELDS)
        return await _render(visit, faults, None)
    return await _render(visit, faults, draft)


async def show(visit: Visit) -> web.StreamResponse:
    """One rollout: its waves, and what remains."""
    return await _one(visit, "")


async def _one(visit: Visit, fault: str) -> web.Response:
    book = visit.pages.rollouts
    rollout = await book.one(_id(visit))
    if not isinstance(rollout, Rollout):
        raise NotThere("rollout")
    sites = (await book.sites([rollout.id]))[rollout.id]
    numbers = sorted({s.wave for s in sites if s.wave is not None})
    return await visit.render(
        "wave.html.j2",
        409 if fault else 200,
        rollout=rollout,
        progress=how_far(sites),
        waves=[(n, when(own := [s for s in sites if s.wave == n]), own) for n in numbers],
        remaining=[s for s in sites if s.wave is None],
        names=await visit.store.names([s.district_id for s in sites]),
        States=RolloutState,
        fault=fault,
        nav="waves",
    )


def _id(visit: Visit) -> UUID:
    try:
        return UUID(visit.path("rollout_id"))
    except ValueError:
        raise NotThere("rollout") from None


async def act(visit: Visit) -> web.StreamResponse:
    """Release the next wave, pause, resume or end."""
    use, who, identity, read = _use(visit), visit.person, _id(visit), revision(visit.form)
    try:
        match visit.form.get("act", ""):
            case "release":
                said = _told(await use.release(who, identity, read))
            case "pause":
                said = f"Paused. {await use.pause(who, identity, read)} requests were deferred."
            case "resume":
                said = f"Resumed. {await use.resume(who, identity, read)} requests have dates again."
            case "end":
                await use.end(who, identity, read)
                said = "Ended. No further wave is released."
            case _:
                return await _one(visit, "Choose what to do.")
    except NotThere:
        raise
    except QueueError as error:
        return await _one(visit, error.detail)
    return await visit.go(f"/waves/{identity}", said)


def _told(done: Release) -> str:
    said = f"A wave of {done.made} was requested and scheduled; the districts are mailed."
    if done.asked:
        said += f" {len(done.asked)} had asked themselves: their own requests count."
    if done.needless:
        said += f" {len(done.needless)} run it already."
    return said


def when(sites: Sequence[RolloutSite]) -> datetime | None:
    """The date of a wave, while any of it has one."""
    return min((s.at for s in sites if s.at is not None), default=None)


def add_routes(app: web.Application) -> None:
    """Serve the planner."""
    page(app, "GET", "/waves", waves, OPERATORS)
    page(app, "POST", "/waves", plan, OPERATORS)
    page(app, "GET", "/waves/{rollout_id}", show, OPERATORS)
    page(app, "POST", "/waves/{rollout_id}", act, OPERATORS)
