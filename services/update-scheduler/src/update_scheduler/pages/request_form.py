"""`/requests/new`: a contact asks for a version update or a database refresh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4
from zoneinfo import ZoneInfo

from aiohttp import web
from bellwire_schemas.names import Environment, RequestKind
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.create import Wish
from update_scheduler.create_group import GroupWish
from update_scheduler.domain.actors import Role
from update_scheduler.errors import NotThere, QueueError
from update_scheduler.pages import forms
from update_scheduler.pages.district import reached
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.slots import offers
from update_scheduler.pages.visits import Visit, page
from update_scheduler.ports import Group
from update_scheduler.registry import Release, ShownSite, reach

CONTACTS = (TokenRole.TECHNICAL_CONTACT, TokenRole.GROUP_CONTACT)
FIELDS = {
    "place": "For",
    "kind": "What",
    "target": "Site",
    "version": "Version",
    "site_name": "Name of the site",
    "preferred_at": "Preferred window",
    "note": "Note",
}
_ORDER = {e: n for n, e in enumerate(Environment)}


@dataclass(frozen=True, slots=True)
class Place:
    """Whom the request is for: a district (`group` None), or all districts of a linked group."""

    value: str
    name: str
    zone: ZoneInfo
    sites: Sequence[ShownSite]
    group: Group | None = None


async def places(visit: Visit) -> list[tuple[str, str]]:
    """What a group contact can choose from: linked groups first, then connected districts."""
    if visit.person.role is not Role.GROUP_CONTACT:
        return []
    groups = await visit.parts.registry.groups(sorted(visit.person.groups), "", 200)
    names = await visit.store.names(reach(visit.person) or ())
    linked = [(f"group:{g.id}", f"All of {g.name}") for g in groups if g.kind.links]
    return linked + [(f"district:{i}", n) for i, n in sorted(names.items(), key=lambda pair: pair[1])]


async def place_of(visit: Visit, value: str) -> Place:
    """The place that a form names; the first within reach for "". Raises `NotThere`."""
    value = value or await _first(visit)
    what, _, identity = value.partition(":")
    if what == "group":
        groups = (
            await visit.parts.registry.groups([identity], "", 1) if identity in visit.person.groups else []
        )
        if not groups or not groups[0].kind.links or not groups[0].districts:
            raise NotThere("group")
        sites = await visit.parts.registry.sites(groups[0].districts, "", 1000)
        return Place(value, groups[0].name, visit.zone, sites, groups[0])
    district = await reached(visit, identity)
    sites = sorted(
        await visit.parts.registry.sites([identity], "", len(Environment)),
        key=lambda s: _ORDER[s.environment],
    )
    return Place(f"district:{identity}", district.name, ZoneInfo(district.timezone), sites)


async def _first(visit: Visit) -> str:
    """A linked group with districts if the person is its contact, else the first district within reach."""
    if visit.person.groups:
        groups = await visit.parts.registry.groups(sorted(visit.person.groups), "", 200)
        if linked := [g.id for g in groups if g.kind.links and g.districts]:
            return f"group:{linked[0]}"
    within = reach(visit.person) or ()
    if not within:
        raise NotThere("district")
    return f"district:{within[0]}"


async def show(visit: Visit) -> web.StreamResponse:
    """The empty form."""
    place = await place_of(visit, visit.request.query.get("for", ""))
    query = visit.request.query
    typed = {"kind": query.get("kind", ""), "target": query.get("target", "")}
    linked = not place.group and bool(await visit.store.links([place.value.partition(":")[2]]))
    if linked and not typed["kind"]:
        # its version updates are asked for by the group: what it can ask for itself is offered first
        refreshed = [s.environment.value for s in place.sites if s.environment is not Environment.PRODUCTION]
        typed = {
            "kind": RequestKind.DATABASE_REFRESH.value,
            "target": typed["target"] or (refreshed or [""])[0],
        }
    return await _render(visit, place, typed, Faults())


async def _render(visit: Visit, place: Place, typed: Mapping[str, str], faults: Faults) -> web.Response:
    hosting = place.sites[0].hosting
    registry = visit.parts.registry
    kinds = (RequestKind.VERSION_UPDATE,) if place.group else tuple(RequestKind)
    link = {} if place.group else await visit.store.links([place.value.partition(":")[2]])
    return await visit.render(
        "request_form.html.j2",
        422 if faults else 200,
        place=place,
        places=await places(visit),
        sites={s.environment: s for s in place.sites} if not place.group else {},
        releases=_newer(await registry.releases(), place.sites),
        offers=await offers(
            registry, hosting, kinds, visit.now, len(place.group.districts) if place.group else 1
        ),
        link=next((k.name for k in link.values()), ""),
        whole=next((k.group_id for k in link.values() if k.group_id in visit.person.groups), ""),
        typed=typed,
        faults=faults,
        labels=FIELDS,
        form_id=typed.get("form_id") or uuid4().hex,
        zone=place.zone,
        nav="request",
    )


def _newer(releases: Sequence[Release], sites: Sequence[ShownSite]) -> list[Release]:
    """The versions after the oldest that any of these sites runs, latest first."""
    order = {r.version: n for n, r in enumerate(releases)}
    oldest = min((order.get(s.version, -1) for s in sites), default=-1)
    return [r for n, r in enumerate(releases) if n > oldest][::-1]


async def create(visit: Visit) -> web.StreamResponse:
    """Ask for it. A form that is sent twice makes one request."""
    form, faults = visit.form, Faults()
    place = await place_of(visit, form.get("place", ""))
    kind = _kind(form, faults, place)
    target = _target(form, faults)
    preferred = forms.moment(form, faults, "preferred_at", "preferred_typed", place.zone)
    note = forms.note(form, faults)
    version = forms.version(form, faults) if kind is RequestKind.VERSION_UPDATE else ""
    key = f"page/{form['form_id'][:64]}" if form.get("form_id") else ""
    if faults:
        return await _render(visit, place, form, faults)
    try:
        if place.group:
            whole = await visit.parts.create_group(
                visit.person, GroupWish(place.group.id, target, version, preferred, note), key
            )
            skipped = f" {len(whole.skipped)} members run it already." if whole.skipped else ""
            return await visit.go(f"/requests/{whole.id}", f"Requested for {place.name}.{skipped}")
        name = form.get("site_name", "") if kind is RequestKind.DATABASE_REFRESH else ""
        district_id = place.value.partition(":")[2]
        wish = Wish(district_id, target, kind, version, preferred, note, name)
        made = await visit.parts.create(visit.person, wish, key)
    except QueueError as error:
        faults.refused(error, FIELDS)
        return await _render(visit, place, form, faults)
    return await visit.go(f"/requests/{made.id}", "Requested. A mail confirms the date once it is scheduled.")


def _kind(form: Mapping[str, str], faults: Faults, place: Place) -> RequestKind:
    if place.group:
        return RequestKind.VERSION_UPDATE
    try:
        return RequestKind(form.get("kind", ""))
    except ValueError:
        faults.add("kind", "Choose what you ask for.")
        return RequestKind.DATABASE_REFRESH


def _target(form: Mapping[str, str], faults: Faults) -> Environment:
    try:
        return Environment(form.get("target", ""))
    except ValueError:
        faults.add("target", "Choose a site.")
        return Environment.PRODUCTION


def add_routes(app: web.Application) -> None:
    """Serve the form."""
    page(app, "GET", "/requests/new", show, CONTACTS)
    page(app, "POST", "/requests/new", create, CONTACTS)
