"""`/requests/{request_id}/remove`: the question before a contact cancels or deletes a request."""

from aiohttp import web
from bellwire_schemas.names import Environment

from update_scheduler.domain.actors import Role
from update_scheduler.domain.requests import Member
from update_scheduler.errors import NotThere, QueueError, Stale
from update_scheduler.pages.request_form import CONTACTS
from update_scheduler.pages.request_page import moves_as_one, revision
from update_scheduler.pages.sight import members, seen
from update_scheduler.pages.visits import Visit, page
from update_scheduler.pages.words import card, places
from update_scheduler.ports import GroupRequest


async def ask(visit: Visit) -> web.StreamResponse:
    """Are you sure?"""
    return await _render(visit, "")


async def _render(visit: Visit, fault: str) -> web.Response:
    found = await seen(visit)
    whole = ""
    if isinstance(found, GroupRequest):
        cards = [card(m.request, visit.now) for m in await members(visit, found)]
        effect = _effect({c.removable for c in cards})
        what, count = f"Version {found.version} on {places([Environment(found.target)])}", found.revision
        who, back = found.group_name, f"/requests/{found.id}"
    else:
        shown = card(found.request, visit.now)
        effect, what, count = shown.removable, f"{shown.title} on {shown.places}", found.request.revision
        who = (await visit.store.names([found.request.district_id]))[found.request.district_id]
        back = f"/districts/{found.request.district_id}"
        group = found.request.group
        member = isinstance(group, Member) and not group.left and effect == "cancel"
        if isinstance(group, Member) and member and await moves_as_one(visit, group.group_request):
            whole, effect = f"/requests/{group.group_request}", ""
    return await visit.render(
        "remove.html.j2",
        409 if fault else 200,
        what=what,
        who=who,
        effect=effect,
        revision=count,
        back=back,
        fault=fault,
        whole=whole,
        own_group=visit.person.role is Role.GROUP_CONTACT,
        nav="district",
    )


def _effect(found: set[str]) -> str:
    return "cancel" if "cancel" in found else "delete" if found == {"delete"} else ""


async def remove(visit: Visit) -> web.StreamResponse:
    """Cancel or delete it, by its status."""
    found = await seen(visit)
    try:
        if isinstance(found, GroupRequest):
            await visit.parts.remove_group(visit.person, found.id, revision(visit.form))
            return await visit.go("/", "The group request was removed.")
        await visit.parts.remove(visit.person, found.request.id, revision(visit.form))
    except NotThere:
        raise
    except Stale:
        return await _render(
            visit, "Somebody else changed it since you opened this page. Look at it as it is now."
        )
    except QueueError as error:
        return await _render(visit, error.detail)
    done = (
        "cancelled; its slot is free again"
        if card(found.request, visit.now).removable == "cancel"
        else "deleted"
    )
    return await visit.go(f"/districts/{found.request.district_id}#requests", f"The request was {done}.")


def add_routes(app: web.Application) -> None:
    """Serve the question and its answer."""
    page(app, "GET", "/requests/{request_id}/remove", ask, CONTACTS)
    page(app, "POST", "/requests/{request_id}/remove", remove, CONTACTS)
