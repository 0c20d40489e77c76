"""`/calendar/windows`: operators add a window, and end one."""

from datetime import date
from uuid import UUID

from aiohttp import web
from bellwire_schemas.names import Role as TokenRole
from bellwire_schemas.names import Weekday

from update_scheduler.api.windows import WindowIn, added_window, ended_window
from update_scheduler.errors import NotThere, QueueError
from update_scheduler.pages import forms
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.visits import Visit, page
from update_scheduler.registry import WindowEntry

OPERATORS = (TokenRole.OPERATOR,)
FIELDS = {
    "name": "Name",
    "hosting": "Hosting",
    "kinds": "For",
    "frequency": "How often",
    "weekdays": "Days",
    "every": "Every",
    "opens": "Opens",
    "closes": "Closes",
    "timezone": "Time zone",
    "capacity": "Capacity",
    "effective_from": "In force from",
    "effective_until": "Until",
}
HINTS = {
    "name": "Give it a name of at most 200 characters.",
    "hosting": "Choose cloud or ASP.",
    "kinds": "Choose at least one.",
    "frequency": "Choose one.",
    "weekdays": "Choose at least one day.",
    "every": "Give a number from 1 to 52.",
    "opens": "Give a time of day.",
    "closes": "Give a time of day.",
    "timezone": "Give an IANA name like America/Chicago.",
    "capacity": "Give a number of requests from 1 on.",
    "effective_from": "Give a day between 2000 and 2199.",
    "effective_until": "Give a day between 2000 and 2199, or none.",
}
SEVERAL = ("kinds", "weekdays")


async def new(visit: Visit) -> web.StreamResponse:
    """The empty form."""
    return await _render_new(visit, Faults())


async def _render_new(visit: Visit, faults: Faults) -> web.Response:
    return await visit.render(
        "window_new.html.j2",
        422 if faults else 200,
        typed=visit.form,
        several=visit.several,
        today=visit.now.astimezone(visit.zone).date(),
        weekdays=list(Weekday),
        faults=faults,
        labels=FIELDS,
        nav="calendar",
    )


async def add(visit: Visit) -> web.StreamResponse:
    """Keep a new window."""
    faults = Faults()
    values: dict[str, object] = {n: visit.form.get(n, "") for n in FIELDS if n not in SEVERAL}
    values |= {n: visit.several.get(n, []) for n in SEVERAL}
    for body in forms.read(WindowIn, values, faults, HINTS):
        try:
            made = await added_window(visit.parts.registry, body)
            return await visit.go("/calendar#rules", f"The window “{made.name}” was added.")
        except QueueError as error:
            faults.refused(error, FIELDS)
    return await _render_new(visit, faults)


async def _window(visit: Visit) -> WindowEntry:
    try:
        identity = UUID(visit.path("window_id"))
    except ValueError:
        raise NotThere("window") from None
    found = [w for w in await visit.parts.registry.windows(None, 10_000) if w.id == identity]
    if not found:
        raise NotThere("window")
    return found[0]


async def ask_end(visit: Visit) -> web.StreamResponse:
    """From which day on?"""
    return await _render_end(visit, await _window(visit), Faults())


async def _render_end(visit: Visit, window: WindowEntry, faults: Faults) -> web.Response:
    return await visit.render(
        "window_end.html.j2",
        422 if faults else 200,
        window=window,
        typed=visit.form,
        faults=faults,
        labels={"effective_until": "From"},
        nav="calendar",
    )


async def end(visit: Visit) -> web.StreamResponse:
    """It holds no longer from that day on; what is booked stays."""
    window, faults = await _window(visit), Faults()
    try:
        until = date.fromisoformat(visit.form.get("effective_until", ""))
        if not 2000 <= until.year <= 2199:
            raise ValueError
        await ended_window(visit.parts.registry, window.id, until)
        return await visit.go("/calendar#rules", f"“{window.name}” ends before {until:%-d %b %Y}.")
    except ValueError:
        faults.add("effective_until", HINTS["effective_from"])
    except QueueError as error:
        faults.refused(error, FIELDS)
    return await _render_end(visit, window, faults)


def add_routes(app: web.Application) -> None:
    """Serve the forms."""
    page(app, "GET", "/calendar/windows/new", new, OPERATORS)
    page(app, "POST", "/calendar/windows/new", add, OPERATORS)
    page(app, "GET", "/calendar/windows/{window_id}/end", ask_end, OPERATORS)
    page(app, "POST", "/calendar/windows/{window_id}/end", end, OPERATORS)
