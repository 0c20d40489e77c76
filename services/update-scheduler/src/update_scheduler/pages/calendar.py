"""`/calendar`: the windows of a month with their load, what is booked in them, and blackouts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from uuid import UUID, uuid4

from aiohttp import web
from bellwire_kit.web.problems import Problem
from bellwire_schemas.names import Role as TokenRole

from update_scheduler.domain.requests import NoDate
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.windows import Blackout, Occurrence, instant
from update_scheduler.pages import forms
from update_scheduler.pages.forms import Faults
from update_scheduler.pages.ports import Booked, NamedBlackout, Rule, Times
from update_scheduler.pages.visits import Visit, page
from update_scheduler.pages.words import Card, card
from update_scheduler.registry import BlackoutEntry, reach

MOST_BOOKED = 2000
SHOWN = 8
"""So many bookings of a window are named; the rest is a number and a link."""

FIELDS = {"starts": "From", "ends": "To", "reason": "Reason", "hosting": "Hosting"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One occurrence of a window (`rule`), or (None) a booking that no window bounds; some of `count` are named."""

    rule: Rule | None
    starts_at: datetime
    ends_at: datetime
    held: int
    blackouts: Sequence[NamedBlackout]
    booked: Sequence[tuple[Card, str]]
    count: int

    def quiet(self, now: datetime) -> bool:
        """Has it passed with nothing left open? A request that is done gives its place back."""
        return self.ends_at <= now and not self.held and not self.booked

    @property
    def share(self) -> float:
        """How much of its capacity is held, in percent."""
        return 100 * self.held / self.rule.window.capacity if self.rule else 0.0


def month_of(text: str, today: date) -> date:
    """The first day of the month that an address names, else of `today`."""
    try:
        first = datetime.strptime(text, "%Y-%m").date()
        return first if 2000 <= first.year <= 2199 else today.replace(day=1)
    except ValueError:
        return today.replace(day=1)


def entries(times: Times, first: datetime, until: datetime, now: datetime) -> list[Entry]:
    """Every occurrence that starts in [`first`, `until`), with those bookings that no window bounds."""
    found: list[Entry] = []
    by_place: dict[tuple[UUID, datetime], list[Booked]] = {}
    free: list[Booked] = []
    for booked in times.booked:
        slot = booked.request.slot
        window = getattr(slot, "window", None)
        starts = getattr(slot, "starts_at", None)
        if isinstance(window, UUID) and starts is not None:
            by_place.setdefault((window, starts), []).append(booked)
        elif starts is not None:
            free.append(booked)
    for rule in times.rules:
        within = takewhile(lambda o: o.starts_at < until, rule.window.occurrences(first))
        for o in within:
            key = (o.window, o.starts_at)
            mine = by_place.get(key, [])
            if o.starts_at >= first:
                dark = [b for b in times.blackouts if _applies(b, rule, o)]
                shown = [(card(b.request, now), b.district_name) for b in mine]
                count, held = (mine[0].alike if mine else 0), times.held.get(key, 0)
                found.append(Entry(rule, o.starts_at, o.ends_at, held, dark, shown, count))
    for booked in free:
        slot = booked.request.slot
        shown = [(card(booked.request, now), booked.district_name)]
        found.append(Entry(None, slot.starts_at, slot.ends_at, 1, (), shown, 1))  # type: ignore[union-attr]
    return sorted(found, key=lambda e: (e.starts_at, e.rule.name if e.rule else ""))


def _applies(blackout: NamedBlackout, rule: Rule, occurrence: Occurrence) -> bool:
    return blackout.hosting in (None, rule.window.hosting) and blackout.span.touches(occurrence)


async def calendar(visit: Visit) -> web.StreamResponse:
    """A month."""
    return await _render(visit, {}, Faults())


async def _render(visit: Visit, typed: dict[str, str], faults: Faults) -> web.Response:
    zone = visit.zone
    month = month_of(visit.request.query.get("month", ""), visit.now.astimezone(zone).date())
    following = (month + timedelta(days=32)).replace(day=1)
    first, until = instant(month, time(), zone), instant(following, time(), zone)
    times = await visit.store.times(first, until, reach(visit.person), SHOWN, MOST_BOOKED)
    found = entries(times, first, until, visit.now)
    return await visit.render(
        "calendar.html.j2",
        422 if faults else 200,
        month=month,
        before=(month - timedelta(days=1)).replace(day=1),
        following=following,
        entries=found,
        quiet=sum(e.quiet(visit.now) for e in found),
        rules=times.rules,
        today=visit.now.astimezone(zone).date(),
        blackouts=times.blackouts,
        typed=typed,
        faults=faults,
        labels=FIELDS,
        nav="calendar",
    )


async def add_blackout(visit: Visit) -> web.StreamResponse:
    """An operator closes a span; what is booked in it keeps its slot, flagged."""
    form, faults = dict(visit.form), Faults()
    starts = forms.moment(form, faults, "starts", "starts", visit.zone)
    ends = forms.moment(form, faults, "ends", "ends", visit.zone)
    reason = forms.note(form, faults, "reason")
    hosting = next((h for h in Hosting if h == form.get("hosting")), None)
    for name, value in (("starts", starts), ("ends", ends)):
        if isinstance(value, NoDate):
            faults.add(name, "Give day and time.")
    if isinstance(starts, datetime) and isinstance(ends, datetime) and not faults:
        try:
            span = Blackout(starts, ends)
        except ValueError:
            faults.add("ends", "A blackout ends after it starts.")
        else:
            entry = BlackoutEntry(uuid4(), span.starts_at, span.ends_at, hosting, reason)
            touched = await visit.parts.registry.add_blackout(entry)
            month = f"{starts.astimezone(visit.zone):%Y-%m}"
            said = f" {touched} booked requests keep their slots and are flagged." if touched else ""
            return await visit.go(f"/calendar?month={month}", f"The blackout was added.{said}")
    return await _render(visit, form, faults)


async def remove_blackout(visit: Visit) -> web.StreamResponse:
    """Take a blackout back."""
    try:
        gone = await visit.parts.registry.remove_blackout(UUID(visit.path("blackout_id")))
    except ValueError:
        gone = False
    if not gone:
        raise Problem(404, "not-found", "Not found", "There is no such blackout: it was removed already.")
    return await visit.go("/calendar", "The blackout was taken back.")


def add_routes(app: web.Application) -> None:
    """Serve the calendar."""
    page(app, "GET", "/calendar", calendar)
    page(app, "POST", "/calendar/blackouts", add_blackout, (TokenRole.OPERATOR,))
    page(app, "POST", "/calendar/blackouts/{blackout_id}/remove", remove_blackout, (TokenRole.OPERATOR,))
