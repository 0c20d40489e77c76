"""`/districts/{district_id}/contacts`: who is mailed for a district. Operators and the district's own contacts."""

from uuid import UUID

from aiohttp import web
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.api.contacts import ContactIn, added_contact, removed_contact
from update_scheduler.errors import NotThere, QueueError
from update_scheduler.pages import forms
from update_scheduler.pages.district import reached
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.visits import Visit, page
from update_scheduler.registry import ContactEntry

OPERATORS = (TokenRole.OPERATOR,)
FIELDS = {"name": "Name", "email": "E-mail", "user_id": "Signs in as"}
HINTS = {
    "name": "Give a name of at most 200 characters.",
    "email": "Give an address like it@district.example.",
    "user_id": "At most 255 characters.",
}
MOST = 500


async def of_district(visit: Visit) -> web.StreamResponse:
    """The list, and the form for another one."""
    return await _render(visit, Faults())


async def _render(visit: Visit, faults: Faults) -> web.Response:
    place = await reached(visit, visit.path("district_id"))
    return await visit.render(
        "contacts.html.j2",
        422 if faults else 200,
        place=place,
        contacts=await visit.parts.registry.contacts([place.id], [], None, MOST),
        action=f"/districts/{place.id}/contacts",
        typed=visit.form,
        faults=faults,
        labels=FIELDS,
        nav="districts" if visit.operator else "district",
    )


async def added(visit: Visit, faults: Faults, **whose: str) -> list[ContactEntry]:
    """The contact that a form adds to a district or group, or none: then `faults` says why."""
    values = {n: visit.form.get(n, "") for n in FIELDS}
    for body in forms.read(ContactIn, {**values, **whose}, faults, HINTS):
        try:
            return [await added_contact(visit.parts.registry, visit.person, body)]
        except NotThere:
            raise
        except QueueError as error:
            faults.refused(error, FIELDS)
    return []


async def add(visit: Visit) -> web.StreamResponse:
    """Add a contact to a district."""
    place, faults = await reached(visit, visit.path("district_id")), Faults()
    for made in await added(visit, faults, district_id=place.id):
        return await visit.go(f"/districts/{place.id}/contacts", f"{made.name} is mailed from now on.")
    return await _render(visit, faults)


async def remove(visit: Visit) -> web.StreamResponse:
    """Forget a contact of a district or group."""
    try:
        identity = UUID(visit.path("contact_id"))
    except ValueError:
        raise NotThere("contact") from None
    gone = await removed_contact(visit.parts.registry, visit.person, identity)
    back = f"/districts/{gone.district_id}/contacts" if gone.district_id else f"/groups/{gone.group_id}"
    return await visit.go(back, f"{gone.name} is no longer mailed.")


def add_routes(app: web.Application) -> None:
    """Serve the page."""
    page(app, "GET", "/districts/{district_id}/contacts", of_district)
    page(app, "POST", "/districts/{district_id}/contacts", add)
    page(app, "POST", "/contacts/{contact_id}/remove", remove)
