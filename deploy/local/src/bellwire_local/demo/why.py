"""Asking the running system why: `/v1/me/why`, with the token of the user concerned."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bellwire_simulators.school_day.district import District, User
from bellwire_simulators.school_day.plan import Act, Verdict

from bellwire_local.demo.outside import Outside, Unexpected, Who

Why = Mapping[str, Any]
_PATIENCE_SECONDS = 20.0
_NOT_FOUND = 404

_DECIDED: Mapping[Verdict, tuple[str, str]] = {
    Verdict.IN_GRACE: ("hold", "grace"),
    Verdict.PUT_RIGHT: ("hold", "grace"),
    Verdict.IN_DIGEST: ("digest", "delivery_digest"),
    Verdict.IN_QUIET_HOURS: ("hold", "quiet_hours"),
    Verdict.ABOVE_THRESHOLD: ("suppress", "not_below_threshold"),
}
"""The outcome and reason that the system must give where the plan has such a verdict."""


class Whys:
    """Questions about changes of the plan, by their names."""

    def __init__(self, outside: Outside, district: District) -> None:
        self._outside = outside
        self._zone = ZoneInfo(district.timezone)
        self._district_id = district.district_id

    async def of(self, user: User, change: str, until: Callable[[Why], bool]) -> Why:
        """Ask until the answer is there and is as wanted. Raises `Unexpected` when it does not become so."""
        who = Who(user.role, user.user_id, self._district_id)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        answer: Why = {}
        while loop.time() < deadline:
            try:
                answer = await self._ask(who, change)
                if until(answer):
                    return answer
            except Unexpected as error:
                if error.status != _NOT_FOUND:
                    raise
            await asyncio.sleep(0.05)
        raise Unexpected(
            f"{change}: why does not become what the plan says it must; it is {answer or 'unknown'}"
        )

    async def _ask(self, who: Who, change: str) -> Why:
        params = {"event_id": change}
        answer = await self._outside.as_user(who, "GET", "threshold_evaluator", "/v1/me/why", params=params)
        why: Why = answer["why"]
        return why

    async def held(self, act: Act, users: Mapping[str, User]) -> list[str]:
        """Wait until an act's changes are decided for these users, as the plan says; answer a line each.

        Until then the clock must not move: a hold begins when its change is decided. Raises `Unexpected` when
        the system decided otherwise.
        """
        lines = []
        for change in act.changes:
            for user_id, verdict in change.verdicts.items():
                if user_id in users:
                    why = await self.of(users[user_id], change.name, lambda _: True)
                    if (why["outcome"], why["reason"]) != _DECIDED[verdict]:
                        raise Unexpected(f"{change.name} should be {'/'.join(_DECIDED[verdict])}: {why}")
                    due = f", due {self.moment(why['due_at'])}" if why["outcome"] != "suppress" else ""
                    lines.append(f"{change.name}: {why['outcome']}, {why['reason']}{due}")
        return lines

    def moment(self, text: str) -> str:
        """Return a moment of the API as the district's weekday and time."""
        return f"{datetime.fromisoformat(text).astimezone(self._zone):%A %H:%M}"
