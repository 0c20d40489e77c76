"""`/feeds`: calendar feeds under secret addresses, each of which its owner can revoke (served by api/feeds.py)."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from aiohttp import web
from bellwire_kit.web.problems import not_found
from icalendar import Calendar, Event

from update_scheduler.domain.slots import Slot
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.ports import Booked, Feed
from update_scheduler.pages.visits import Visit, page
from update_scheduler.pages.words import card

BACK, AHEAD = timedelta(days=60), timedelta(days=400)
"""What a feed holds: what was, for two months, and everything that can be booked."""

MOST = 5000
FIELDS = {"name": "Name"}


async def feeds(visit: Visit) -> web.StreamResponse:
    """The person's feeds."""
    return await _render(visit, "", Faults())


async def _render(visit: Visit, secret: str, faults: Faults) -> web.Response:
    who = visit.person
    return await visit.render(
        "feeds.html.j2",
        422 if faults else 200,
        feeds=await visit.store.feeds(who.role.value, who.user_id, visit.district_id),
        secret=secret,
        typed=visit.form,
        faults=faults,
        labels=FIELDS,
        nav="feeds",
    )


async def add(visit: Visit) -> web.StreamResponse:
    """Make a feed; its address is shown now and never again."""
    faults = Faults()
    name = visit.form.get("name", "")
    if not 0 < len(name) <= 100:
        faults.add("name", "Give it a name of at most 100 characters: where you will use it.")
        return await _render(visit, "", faults)
    token = secrets.token_urlsafe(32)
    who = visit.person
    feed = Feed(uuid4(), name, who.role.value, who.user_id, visit.district_id, visit.now, None)
    await visit.store.add_feed(feed, digest(token))
    origin = visit.pages.settings.public_url.rstrip("/") or str(visit.request.url.origin())
    return await _render(visit, f"{origin}/v1/calendar.ics?token={token}", faults)


async def revoke(visit: Visit) -> web.StreamResponse:
    """The address answers nothing from now on."""
    try:
        identity = UUID(visit.path("feed_id"))
    except ValueError:
        raise not_found("feed") from None
    who = visit.person
    if not await visit.store.revoke_feed(identity, who.role.value, who.user_id, visit.district_id, visit.now):
        raise not_found("feed")
    return await visit.go("/feeds", "The feed was revoked: its address answers nothing any more.")


def digest(token: str) -> bytes:
    """What is kept of a secret address."""
    return hashlib.sha256(token.encode()).digest()


def render_feed(name: str, booked: Sequence[Booked], now: datetime, zone: ZoneInfo) -> bytes:
    """iCalendar of bookings. An event keeps its UID whatever becomes of the request; SEQUENCE rises with it."""
    made = Calendar()
    made.add("prodid", "-//Bellwire//Hosting updates//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", f"Hosting updates: {name}")
    made.add("x-wr-timezone", zone.key)
    for line in booked:
        request, slot = line.request, line.request.slot
        if not isinstance(slot, Slot):
            continue
        shown = card(request, now)
        event = Event()
        event.add("uid", f"{request.id}@updates.bellwire")
        event.add("sequence", request.revision)
        event.add("dtstamp", request.moved_at.astimezone(UTC))
        event.add("dtstart", slot.at.astimezone(UTC))
        event.add("dtend", slot.ends_at.astimezone(UTC))
        event.add("summary", f"{line.district_name}: {shown.title} on {shown.places}")
        event.add("description", shown.word)
        event.add("status", "CONFIRMED")
        event.add("categories", [shown.word])
        made.add_component(event)
    return bytes(made.to_ical())


def add_routes(app: web.Application) -> None:
    """Serve the page."""
    page(app, "GET", "/feeds", feeds)
    page(app, "POST", "/feeds", add)
    page(app, "POST", "/feeds/{feed_id}/revoke", revoke)
