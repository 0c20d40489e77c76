"""One visit of a page: who is looking, what they sent, and how the answer is rendered."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import aiohttp_jinja2
from aiohttp import web
from bellwire_kit.web.problems import Problem, forbidden
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.api.parts import PARTS, Parts
from update_scheduler.api.view import EVERYBODY, identify
from update_scheduler.domain.actors import Person, Role
from update_scheduler.pages import sessions
from update_scheduler.pages.parts import PAGE_PARTS, PageParts
from update_scheduler.pages.ports import Store
from update_scheduler.pages.recall import RECALL

SIGNED_IN: web.RequestKey[Person] = web.RequestKey("signed_in", Person)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a view needs. `form` holds what was posted, its CSRF token checked already."""

    request: web.Request
    person: Person
    district_id: str
    form: Mapping[str, str]
    several: Mapping[str, list[str]]
    now: datetime

    @property
    def parts(self) -> Parts:
        """The use cases that pages share with the API."""
        return self.request.app[PARTS]

    @property
    def pages(self) -> PageParts:
        """What only pages have."""
        return self.request.app[PAGE_PARTS]

    @property
    def store(self) -> Store:
        """What pages look at and keep."""
        return self.pages.store

    @property
    def operator(self) -> bool:
        """Is an operator looking?"""
        return self.person.role is Role.OPERATOR

    @property
    def zone(self) -> ZoneInfo:
        """The operators' zone."""
        return self.pages.hosting_zone

    def path(self, name: str) -> str:
        """A part of the address."""
        return self.request.match_info[name]

    async def render(self, template: str, code: int = 200, /, **values: Any) -> web.Response:
        """The page."""
        return await render(self.request, template, code, now=self.now, person=self.person, **values)

    async def go(self, path: str, said: str = "") -> web.Response:
        """Go on to another page after a form was done; `said` is shown there once."""
        if said:
            await sessions.flash(self.request, said)
        return web.Response(status=303, headers={"Location": path})


View = Callable[[Visit], Awaitable[web.StreamResponse]]


def page(
    app: web.Application, method: str, path: str, view: View, roles: Collection[TokenRole] = EVERYBODY
) -> None:
    """Serve a view to those signed in with one of `roles`; the others go to the sign-in first."""

    async def visited(request: web.Request) -> web.StreamResponse:
        caller = await sessions.who(request)
        if caller is None:
            if method == "POST":
                detail = "Your session has ended: sign in, then send the form again."
                raise Problem(401, "signed-out", "Sign in first", detail)
            raise web.HTTPFound(f"/login?next={quote(request.path_qs, safe='')}")
        person = await identify(request.app[PARTS].registry, caller)
        request[SIGNED_IN] = person
        if caller.role not in roles:
            raise forbidden("This page is for hosting operators.")
        form, several = await _form(request) if method == "POST" else ({}, {})
        visit = Visit(request, person, caller.district_id, form, several, request.app[PARTS].clock.now())
        try:
            return await view(visit)
        finally:
            if method == "POST":
                # the writer's next page is right even before the database has told the news
                request.app[RECALL].forget()

    app.router.add_route(method, path, visited)


async def _form(request: web.Request) -> tuple[dict[str, str], dict[str, list[str]]]:
    posted = await request.post()
    form: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for name, value in posted.items():
        if not isinstance(value, str) or "\x00" in value or "\x00" in name:
            raise Problem(
                400, "unreadable", "The form cannot be read", "It holds a file or the character U+0000."
            )
        form.setdefault(name, value.strip())
        several.setdefault(name, []).append(value.strip())
    await sessions.check_csrf(request, form.get("csrf"))
    return form, several


async def render(request: web.Request, template: str, status: int = 200, /, **values: Any) -> web.Response:
    """Render a template with what every page shows."""
    values.setdefault("person", request.get(SIGNED_IN))
    values.setdefault("now", request.app[PARTS].clock.now())
    context = {
        "csrf": await sessions.csrf(request),
        "flash": await sessions.flashed(request),
        "path": request.path,
        "zone": request.app[PAGE_PARTS].hosting_zone,
        "hosting_zone": request.app[PAGE_PARTS].hosting_zone,
        **values,
    }
    response = web.Response(
        text=aiohttp_jinja2.render_string(template, request, context),
        content_type="text/html",
        charset="utf-8",
        status=status,
    )
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response
