"""The demo from its first step to its reckoning."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bellwire_simulators.school_day.district import make_district
from bellwire_simulators.school_day.plan import Plan, make_plan

from bellwire_local.demo.day import Day, local_moment, school_day_after
from bellwire_local.demo.hosting import Hosting
from bellwire_local.demo.opening import Opening, phones_of
from bellwire_local.demo.outside import Outside, Unexpected
from bellwire_local.demo.reckoning import Push, Reckoning, reckon
from bellwire_local.demo.scenes import Scenes
from bellwire_local.demo.screen import Screen
from bellwire_local.demo.walk import decisions, why_not

MoveClock = Callable[[datetime], datetime]
_ROSTER_AT, _SETTINGS_AT = "06:30", "07:15"
_MAILS_SECONDS = 10.0


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

    async def run(self, apps: dict[str, str]) -> Reckoning:
        """Play all of it; `apps` has the app of each platform. Raises `Unexpected`."""
        phones = phones_of(self._plan.district)
        opening = Opening(self._outside, self._plan.district, apps)
        await self._open(opening)
        await opening.register(phones)
        self._screen.say(f"{len(phones)} phones are registered by their owners")
        day = Day(self._outside, self._plan, phones, opening.publisher)
        hosting = asyncio.create_task(self._host())
        for act in self._plan.acts:
            moment = self._set_clock(act.at)
            self._screen.numbers.act = act.title
            self._screen.say(f"{act.at}  {act.title}: {len(act.changes)} changes")
            await day.play(act, moment, lambda fresh: self._seen(day, fresh))
        await hosting
        await day.ledger.refresh()
        for line in Scenes(self._plan, day.ledger.pushes).lines():
            self._screen.say(line)
        await self._ask_why()
        self._screen.numbers.decisions = await decisions(self._outside)
        known = {phone.token: phone.user.user_id for phone in phones}
        return reckon(day.due, day.ledger.pushes, known)

    async def _open(self, opening: Opening) -> None:
        self._set_clock(_ROSTER_AT)
        started = time.perf_counter()
        report = await opening.import_roster(self._day)
        seconds = time.perf_counter() - started
        if report["status"] != "completed":
            raise Unexpected(f"the roster import ended as {report['status']}: {report['errors'][:3]}")
        self._screen.say(f"OneRoster package imported in {seconds:.1f} s: {report['events']}")
        count = await opening.publish_settings(self._set_clock(_SETTINGS_AT))
        self._screen.say(f"{count} events of bells, portal access and lunch accounts are in")
        district = self._plan.district
        await opening.wait_until_seen([user for user in district.users if user.portal][-3:])
        self._screen.say(f"{await opening.set_thresholds()} families set a threshold")

    def _set_clock(self, local: str) -> datetime:
        zone = self._plan.district.timezone
        moment = self._move_clock(local_moment(self._day, local, zone))
        self._screen.numbers.clock = f"{self._day:%A} {local}"
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

    async def _ask_why(self) -> None:
        for line in await why_not(self._outside, self._plan):
            self._screen.say(line)
