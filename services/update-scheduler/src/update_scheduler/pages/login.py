"""Signing in and out: `/login`, `/login/callback`, `/logout`."""

from aiohttp import web
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import Problem, forbidden
from bellwire_schemas.names import Role

from update_scheduler.api.view import EVERYBODY
from update_scheduler.pages import sessions
from update_scheduler.pages.oidc import Attempt, SignInRefused, new_attempt
from update_scheduler.pages.parts import PAGE_PARTS
from update_scheduler.pages.visits import Visit, page, render

_ATTEMPT = "attempt"


def local(path: str) -> str:
    """A path of ours to go to after the sign-in; anything else is the start page."""
    fine = (
        path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path and "\r" not in path
    )
    return path if fine and not path.startswith(("/login", "/logout")) else "/"


def _redirect_uri(request: web.Request) -> str:
    public = request.app[PAGE_PARTS].settings.public_url.rstrip("/")
    return f"{public or request.url.origin()}/login/callback"


async def login(request: web.Request) -> web.StreamResponse:
    """Send the browser to the identity provider."""
    attempt = new_attempt(local(request.query.get("next", "/")))
    url = await request.app[PAGE_PARTS].oidc.authorization_url(attempt, _redirect_uri(request))
    await sessions.keep(request, _ATTEMPT, attempt.plain())
    return web.Response(status=302, headers={"Location": url})


async def callback(request: web.Request) -> web.StreamResponse:
    """Back from the identity provider: begin the session."""
    kept = await sessions.take(request, _ATTEMPT)
    attempt = Attempt(**kept) if kept else None
    if attempt is None or request.query.get("state") != attempt.state:
        return await _failed(request, "This sign-in was not begun in this browser, or was finished already.")
    if "code" not in request.query:
        return await _failed(request, "The identity provider did not sign you in.")
    try:
        caller = await request.app[PAGE_PARTS].oidc.sign_in(
            attempt, request.query["code"], _redirect_uri(request)
        )
        _check(caller)
    except (SignInRefused, Problem) as error:
        if isinstance(error, Problem) and error.status == 503:
            raise
        return await _failed(request, error.detail if isinstance(error, Problem) else str(error))
    await sessions.begin(request, caller, request.app[PAGE_PARTS].settings.session_hours)
    return web.Response(status=303, headers={"Location": attempt.next})


def _check(caller: Caller) -> None:
    if caller.role not in EVERYBODY:
        raise forbidden("The update queue is for technical contacts, group contacts and hosting operators.")
    if caller.role is Role.TECHNICAL_CONTACT and not caller.district_id:
        raise forbidden("Your account names no district.")


async def _failed(request: web.Request, detail: str) -> web.Response:
    return await render(request, "sign_in_failed.html.j2", 403, detail=detail)


async def logout(visit: Visit) -> web.StreamResponse:
    """End the session here."""
    await sessions.end(visit.request)
    return web.Response(status=303, headers={"Location": "/signed-out"})


async def signed_out(request: web.Request) -> web.StreamResponse:
    """Say so, and where to sign out at the provider too."""
    elsewhere = await request.app[PAGE_PARTS].oidc.end_session_url()
    return await render(request, "signed_out.html.j2", elsewhere=elsewhere)


def add_routes(app: web.Application) -> None:
    """Serve the sign-in."""
    app.router.add_get("/login", login)
    app.router.add_get("/login/callback", callback)
    app.router.add_get("/signed-out", signed_out)
    page(app, "POST", "/logout", logout)
