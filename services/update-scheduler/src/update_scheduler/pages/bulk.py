"""`/board/reschedule`: many requests to new dates, tried first, then done exactly as tried."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from aiohttp import web
from bellwire_kit.web.problems import Problem
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.domain.requests import NO_DATE
from update_scheduler.domain.rescheduling import At, Goal, Spread
from update_scheduler.errors import QueueError
from update_scheduler.pages import forms
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.visits import Visit, page
from update_scheduler.pages.words import card
from update_scheduler.reschedule import MOST, Chosen, Reschedule, Result

FIELDS = {"id": "Requests", "at": "Date"}


async def attempt(visit: Visit) -> web.StreamResponse:
    """Show what would happen, or with the promise of an earlier showing, do it."""
    form, faults = visit.form, Faults()
    chosen = await _chosen(visit)
    goal = _goal(visit, faults)
    reschedule = Reschedule(visit.parts.transition.queues, visit.parts.clock, visit.parts.transition.scribe)
    promised = _promised(visit) if "go" in form else None
    result = Result((), done=False)
    if not faults:
        try:
            result = await reschedule(visit.person, chosen, goal, promised)
        except QueueError as error:
            faults.refused(error, FIELDS)
    if result.done:
        return await visit.go(
            back(form), f"{len(result.moving)} requests have new dates; their contacts are mailed."
        )
    names = await visit.store.names({o.request.district_id for o in result.outcomes})
    return await visit.render(
        "bulk.html.j2",
        422 if faults else 200,
        outcomes=[(o, card(o.request, visit.now), names[o.request.district_id]) for o in result.outcomes],
        moving=result.moving,
        changed=promised is not None,
        chosen=chosen,
        goal=goal,
        at=form.get("at", ""),
        at_typed=form.get("at_typed", ""),
        back=back(form),
        faults=faults,
        labels=FIELDS,
        nav="board",
    )


def back(form: Mapping[str, str]) -> str:
    """The board as it was."""
    where = form.get("back", "")
    return where if where.startswith("/board") and "\n" not in where and "\r" not in where else "/board"


async def _chosen(visit: Visit) -> list[Chosen]:
    """What was chosen, longest waiting first."""
    revisions: dict[UUID, int] = {}
    for value in visit.several.get("id", [])[: MOST + 1]:
        identity, _, revision = value.partition(":")
        try:
            revisions[UUID(identity)] = int(revision)
        except ValueError:
            raise Problem(400, "invalid", "The form is not complete", "A choice is no request.") from None
    rows = sorted(await visit.store.rows(list(revisions)), key=lambda r: (r.request.created_at, r.request.id))
    return [Chosen(r.request.id, revisions[r.request.id], r.request.district_id) for r in rows]


def _goal(visit: Visit, faults: Faults) -> Goal:
    if visit.form.get("at") == "spread" and not visit.form.get("at_typed"):
        return Spread(visit.now)
    at = forms.moment(visit.form, faults, "at", "at_typed", visit.zone)
    if at is NO_DATE:
        faults.add("at", "Choose a window, or give day and time.")
        return Spread(visit.now)
    assert isinstance(at, datetime)
    return At(at)


def _promised(visit: Visit) -> dict[UUID, datetime]:
    promised: dict[UUID, datetime] = {}
    for value in visit.several.get("promise", []):
        identity, _, at = value.partition("@")
        try:
            promised[UUID(identity)] = datetime.fromisoformat(at)
        except ValueError:
            raise Problem(400, "invalid", "The form is not complete", "A promise is no date.") from None
    return promised


def add_routes(app: web.Application) -> None:
    """Serve it."""
    page(app, "POST", "/board/reschedule", attempt, (TokenRole.OPERATOR,))
