"""`/sites/new`: operators register a site; its district is made when it is not known yet."""

from aiohttp import web
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.api.sites import SiteIn, added_site
from update_scheduler.errors import QueueError
from update_scheduler.pages import forms
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.visits import Visit, page

OPERATORS = (TokenRole.OPERATOR,)
FIELDS = {
    "district_id": "Id of the district",
    "district_name": "Name of the district",
    "state": "State",
    "timezone": "Time zone",
    "environment": "Site",
    "hosting": "Hosting",
    "name": "Name of the site",
    "version": "Runs",
}
HINTS = {
    "district_id": "Give its id: lower-case letters, digits and -, at most 64.",
    "district_name": "At most 200 characters.",
    "state": "Give two capital letters, or nothing.",
    "timezone": "Give an IANA name like America/Chicago.",
    "environment": "Choose a site.",
    "hosting": "Choose cloud or ASP.",
    "name": "Give it a name of at most 200 characters: refreshes ask for it.",
    "version": "Choose a version of the catalogue, or none.",
}


async def new(visit: Visit) -> web.StreamResponse:
    """The form, for the district of the address if it names one."""
    return await _render(visit, {"district_id": visit.request.query.get("district", "")[:64]}, Faults())


async def _render(visit: Visit, typed: dict[str, str], faults: Faults) -> web.Response:
    return await visit.render(
        "site_new.html.j2",
        422 if faults else 200,
        releases=list(await visit.parts.registry.releases())[::-1],
        typed=typed,
        faults=faults,
        labels=FIELDS,
        nav="districts",
    )


async def add(visit: Visit) -> web.StreamResponse:
    """Register it."""
    faults = Faults()
    for body in forms.read(SiteIn, {n: visit.form.get(n, "") for n in FIELDS}, faults, HINTS):
        try:
            made = await added_site(visit.parts.registry, body)
            return await visit.go(f"/districts/{made.district_id}", f"{made.name} is registered.")
        except QueueError as error:
            faults.refused(error, FIELDS)
    return await _render(visit, dict(visit.form), faults)


def add_routes(app: web.Application) -> None:
    """Serve the form."""
    page(app, "GET", "/sites/new", new, OPERATORS)
    page(app, "POST", "/sites/new", add, OPERATORS)
