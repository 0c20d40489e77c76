"""A district of a test's own on a running stack: its roster, phones, changes, and what is due of them."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg
from bellwire_local.demo.day import Ledger
from bellwire_local.demo.due import Due, due_of
from bellwire_local.demo.opening import Opening, Phone, phones_of
from bellwire_local.demo.outside import Outside, Unexpected, Who
from bellwire_local.demo.reckoning import Reckoning, reckon
from bellwire_local.stack import Stack
from bellwire_simulators.school_day.cloud_events import Publisher, batch
from bellwire_simulators.school_day.district import District, make_district
from bellwire_simulators.school_day.plan import Change, Verdict
from bellwire_simulators.school_day.writing import ChangeWriter

_BATCH = 250

_COUNTS = """
select (select count(*) from threshold_evaluator.decisions where district_id = $1) as decisions,
       (select count(*) from threshold_evaluator.due_alerts where district_id = $1 and phase = 'held')
       + (select count(*) from threshold_evaluator.outbox where district_id = $1) as alerts,
       (select count(*) from push_dispatcher.deliveries where district_id = $1 and state = 'queued') as deliveries
"""


def noon_after(now: datetime, zone: str) -> datetime:
    """Return the next noon of a zone, so that no quiet hours are near."""
    local = now.astimezone(ZoneInfo(zone))
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    return (noon if noon > local else noon + timedelta(days=1)).astimezone(UTC)


def four_each(district: District, day: date) -> Iterator[Change]:
    """Yield four changes a student: a score, a mark, a low balance and a grade; no two of one settings group."""
    write = ChangeWriter(district)
    for number, student in enumerate(district.students):
        yield write.score("quiz", student, 40 + number % 60)
        yield write.mark("bell", student, ("tardy", "absent")[number % 2], day.isoformat())
        yield write.balance("noon", student, "4.50")
        yield write.grade("report", student, 50 + number % 50)


class Crowd:
    """Publishes a district's changes and reckons with the ledger."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession, district_id: str, students: int) -> None:
        self.stack = stack
        self.district = make_district(students, district_id=district_id)
        self.outside = Outside(stack.endpoints.as_dict(), session)
        self.phones: Sequence[Phone] = phones_of(self.district)
        self.due: Due = {}
        self._decisions = 0
        self._ledger = Ledger(self.outside)
        self._publisher = Who("publisher", "sis", district_id)
        self._events = Publisher(self.district)

    async def open(self) -> datetime:
        """Bring the roster, settings and phones in; answer the product time at which the day goes on."""
        moment = noon_after(datetime.now(UTC), self.district.timezone)
        if moment > self._now():
            await asyncio.to_thread(self.stack.set_clock, moment)
        moment = self._now()
        opening = Opening(self.outside, self.district, self.stack.apps)
        await opening.publish(self._events.roster(moment))
        await opening.publish_settings(moment)
        async with asyncio.TaskGroup() as group:
            group.create_task(opening.register(self.phones))
            group.create_task(self._set_thresholds(opening))
        return self._now()

    async def _set_thresholds(self, opening: Opening) -> None:
        await opening.wait_until_seen([user for user in self.district.users if user.portal][-2:])
        await opening.set_thresholds()

    def _now(self) -> datetime:
        return self.stack.move_clock(by=0)

    async def publish(self, changes: Iterable[Change], moment: datetime, *, pause: float = 0.0) -> int:
        """Publish in batches, again and again while the door is away; `pause` seconds between batches."""
        published = 0
        rest = iter(changes)
        while some := list(islice(rest, _BATCH)):
            headers, body = batch(self._events.change(change, moment) for change in some)
            self._expect(some)
            await self._insist(headers, body)
            published += len(some)
            await asyncio.sleep(pause)
        return published

    async def _insist(self, headers: dict[str, str], body: bytes) -> None:
        deadline = asyncio.get_running_loop().time() + 60
        while True:
            try:
                answer = await self.outside.as_user(
                    self._publisher, "POST", "gradebook_events", "/v1/events", data=body, headers=headers
                )
            except (Unexpected, aiohttp.ClientError, OSError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise Unexpected(f"the door did not come back: {error}") from error
                await asyncio.sleep(0.2)
                continue
            if all(item["status"] == 202 for item in answer["items"]):
                return
            await asyncio.sleep(0.2)

    def _expect(self, changes: Iterable[Change]) -> None:
        asked = datetime.now(UTC)
        tokens: dict[str, list[str]] = {}
        for phone in self.phones:
            tokens.setdefault(phone.user.user_id, []).append(phone.token)
        for change in changes:
            self.due |= due_of(self.district, change, tokens, asked)
            self._decisions += sum(
                verdict is not Verdict.ALREADY_TOLD for verdict in change.verdicts.values()
            )

    async def settle(self, seconds: float = 60.0) -> Reckoning:
        """Wait until all that is due has arrived and nothing more can come; answer the reckoning.

        When time is up before that, what is lost is in the reckoning. Raises `Unexpected` when nothing is, but
        something could still come: more or fewer decisions than expected, or rows that wait.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        missing = {(str(alert), token) for alert, token in self.due}
        while True:
            missing -= {(push.alert_id, push.token) for push in await self._ledger.refresh()}
            on_its_way = "" if missing else await self._on_its_way()
            if not (missing or on_its_way) or loop.time() > deadline:
                break
            await asyncio.sleep(0.1)
        if on_its_way:
            raise Unexpected(f"not settled after {seconds:.0f} s: {on_its_way}")
        await self._ledger.refresh()
        tokens = {phone.token: phone.user.user_id for phone in self.phones}
        ours = [push for push in self._ledger.pushes if push.token in tokens]
        return reckon(self.due, ours, tokens)

    async def _on_its_way(self) -> str:
        """Say what could still become a push, by the services' own tables; "" when nothing could."""
        connection = await asyncpg.connect(self.outside.endpoints["database"])
        try:
            row = await connection.fetchrow(_COUNTS, self.district.district_id)
        finally:
            await connection.close()
        expected = {"decisions": self._decisions, "alerts": 0, "deliveries": 0}
        found = dict(row)
        return "" if found == expected else f"{found}, which should be {expected}"
