"""The day itself: each act moves the clock, publishes its changes as a SIS does, and waits for the phones."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bellwire_simulators.school_day.cloud_events import Publisher, binary, structured
from bellwire_simulators.school_day.plan import Act, Change, Plan

from bellwire_local.demo.due import Due, due_at_end, due_of
from bellwire_local.demo.opening import Phone
from bellwire_local.demo.outside import Outside, Who
from bellwire_local.demo.reckoning import Push, push_of

_CHANGES_A_SECOND = 100
"""What a district of this size makes at its busiest: a class's scores entered in many rooms at once."""
_PATIENCE_SECONDS = 20.0


def school_day_after(now: datetime, zone: str) -> date:
    """Return the next Wednesday after today in a zone: a school day whatever the date of the run."""
    today = now.astimezone(ZoneInfo(zone)).date()
    return today + timedelta(days=(2 - today.weekday()) % 7 or 7)


def local_moment(day: date, clock: str, zone: str) -> datetime:
    """Return a local HH:MM of a day as a moment in UTC."""
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(zone)).astimezone(UTC)


class Ledger:
    """What the providers accepted so far."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._read = 0
        self.pushes: list[Push] = []

    async def refresh(self) -> Sequence[Push]:
        """Read what is new; answer only that."""
        entries = await self._outside.ask("GET", f"{self._outside.endpoints['ledger']}?after={self._read}")
        fresh = [push_of(entry) for entry in entries]
        self._read = entries[-1]["n"] if entries else self._read
        self.pushes.extend(fresh)
        return fresh


class Day:
    """Plays the acts of a plan on a running stack."""

    def __init__(self, outside: Outside, plan: Plan, phones: Sequence[Phone], publisher: Who) -> None:
        self._outside = outside
        self._plan = plan
        self._publisher = publisher
        self._events = Publisher(plan.district)
        self._tokens: dict[str, list[str]] = {}
        for phone in phones:
            self._tokens.setdefault(phone.user.user_id, []).append(phone.token)
        self.due: Due = {}
        self.ledger = Ledger(outside)
        self.published = 0

    def release(self, act: Act) -> None:
        """Count what the act's hour releases as due; to be called before the clock moves to it."""
        for release in act.releases:
            self.due |= due_at_end(self._plan.district, release, self._tokens, datetime.now(UTC))

    async def play(self, act: Act, moment: datetime, seen: Callable[[Sequence[Push]], None]) -> None:
        """Publish an act's changes one by one, then wait until what is due is on the phones or time is up.

        The stack's clock stands at `moment` or a little after it; `seen` is told of every new push.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(act, seen))
            for number, change in enumerate(act.changes):
                group.create_task(self._publish(change, moment, binary_mode=number % 2 == 0))
                await asyncio.sleep(1 / _CHANGES_A_SECOND)

    async def _publish(self, change: Change, moment: datetime, *, binary_mode: bool) -> None:
        event = self._events.change(change, moment)
        headers, body = (binary if binary_mode else structured)(event)
        self.due |= due_of(self._plan.district, change, self._tokens, datetime.now(UTC))
        await self._outside.as_user(
            self._publisher, "POST", "gradebook_events", "/v1/events", data=body, headers=headers
        )
        self.published += 1

    async def _watch(self, act: Act, seen: Callable[[Sequence[Push]], None]) -> None:
        loop = asyncio.get_running_loop()
        target = self.published + len(act.changes)
        deadline = loop.time() + _PATIENCE_SECONDS
        while loop.time() < deadline:
            seen(await self.ledger.refresh())
            if self.published == target and len(self.ledger.pushes) >= len(self.due):
                return
            await asyncio.sleep(0.05)
