"""The session: an encrypted, http-only cookie that says who signed in, and the token of every form."""

import hashlib
import hmac
import secrets
import time
from typing import Any

import aiohttp_session
from aiohttp import web
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import forbidden
from bellwire_schemas.names import Environment, Role

from update_scheduler.pages.settings import PagesSettings

_WHO, _CSRF, _FLASH, _UNTIL = "who", "csrf", "flash", "until"


def storage(settings: PagesSettings) -> EncryptedCookieStorage:
    """The cookie: encrypted and signed, not readable by script, sent by this site's own pages only."""
    secret = settings.session_secret.get_secret_value() or secrets.token_hex(32)
    return EncryptedCookieStorage(
        hashlib.sha256(secret.encode()).digest(),
        cookie_name="__Host-bellwire" if settings.secure else "bellwire",
        max_age=settings.session_hours * 3600,
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
    )


async def begin(request: web.Request, caller: Caller, hours: int) -> None:
    """Start the session of a person who signed in; nothing of an earlier one stays."""
    session = await aiohttp_session.new_session(request)
    session[_WHO] = [caller.role.value, caller.user_id, caller.district_id, caller.environment.value]
    session[_CSRF] = secrets.token_urlsafe(24)
    session[_UNTIL] = int(time.time()) + hours * 3600


async def who(request: web.Request) -> Caller | None:
    """Who is signed in, None when nobody is (any more)."""
    session = await aiohttp_session.get_session(request)
    found = session.get(_WHO)
    if not found or session.get(_UNTIL, 0) < time.time():
        return None
    role, user_id, district_id, environment = found
    return Caller(Role(role), user_id, district_id, Environment(environment))


async def end(request: web.Request) -> None:
    """Sign out."""
    (await aiohttp_session.get_session(request)).invalidate()


async def csrf(request: web.Request) -> str:
    """The token that every form of this session carries."""
    session = await aiohttp_session.get_session(request)
    return str(session.get(_CSRF, ""))


async def check_csrf(request: web.Request, sent: Any) -> None:
    """Raises `Problem` 403 for a form that is not one of ours."""
    right = await csrf(request)
    if not right or not hmac.compare_digest(str(sent or "").encode(), right.encode()):
        raise forbidden(
            "This form is not of your present session: go back, reload the page and send it again."
        )
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise forbidden("This form came from another site.")


async def flash(request: web.Request, text: str) -> None:
    """Say something on the next page."""
    (await aiohttp_session.get_session(request))[_FLASH] = text


async def flashed(request: web.Request) -> str:
    """What is to be said, once."""
    session = await aiohttp_session.get_session(request)
    return str(session.pop(_FLASH)) if _FLASH in session else ""


async def keep(request: web.Request, name: str, value: Any) -> None:
    """Keep a small value in the cookie (a sign-in under way)."""
    (await aiohttp_session.get_session(request))[name] = value


async def take(request: web.Request, name: str) -> Any:
    """The value, once; None when there is none."""
    session = await aiohttp_session.get_session(request)
    return session.pop(name) if name in session else None
