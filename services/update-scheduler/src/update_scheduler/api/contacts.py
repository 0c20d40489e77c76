"""`/v1/contacts`: who is mailed for a district or a group."""

from uuid import UUID, uuid4

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r204
from bellwire_kit.web.views import answer

from update_scheduler.api.fields import Cursor, Email, In, Key, Limit, Name, Out, Slug
from update_scheduler.api.view import QueueView, path_id
from update_scheduler.domain.actors import Person, Role
from update_scheduler.errors import Clash, NotForYou, NotThere, Wrong
from update_scheduler.registry import ContactEntry, Registry, reach


class ContactIn(In):
    """A contact of a district or of a group: exactly one of them. `user_id` is who signs in as this contact."""

    name: Name
    email: Email
    district_id: Slug | None = None
    group_id: Slug | None = None
    user_id: Key | None = None


class ContactOut(Out):
    """A contact."""

    id: UUID
    name: str
    email: str
    role: str
    district_id: str | None
    group_id: str | None
    user_id: str | None


class ContactsOut(Out):
    """A page of contacts."""

    items: list[ContactOut]
    next_cursor: str | None


def _out(c: ContactEntry) -> ContactOut:
    return ContactOut(
        id=c.id,
        name=c.name,
        email=c.email,
        role="technical_contact" if c.district_id else "group_contact",
        district_id=c.district_id or None,
        group_id=c.group_id or None,
        user_id=c.user_id or None,
    )


async def added_contact(registry: Registry, person: Person, body: ContactIn) -> ContactEntry:
    """Add a contact. Raises `Wrong`, `NotThere`, `NotForYou`, `Clash` when the address is there already."""
    if (body.district_id is None) == (body.group_id is None):
        raise Wrong("/district_id", "Give district_id or group_id, one of them.")
    if body.district_id is not None and not person.sees(body.district_id):
        raise NotThere("district", "/district_id")
    if body.group_id is not None and person.role is not Role.OPERATOR:
        raise NotForYou("Operators add contacts of groups.")
    new = ContactEntry(
        uuid4(), body.name, body.email, body.district_id or "", body.group_id or "", body.user_id or ""
    )
    made = await registry.add_contact(new)
    if not isinstance(made, ContactEntry):
        whose = f"District {body.district_id}" if body.district_id else f"Group {body.group_id}"
        detail = f"{whose} is not known, or has a contact with this address already."
        raise Clash("contact-refused", detail, "/email")
    return made


async def removed_contact(registry: Registry, person: Person, identity: UUID) -> ContactEntry:
    """Forget a contact: operators any, contacts those of their districts. Raises `NotThere`."""
    found = await registry.contact(identity)
    if not isinstance(found, ContactEntry):
        raise NotThere("contact")
    if person.role is not Role.OPERATOR and not (found.district_id and person.sees(found.district_id)):
        raise NotThere("contact")
    await registry.remove_contact(found.id)
    return found


class Contacts(QueueView):
    """Contacts of the districts and groups within reach."""

    async def get(self, cursor: Cursor = "", limit: Limit = 50) -> r200[ContactsOut]:
        """List contacts: a technical contact sees its district's, a group contact its groups' and districts'.

        Tags: contacts
        """
        districts = reach(self.person)
        groups = None if self.operator else sorted(self.person.groups)
        after = self.position("contacts", cursor)
        found = await self.parts.registry.contacts(
            districts, groups, UUID(after[0]) if after else None, limit
        )
        following = self.page("contacts", [str(found[-1].id)] if found else [], full=len(found) == limit)
        return answer(ContactsOut(items=[_out(c) for c in found], next_cursor=following))

    async def post(self, body: ContactIn) -> r201[ContactOut]:
        """Add a contact. Operators add any; contacts add those of their own districts.

        Tags: contacts
        """
        return answer(_out(await added_contact(self.parts.registry, self.person, body)), 201)


class OneContact(QueueView):
    """One contact."""

    async def delete(self, contact_id: Key, /) -> r204:
        """Forget a contact.

        Tags: contacts
        """
        await removed_contact(self.parts.registry, self.person, path_id(contact_id, "contact"))
        return web.Response(status=204)


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/contacts", Contacts)
    app.router.add_view("/v1/contacts/{contact_id}", OneContact)
