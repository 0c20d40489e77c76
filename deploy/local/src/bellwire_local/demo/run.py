"""The demo from its first step to its reckoning."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bellwire_simulators.school_day.district import make_district
from bellwire_simulators.school_day.making import make_plan
from bellwire_simulators.school_day.plan import Act, Plan

from bellwire_local.demo.day import Day, local_moment, school_day_after
from bellwire_local.demo.due import outcomes_of
from bellwire_local.demo.hosting import Hosting
from bellwire_local.demo.opening import Opening, Phone, phones_of
from bellwire_local.demo.outside import Outside, Unexpected
from bellwire_local.demo.reckoning import Push, Reckoning, reckon
from bellwire_local.demo.scenes import Scenes
from bellwire_local.demo.screen import Screen
from bellwire_local.demo.walk import decisions, walk
from bellwire_local.demo.why import Whys

MoveClock = Callable[[datetime], datetime]
_ROSTER_AT, _SETTINGS_AT = "06:30", "07:15"
_MAILS_SECONDS = _DECISIONS_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Played:
    """What came of the day: the reckoning, what the followed families saw, and the walk through why."""

    reckoning: Reckoning
    saw: Sequence[str]
    why: Sequence[str]


def plan_for(now: datetime) -> Plan:
    """Return the plan of the next school day after a moment."""
    district = make_district()
    return make_plan(district, school_day_after(now, district.timezone).isoformat())


class Demo:
    """Plays the day on a running, empty stack. `move_clock` sets the stack's time and answers it."""

    def __init__(self, outside: Outside, plan: Plan, screen: Screen, move_clock: MoveClock) -> None:
        self._outside = outside
        self._plan = plan
        self._screen = screen
        self._move_clock = move_clock
        self._day = school_day_after(datetime.now(UTC), plan.district.timezone)
        self._zone = ZoneInfo(plan.district.timezone)

    async def run(self, apps: dict[str, str]) -> Played:
        """Play all of it; `apps` has the app of each platform. Raises `Unexpected`."""
        phones = phones_of(self._plan.district)
        opening = Opening(self._outside, self._plan.district, apps)
        await self._open(opening, phones)
        day = Day(self._outside, self._plan, phones, opening.publisher)
        whys = Whys(self._outside, self._plan.district)
        hosting = asyncio.create_task(self._host())
        for act in self._plan.acts:
            await self._play(act, day, whys)
        await hosting
        why = await walk(whys, self._plan)
        await self._compare_decisions()
        await day.ledger.refresh()
        known = {phone.token: phone.user.user_id for phone in phones}
        return Played(
            reckon(day.due, day.ledger.pushes, known),
            tuple(Scenes(self._plan, day.ledger.pushes, day.due).lines()),
            why,
        )

    async def _compare_decisions(self) -> None:
        """See that what went at once was decided so, and no more was: latency is measured over just that."""
        planned = outcomes_of(self._plan)
        deadline = time.monotonic() + _DECISIONS_SECONDS
        while (found := await decisions(self._outside)) != planned:
            if time.monotonic() > deadline:
                raise Unexpected(f"the decisions are {found}; by the plan they should be {planned}")
            await asyncio.sleep(0.1)

    async def _play(self, act: Act, day: Day, whys: Whys) -> None:
        day.release(act)
        moment = self._set_clock(act.at, act.days_later)
        self._screen.numbers.act = act.title
        count = len(act.changes)
        what = f"{count} {'change' if count == 1 else 'changes'}" if count else "what was held goes"
        next_day = f"{moment.astimezone(self._zone):%A} " if act.days_later else ""
        self._screen.say(f"{next_day}{act.at}  {act.title}: {what}")
        await day.play(act, moment, lambda fresh: self._seen(day, fresh))
        followed = [user for user in self._plan.scenes.users() if user.user_id in self._plan.wishes]
        for line in await whys.held(act, followed):
            self._screen.say(f"       {line}")
        self._screen.numbers.decisions = await decisions(self._outside)

    async def _open(self, opening: Opening, phones: Sequence[Phone]) -> None:
        self._set_clock(_ROSTER_AT)
        started = time.perf_counter()
        report = await opening.import_roster(self._day)
        seconds = time.perf_counter() - started
        if report["status"] != "completed":
            raise Unexpected(f"the roster import ended as {report['status']}: {report['errors'][:3]}")
        events = ", ".join(f"{count} {kind}" for kind, count in report["events"].items())
        self._screen.say(f"OneRoster package imported in {seconds:.1f} s; events made of it: {events}")
        count = await opening.publish_settings(self._set_clock(_SETTINGS_AT))
        self._screen.say(f"{count} events of bells, portal access and lunch accounts are in")
        async with asyncio.TaskGroup() as group:
            group.create_task(opening.register(phones))
            group.create_task(self._set_up_families(opening))
        self._screen.say(f"{len(phones)} phones are registered by their owners")

    async def _set_up_families(self, opening: Opening) -> None:
        district = self._plan.district
        await opening.wait_until_seen([user for user in district.users if user.portal][-3:])
        self._screen.say(f"{await opening.set_thresholds()} families set a threshold")
        count = await opening.set_wishes(self._plan.wishes)
        self._screen.say(f"{count} families set grace for typing slips, a daily digest, or quiet hours")

    def _set_clock(self, local: str, days_later: int = 0) -> datetime:
        day = self._day + timedelta(days=days_later)
        moment = self._move_clock(local_moment(day, local, self._plan.district.timezone))
        self._screen.numbers.clock = f"{day:%A} {local}"
        return moment

    def _seen(self, day: Day, fresh: Sequence[Push]) -> None:
        numbers = self._screen.numbers
        numbers.events_in = day.published
        numbers.on_phones = len(day.ledger.pushes)
        now = reckon(day.due, day.ledger.pushes, {})
        numbers.p50, numbers.p99 = now.percentile(0.5), now.percentile(0.99)
        self._screen.show(fresh)

    async def _host(self) -> None:
        hosting = Hosting(self._outside, self._plan.district.district_id)
        await hosting.run(lambda status: self._screen.say(f"       update request: {status}"))
        deadline = time.monotonic() + _MAILS_SECONDS
        while len(mails := await hosting.mails()) < hosting.steps_with_mail:
            if time.monotonic() > deadline:
                raise Unexpected(
                    f"{len(mails)} mails arrived of the update request, not {hosting.steps_with_mail}"
                )
            await asyncio.sleep(0.1)
        self._screen.say(f"       {len(mails)} mails, the last “{mails[-1]['subject']}”")
