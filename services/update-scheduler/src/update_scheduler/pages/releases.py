"""`/releases`: the catalogue of releases and Rx packs, and how operators append to it."""

from aiohttp import web
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.api.releases import ReleaseIn, added_release
from update_scheduler.errors import QueueError
from update_scheduler.pages import forms
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.visits import Visit, page

OPERATORS = (TokenRole.OPERATOR,)
FIELDS = {"version": "Version", "rx_of": "Rx pack of", "released_on": "Released on", "notes": "Notes"}
HINTS = {
    "version": "Give its name: letters, digits and . _ + -, at most 64.",
    "released_on": "Give a day.",
    "notes": "At most 4,000 characters.",
}


async def releases(visit: Visit) -> web.StreamResponse:
    """The catalogue, latest first, and the form for a new version."""
    return await _render(visit, Faults())


async def _render(visit: Visit, faults: Faults) -> web.Response:
    return await visit.render(
        "releases.html.j2",
        422 if faults else 200,
        releases=list(await visit.parts.registry.releases())[::-1],
        typed=visit.form,
        faults=faults,
        labels=FIELDS,
        nav="releases",
    )


async def add(visit: Visit) -> web.StreamResponse:
    """Append a release, or an Rx pack to its release."""
    faults = Faults()
    for body in forms.read(ReleaseIn, {n: visit.form.get(n, "") for n in FIELDS}, faults, HINTS):
        try:
            made = await added_release(visit.parts.registry, body, visit.now.astimezone(visit.zone).date())
            return await visit.go("/releases", f"Version {made.version} is in the catalogue.")
        except QueueError as error:
            faults.refused(error, FIELDS)
    return await _render(visit, faults)


def add_routes(app: web.Application) -> None:
    """Serve the catalogue."""
    page(app, "GET", "/releases", releases, OPERATORS)
    page(app, "POST", "/releases", add, OPERATORS)
