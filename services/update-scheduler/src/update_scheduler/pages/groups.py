"""`/groups`: which districts belong together and who is mailed for them; operators change it."""

from aiohttp import web
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.api.groups import GroupIn, added_group, joined
from update_scheduler.domain.groups import GroupKind
from update_scheduler.errors import NotThere, QueueError
from update_scheduler.pages import contacts, forms
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.visits import Visit, page
from update_scheduler.ports import Group

OPERATORS = (TokenRole.OPERATOR,)
FIELDS = {"id": "Id", "name": "Name", "kind": "Kind", "district_id": "District", **contacts.FIELDS}
HINTS = {
    "id": "Give an id: lower-case letters, digits and -, at most 64.",
    "name": "Give a name of at most 200 characters.",
    "kind": "Choose one.",
}
MOST = 1000


async def groups(visit: Visit) -> web.StreamResponse:
    """All groups, and the form for a new one."""
    return await _render(visit, Faults())


async def _render(visit: Visit, faults: Faults) -> web.Response:
    return await visit.render(
        "groups.html.j2",
        422 if faults else 200,
        groups=sorted(await visit.parts.registry.groups(None, "", MOST), key=lambda g: (g.name, g.id)),
        kinds=list(GroupKind),
        typed=visit.form,
        faults=faults,
        labels=FIELDS,
        nav="groups",
    )


async def add(visit: Visit) -> web.StreamResponse:
    """Add a group."""
    faults = Faults()
    for body in forms.read(GroupIn, {n: visit.form.get(n, "") for n in HINTS}, faults, HINTS):
        try:
            made = await added_group(visit.parts.registry, body)
            return await visit.go(f"/groups/{made.id}", f"{made.name} was added. Put its districts in.")
        except QueueError as error:
            faults.refused(error, FIELDS)
    return await _render(visit, faults)


async def _group(visit: Visit) -> Group:
    found = await visit.parts.registry.groups([visit.path("group_id")], "", 1)
    if not found:
        raise NotThere("group")
    return found[0]


async def show(visit: Visit) -> web.StreamResponse:
    """One group with its districts and contacts."""
    return await _one(visit, await _group(visit), Faults())


async def _one(visit: Visit, group: Group, faults: Faults) -> web.Response:
    lines = await visit.store.districts(None, "", "", MOST)
    return await visit.render(
        "group.html.j2",
        422 if faults else 200,
        group=group,
        names=await visit.store.names(group.districts),
        others=[d for d in lines if d.id not in group.districts],
        contacts=await visit.parts.registry.contacts([], [group.id], None, contacts.MOST),
        action=f"/groups/{group.id}/contacts",
        typed=visit.form,
        faults=faults,
        labels=FIELDS,
        nav="groups",
    )


async def put_in(visit: Visit) -> web.StreamResponse:
    """A district joins; it is not added to a group request that is open."""
    group, faults = await _group(visit), Faults()
    district_id = visit.form.get("district_id", "")
    try:
        await joined(visit.parts.registry, group.id, district_id, visit.now)
        return await visit.go(
            f"/groups/{group.id}", "The district joined. Open group requests go on without it."
        )
    except NotThere:
        faults.add("district_id", "Choose a district of the list.")
    except QueueError as error:
        faults.add("district_id", error.detail)
    return await _one(visit, group, faults)


async def take_out(visit: Visit) -> web.StreamResponse:
    """A district leaves; its open requests stay its own."""
    group = await _group(visit)
    if not await visit.parts.registry.leave(group.id, visit.form.get("district_id", "")):
        raise NotThere("district in this group")
    return await visit.go(f"/groups/{group.id}", "The district left. Its open requests stay its own.")


async def add_contact(visit: Visit) -> web.StreamResponse:
    """Add a contact to a group."""
    group, faults = await _group(visit), Faults()
    for made in await contacts.added(visit, faults, group_id=group.id):
        return await visit.go(f"/groups/{group.id}", f"{made.name} is mailed from now on.")
    return await _one(visit, group, faults)


def add_routes(app: web.Application) -> None:
    """Serve the pages."""
    page(app, "GET", "/groups", groups, OPERATORS)
    page(app, "POST", "/groups", add, OPERATORS)
    page(app, "GET", "/groups/{group_id}", show, OPERATORS)
    page(app, "POST", "/groups/{group_id}/districts", put_in, OPERATORS)
    page(app, "POST", "/groups/{group_id}/districts/remove", take_out, OPERATORS)
    page(app, "POST", "/groups/{group_id}/contacts", add_contact, OPERATORS)
