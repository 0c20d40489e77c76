"""`/`, where everybody begins, and `/districts`, the list that operators and group contacts search."""

from aiohttp import web

from update_scheduler.domain.actors import Role
from update_scheduler.pages.visits import Visit, page
from update_scheduler.registry import reach

PAGE = 100


async def start(visit: Visit) -> web.StreamResponse:
    """To the board, the contact's own district, or the group's first."""
    if visit.operator:
        return await visit.go("/board")
    districts = reach(visit.person) or ()
    if visit.person.role is Role.TECHNICAL_CONTACT or districts:
        return await visit.go(f"/districts/{districts[0]}")
    return await visit.go("/districts")


async def districts(visit: Visit) -> web.StreamResponse:
    """Districts by name, a hundred at a time."""
    search = visit.request.query.get("q", "").strip()[:100].replace("\x00", "")
    after = visit.request.query.get("after", "")[:400].replace("\x00", "")
    found = await visit.store.districts(reach(visit.person), search, after, PAGE + 1)
    more = len(found) > PAGE
    shown = found[:PAGE]
    following = f"{shown[-1].name}\x01{shown[-1].id}" if more else ""
    return await visit.render("districts.html.j2", lines=shown, q=search, after=following, nav="districts")


def add_routes(app: web.Application) -> None:
    """Serve them."""
    page(app, "GET", "/", start)
    page(app, "GET", "/districts", districts)
