"""The view that every resource derives from: who is asking first, then what is wrong with the request."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler
from bellwire_kit.auth import Caller, require
from bellwire_kit.web.problems import Problem, forbidden, not_found
from bellwire_kit.web.views import ApiView
from bellwire_schemas.names import Environment
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.api.parts import PARTS, Parts
from update_scheduler.domain.actors import AllDistricts, Only, Person, Role
from update_scheduler.errors import Clash, NotForYou, NotThere, QueueError, Stale, Wrong
from update_scheduler.registry import Registry

Roles = Mapping[str, Sequence[TokenRole]]
EVERYBODY = (TokenRole.OPERATOR, TokenRole.TECHNICAL_CONTACT, TokenRole.GROUP_CONTACT)
OPERATORS = (TokenRole.OPERATOR,)


async def identify(registry: Registry, caller: Caller) -> Person:
    """The person behind a token: a technical contact's district, a group contact's groups.

    Contacts act for the sites of all environments, so they sign in at production (403 otherwise): a copy of
    a contact in a sandbox must not ask for work on production.
    """
    if caller.role is TokenRole.OPERATOR:
        return Person(caller.user_id, Role.OPERATOR, AllDistricts())
    if caller.environment is not Environment.PRODUCTION:
        raise forbidden("Sign in at the production environment: requests are made from there.")
    if caller.role is TokenRole.TECHNICAL_CONTACT:
        return Person(caller.user_id, Role.TECHNICAL_CONTACT, Only(frozenset({caller.source.district_id})))
    groups = await registry.person(caller.user_id)
    districts = frozenset(d for within in groups.values() for d in within)
    return Person(caller.user_id, Role.GROUP_CONTACT, Only(districts), frozenset(groups))


class QueueView(ApiView):
    """A resource of the queue; `roles` says who may use which method (all three roles where it is silent)."""

    roles: ClassVar[Roles] = {}

    async def _iter(self) -> web.StreamResponse:
        if self.request.method in self.allowed_methods:
            caller = await require(self.request, *self.roles.get(self.request.method, EVERYBODY))
            self.person = await identify(self.parts.registry, caller)
        response: web.StreamResponse = await super()._iter()
        return response

    @property
    def parts(self) -> Parts:
        """The use cases."""
        parts: Parts = self.request.app[PARTS]
        return parts

    @property
    def operator(self) -> bool:
        """Is an operator asking?"""
        return self.person.role is Role.OPERATOR

    def check_district(self, district_id: str) -> None:
        """Raises `Problem` 404 for a district out of reach."""
        if not self.person.sees(district_id):
            raise not_found("district")

    def page(self, what: str, position: list[Any], *, full: bool) -> str | None:
        """The cursor of the next page of this caller's list `what`; None when this one was not full."""
        return self.parts.cursors.seal(f"{what}/{self.person.user_id}", position) if full else None

    def position(self, what: str, cursor: str) -> list[Any]:
        """The position of a cursor, [] for none. Raises `Problem` 400 for one that is not ours."""
        return self.parts.cursors.open(f"{what}/{self.person.user_id}", cursor) if cursor else []


@web.middleware
async def queue_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Show what a use case refused as problem+json."""
    try:
        return await handler(request)
    except QueueError as error:
        raise _problem(error) from error


def _problem(error: QueueError) -> Problem:
    match error:
        case NotThere():
            pointer = error.pointer or None
            return Problem(404, "not-found", "Not found", error.detail, pointer=pointer)
        case NotForYou():
            return forbidden(error.detail)
        case Wrong():
            return Problem(400, "invalid", "The request is not valid", error.detail, pointer=error.pointer)
        case Stale():
            return Problem(412, "stale", "It was changed since you read it", error.detail)
        case Clash():
            title = "Its present state does not allow this"
            return Problem(409, error.word, title, error.detail, pointer=error.pointer)
        case _:
            return Problem(409, "refused", "Refused", error.detail)


def path_id(text: str, what: str) -> UUID:
    """The UUID of a path. Raises `Problem` 404 for text that is none: there is no such thing."""
    try:
        return UUID(text)
    except ValueError:
        raise not_found(what) from None


def etag(revision: int) -> dict[str, str]:
    """The header that says which revision this is."""
    return {"ETag": f'"{revision}"'}


def revision_of(if_match: str) -> int:
    """The revision that If-Match names. Raises `Problem` 428 without one, 412 for one that is not ours."""
    tag = if_match.strip().removeprefix("W/").strip('"')
    if not tag or tag == "*":
        raise Problem(
            428,
            "precondition-required",
            "Say which revision you read",
            "Send If-Match with the ETag of the request as you read it.",
            pointer="/headers/If-Match",
        )
    if not tag.isascii() or not tag.isdigit() or len(tag) > 9:
        raise Problem(412, "stale", "It was changed since you read it", "This ETag is not one of ours.")
    return int(tag)
